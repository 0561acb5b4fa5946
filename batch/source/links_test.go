package source

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/explain"
)

// TestLinks reads every input in testdata/links, checks its rows, and compares
// the codes line by line. A file named after a code has a row with that code.
func TestLinks(t *testing.T) {
	t.Parallel()
	const dir = "../../testdata/links"
	type test struct {
		file string
		in   Input
		want []string // line:code
	}
	tests := []test{
		{file: "both_ids.jsonl", want: []string{"1:", "2:id_and_external_id"}},
		{file: "cr_only.csv", want: []string{"2:"}},
		{
			file: "crm_export.csv",
			in: Input{
				Map: map[string]string{"Object": "dataType", "sfdc id": "externalId", "Owner": ""},
				Set: linker.Fields{IntegrationConnectionID: "conn-1"},
			},
			want: []string{"2:", "3:missing_target"},
		},
		{file: "field_too_long.csv", want: []string{"2:", "3:field_too_long"}},
		{file: "id_and_external_id.csv", want: []string{"2:", "3:id_and_external_id"}},
		{file: "invalid_data_type.csv", want: []string{"2:", "3:invalid_data_type"}},
		{file: "invalid_encoding.csv", want: []string{"2:", "3:invalid_encoding", "4:invalid_encoding"}},
		{file: "invalid_encoding.jsonl", want: []string{"1:", "2:invalid_encoding", "3:invalid_encoding"}},
		{file: "invalid_trigger.csv", want: []string{"2:", "3:invalid_trigger"}},
		{file: "malformed_row.csv", want: []string{"2:", "3:malformed_row", "4:malformed_row", "5:malformed_row", "6:"}},
		{file: "malformed_row.jsonl", want: []string{"1:", "2:malformed_row", "3:malformed_row", "4:malformed_row"}},
		{file: "missing_connection_id.csv", want: []string{"2:", "3:missing_connection_id"}},
		{file: "missing_data_type.csv", want: []string{"2:", "3:missing_data_type"}},
		{file: "missing_recording_id.csv", want: []string{"2:", "3:missing_recording_id"}},
		{file: "missing_target.csv", want: []string{"2:", "3:missing_target"}},
		{file: "multiline_field.csv", want: []string{"2:", "5:"}},
		{file: "record_too_long.csv.gz", want: []string{"2:", "3:record_too_long"}},
		{file: "sep_line_utf16.csv", want: []string{"3:"}},
		{file: "spreadsheet_damaged_id.csv", want: []string{"2:", "3:spreadsheet_damaged_id", "4:spreadsheet_damaged_id"}},
		{file: "windows_1252.csv", in: Input{Encoding: "windows-1252"}, want: []string{"2:"}},
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		if !strings.HasPrefix(name, ".") && !slices.ContainsFunc(tests, func(tt test) bool { return tt.file == name }) {
			t.Errorf("no test reads %s", path)
		}
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			in := tt.in
			in.Path = filepath.Join(dir, tt.file)
			s, err := Open(in)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var got []string
			var r Record
			for err = s.Next(&r); err == nil; err = s.Next(&r) {
				fault := r.Fault
				if fault == nil {
					fault = linker.Check(r.Fields, in.Set).Fault
				}
				if fault == nil {
					fault = &linker.RowError{}
				}
				r.Fault = fault
				got = append(got, brief([]Record{r})[0])
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("lines and codes (-want +got):\n%s", diff)
			}
			if code, _, _ := strings.Cut(tt.file, "."); slices.Contains(explain.Codes(), linker.Code(code)) && !strings.Contains(strings.Join(got, " "), ":"+code) {
				t.Errorf("no row has the code %s", code)
			}
		})
	}
	for _, c := range []linker.Code{
		linker.RecordTooLong, linker.InvalidEncoding, linker.MalformedRow, linker.MissingRecordingID, linker.MissingDataType,
		linker.InvalidDataType, linker.InvalidTrigger, linker.IDAndExternalID, linker.MissingTarget, linker.MissingConnectionID,
		linker.FieldTooLong, linker.SpreadsheetDamagedID,
	} {
		if found, _ := filepath.Glob(filepath.Join(dir, string(c)+".*")); len(found) == 0 {
			t.Errorf("no input in %s has the code %s", dir, c)
		}
	}
}
