package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relink/batch/source/raw"
	"relink/linker"
)

// TestConformance reads public collections of CSV and JSON that are not part of
// this repository: `make conformance DIR=…` names their folder. Without it, the
// samples in testdata, which have the same layout, are used instead:
//
//	csv/NAME.csv and csv-json/NAME.json   a file and its rows as JSON objects
//	json/{y,n,i}_NAME.json                to be accepted, refused, or either
func TestConformance(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("DIR")
	if dir == "" {
		dir = filepath.Join("testdata", "conformance")
	}
	csvs, documents := inFolder(t, dir, "csv/*.csv"), inFolder(t, dir, "json/*.json")
	if len(csvs) == 0 || len(documents) == 0 {
		t.Fatalf("no collections in %s", dir)
	}
	for _, path := range csvs {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			conformCSV(t, path)
		})
	}
	for _, path := range documents {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			conformJSON(t, path)
		})
	}
}

func inFolder(t *testing.T, dir, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// conformCSV reads a file once for each of its columns, mapped to a field, and
// compares the cells. A file that breaks the rules of quotes must be refused
// row by row.
func conformCSV(t *testing.T, path string) {
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	expected, err := os.ReadFile(strings.NewReplacer("/csv/", "/csv-json/", ".csv", ".json").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	var want []map[string]string
	if expected = bytes.TrimSpace(expected); bytes.HasPrefix(expected, []byte("{")) {
		expected = fmt.Appendf(nil, "[%s]", expected) // a single row
	}
	if err := json.Unmarshal(expected, &want); err != nil {
		t.Fatal(err)
	}
	for column := range want[0] {
		in := Input{
			Name: "links.csv", Map: map[string]string{column: "recordingId"},
			Set: linker.Fields{DataType: "LEAD", ID: "i"},
		}
		got, err := read(t, content, in, raw.BlockSize)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.records) != len(want) {
			t.Fatalf("%d rows, want %d", len(got.records), len(want))
		}
		for i, r := range got.records {
			if r.Fault != nil && r.Fault.Code == linker.MissingRecordingID && want[i][column] == "" {
				continue // only columns not tested here are filled
			}
			if r.Fault != nil {
				if r.Fault.Code != linker.MalformedRow || !bytes.Contains(r.Raw, []byte(`"`)) {
					t.Errorf("row %d is refused: %v", i+1, r.Fault)
				}
				continue
			}
			// In some files of the collection the line ends have lost their CR.
			w := want[i][column]
			if !bytes.Contains(content, []byte("\r")) {
				w = strings.ReplaceAll(w, "\r\n", "\n")
			}
			if r.Fields.RecordingID != w {
				t.Errorf("row %d, column %s = %q, want %q", i+1, column, r.Fields.RecordingID, w)
			}
		}
	}
}

// conformJSON reads a document as a line between two good rows. A document that
// must be refused is a rejected row; one that must be accepted and is an object
// is a row, except for what our rules also refuse: duplicate keys, NUL.
func conformJSON(t *testing.T, path string) {
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsAny(document, "\n") {
		return // more than one line
	}
	const good = `{"recordingId":"r1","dataType":"LEAD","id":"i1"}`
	content := fmt.Sprintf("%s\n%s\n%s\n", good, document, good)
	got, err := read(t, []byte(content), Input{Name: "links.jsonl"}, raw.BlockSize)
	if err != nil {
		t.Fatal(err)
	}
	records := got.records
	for _, r := range []Record{records[0], records[len(records)-1]} {
		if s := brief([]Record{r})[0]; !strings.HasSuffix(s, ":r1/LEAD/i1") {
			t.Errorf("the row beside the document = %s, want it as it is", s)
		}
	}
	if len(bytes.TrimSpace(document)) == 0 {
		if len(records) != 2 {
			t.Errorf("%d rows, want a blank line between two rows", len(records))
		}
		return
	}
	if len(records) != 3 {
		t.Fatalf("%d rows, want 3", len(records))
	}
	fault := records[1].Fault
	object := bytes.HasPrefix(bytes.TrimSpace(document), []byte("{"))
	stricter := bytes.Contains(document, []byte(`\u0000`)) || strings.Contains(path, "duplicated_key")
	switch name := filepath.Base(path); {
	case strings.HasPrefix(name, "n_") && fault == nil:
		t.Errorf("the document %q is read as a row, want it refused", document)
	case strings.HasPrefix(name, "y_") && object && !stricter && fault != nil:
		t.Errorf("the document %q is refused: %v", document, fault)
	case !object && fault == nil, stricter && fault == nil:
		t.Errorf("the document %q is read as a row, want it refused", document)
	}
}
