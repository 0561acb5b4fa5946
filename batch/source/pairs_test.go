package source

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
)

// pairsOf reads a map and shows each pair on a line.
func pairsOf(t *testing.T, name, text, from, to string) (lines []string, notices []string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	pairs, err := OpenPairs(t.Context(), Input{Path: path, Name: name}, from, to)
	if err != nil {
		return nil, nil, err
	}
	defer pairs.Close()
	for {
		var p linker.Pair
		switch err := pairs.Next(&p); {
		case errors.Is(err, io.EOF):
			return lines, pairs.Notices(), nil
		case err != nil:
			return lines, pairs.Notices(), err
		}
		line := strings.Join([]string{
			p.Old.IntegrationConnectionID, p.Old.DataType, p.Old.ExternalID, ">", p.New.IntegrationConnectionID, p.New.DataType, p.New.ExternalID,
		}, " ")
		if p.Fault != nil {
			line += " " + string(p.Fault.Code) + ": " + p.Fault.Message
		}
		if p.Note != "" {
			line += " (" + p.Note + ")"
		}
		lines = append(lines, line)
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	csv := "Data Type,externalId,newDataType,New External Id,note\n" +
		"ACCOUNT,1,ACCOUNT,0011t00000AbCdE,x\n" +
		"contact,' 2,lead,\"3\",\n" +
		"\n" +
		"DEAL,4,ACCOUNT,#N/A,\n" +
		",,ACCOUNT,5,\n" +
		"ACCOUNT,6\n"
	lines, notices, err := pairsOf(t, "map.csv", csv, "hubspot", "sf")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"hubspot ACCOUNT 1 > sf ACCOUNT 0011t00000AbCdE",
		"hubspot CONTACT 2 > sf LEAD 3 (the leading apostrophe of externalId was removed; white space around externalId was removed)",
		`hubspot  4 > sf ACCOUNT  invalid_data_type: dataType "DEAL" is unknown; write OPPORTUNITY if that is what is meant; new row: externalId "#N/A" `,
		`hubspot   > sf ACCOUNT 5 missing_data_type: dataType is missing; give ACCOUNT, CONTACT, LEAD, OPPORTUNITY or ENGAGEMENT; id and externalId are both missing; give the one that names the CRM row`,
		"    >    malformed_row: ",
	}
	if len(lines) != len(want) {
		t.Fatalf("%d pairs, want %d:\n%s", len(lines), len(want), strings.Join(lines, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(strings.Join(strings.Fields(lines[i]), " "), strings.Join(strings.Fields(want[i]), " ")) {
			t.Errorf("pair %d is\n%s, want\n%s", i+1, lines[i], want[i])
		}
	}
	if diff := cmp.Diff([]string{`column "note" is unknown and ignored`}, notices); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}

	jsonl := `{"dataType":"LEAD","externalId":"7","integrationConnectionId":"c1","newDataType":"CONTACT","newExternalId":"8","newIntegrationConnectionId":"c2"}`
	lines, _, err = pairsOf(t, "map.jsonl", jsonl, "", "")
	if diff := cmp.Diff([]string{"c1 LEAD 7 > c2 CONTACT 8"}, lines); diff != "" || err != nil {
		t.Errorf("jsonl: error %v, pairs (-want +got):\n%s", err, diff)
	}
}

func TestPairsNameWhatIsMissing(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"dataType,externalId,newDataType":                          "no column for newExternalId",
		"dataType,externalId,newExternalId":                        "no column for newDataType",
		"externalId,newDataType,newExternalId":                     "no column for dataType",
		"dataType,newDataType,newExternalId":                       "no column for externalId",
		"dataType,externalId,newDataType,newExternalIdd":           "nearly the field newExternalId",
		"dataType,externalId,externalId,newDataType,newExternalId": "both the field externalId",
	} {
		_, _, err := pairsOf(t, "map.csv", header+"\nACCOUNT,1,ACCOUNT,2,3\n", "c1", "c2")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", header, err, want)
		}
	}
	_, _, err := pairsOf(t, "map.csv", "dataType,externalId,newDataType,newExternalId\n", "c1", "")
	if err == nil || !strings.Contains(err.Error(), "newIntegrationConnectionId") {
		t.Errorf("no connection for the new rows: error %v", err)
	}
}
