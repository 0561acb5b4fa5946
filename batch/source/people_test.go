package source

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/batch/source/raw"
)

// Files found in practice. Each of these was misread, or refused with a hint
// that did not help.
func TestFilesOfPeople(t *testing.T) {
	t.Parallel()
	const h = "recordingId,dataType,id,Notes\n"
	const last = "Notes,recordingId,dataType,id\n"
	sheet := func(lines int) string {
		var b strings.Builder
		b.WriteString("recordingId,dataType,id\n")
		for i := 2; i <= lines; i++ {
			fmt.Fprintf(&b, "r%d,LEAD,i\n", i)
		}
		return b.String()
	}
	tests := []struct {
		name    string
		content string
		in      Input
		want    []string
		message string // in the message of the first fault
		notices []string
	}{
		{
			"two stray quotes swallow two rows", h + "r1,LEAD,i,\"wants it\nr2,LEAD,i,ok\nr3,LEAD,i,27\"\nr4,LEAD,i,\n",
			Input{},
			[]string{"2:malformed_row", "3:r2/LEAD/i", "4:malformed_row", "5:r4/LEAD/i"},
			"line 3 within it looks like a record of its own", nil,
		},
		{
			"in a column in the middle", "recordingId,Product,dataType,id\nr1,\"TV,LEAD,i\nr2,x,LEAD,i\nr3,55\",LEAD,i\n",
			Input{},
			[]string{"2:malformed_row", "3:r2/LEAD/i", "4:malformed_row"},
			"looks like a record", nil,
		},
		{
			"in the first column", last + "\"TV,r1,LEAD,i\nx,r2,LEAD,i\n55\",r3,LEAD,i\n",
			Input{},
			[]string{"2:malformed_row", "3:r2/LEAD/i", "4:malformed_row"},
			"line 2 within it looks like a record", nil,
		},
		{
			"two lines of the first column", last + "\"TV,r1,LEAD,i\n55\",r3,LEAD,i\n",
			Input{},
			[]string{"2:malformed_row", "3:malformed_row"},
			"line 2 within it looks like a record", nil,
		},
		{
			"two lines of the last column", h + "r1,LEAD,i,\"TV\nr2,LEAD,i,55\"\n",
			Input{},
			[]string{"2:malformed_row", "3:malformed_row"},
			"line 3 within it looks like a record", nil,
		},
		{
			"a swallowed line with cells too many", h + "r1,LEAD,i,\"TV\nr2,LEAD,i,a,b,c\nr3,LEAD,i,55\"\n",
			Input{},
			[]string{"2:malformed_row", "3:malformed_row", "4:malformed_row"},
			"line 3 within it looks like a record", nil,
		},
		{
			"a swallowed line with cells too few", h + "r1,LEAD,i,\"TV\nr2,LEAD\nr3,LEAD,i,55\"\n",
			Input{},
			[]string{"2:malformed_row", "3:malformed_row", "4:malformed_row"},
			"line 3 within it looks like a record",
			nil,
		},
		{
			"doubled quotes in a swallowed line", h + "r1,LEAD,i,\"TV\nr2,LEAD,i,say \"\"yes\"\"\nr3,LEAD,i,55\"\n",
			Input{},
			[]string{"2:malformed_row", "3:malformed_row", "4:malformed_row"},
			"line 3 within it looks like a record", nil,
		},
		{"honest notes", h + "r1,LEAD,i,\"Two\nlines, \"\"quoted\"\"\"\nr2,LEAD,i,\n", Input{}, []string{"2:r1/LEAD/i", "4:r2/LEAD/i"}, "", nil},
		{"honest notes in the first column", last + "\"Two,\nlines\",r1,LEAD,i\nx,r2,LEAD,i\n", Input{}, []string{"2:r1/LEAD/i", "4:r2/LEAD/i"}, "", nil},
		{"honest notes of many lines", h + "r1,LEAD,i,\"a\n\nb, c\nd\n\"\nr2,LEAD,i,\n", Input{}, []string{"2:r1/LEAD/i", "7:r2/LEAD/i"}, "", nil},

		{
			"the last line is cut off in its id", "recordingId,dataType,id\nr1,LEAD,12345\nr2,LEAD,123",
			Input{},
			[]string{"2:r1/LEAD/12345", "3:malformed_row"},
			"may be cut off here", nil,
		},
		{"a file of one line", "recordingId,dataType,id\nr1,LEAD,123", Input{}, []string{"2:r1/LEAD/123"}, "", nil},
		{"the last id is quoted", "recordingId,dataType,id\nr1,LEAD,i\nr2,LEAD,\"123\"", Input{}, []string{"2:r1/LEAD/i", "3:r2/LEAD/123"}, "", nil},
		{"the last cell is no id", h + "r1,LEAD,i,x\nr2,LEAD,i,y", Input{}, []string{"2:r1/LEAD/i", "3:r2/LEAD/i"}, "", nil},
		{"the last cell is empty", "recordingId,dataType,id,externalId\nr1,LEAD,i,\nr2,LEAD,i,", Input{}, []string{"2:r1/LEAD/i", "3:r2/LEAD/i"}, "", nil},
		{"the last line is cut off in its first cell", "recordingId,dataType,id\nr1,LEAD,i\nr2", Input{}, []string{"2:r1/LEAD/i", "3:malformed_row"}, "may be cut off here", nil},

		{
			"UTF-8 behind UTF-16 LE", "\xff\xfe" + utf16le("recordingId,dataType,id\r\nr1,LEAD,i\r\n") + "r2,LEAD,i\r\nr3,LEAD,i\r\n",
			Input{},
			[]string{"2:r1/LEAD/i", "3:invalid_encoding", "4:invalid_encoding"},
			"from line 3 on the file is utf-8, not utf-16le: two files were joined",
			[]string{"from line 3 on"},
		},
		{
			"UTF-8 behind UTF-16 BE without a line end", "\xfe\xff" + utf16be("recordingId,dataType,id\r\nr1,LEAD,i\r\nr2,LEAD,i") + "r3,LEAD,i1234567\r\nr4,LEAD,i\r\n",
			Input{},
			[]string{"2:r1/LEAD/i", "3:invalid_encoding", "4:invalid_encoding"},
			"from line 3 on",
			[]string{"from line 3 on"},
		},
		{
			"Chinese in UTF-16", "\xff\xfe" + utf16le("recordingId,dataType,id,Notes\r\nr1,LEAD,i,上海今天天气很好今天天气很好\r\nr2,LEAD,上海,丁丨七丄\r\n"),
			Input{},
			[]string{"2:r1/LEAD/i", "3:r2/LEAD/上海"},
			"", nil,
		},
		{
			"UTF-16 LE behind UTF-8", "recordingId,dataType,id\r\nr1,LEAD,i\r\n" + utf16le("r2,LEAD,i\r\nr3,LEAD,i\r\n"),
			Input{},
			[]string{"2:r1/LEAD/i", "3:invalid_encoding", "4:invalid_encoding"},
			"from line 3 on the file is utf-16, not utf-8",
			[]string{"from line 3 on"},
		},
		{
			"UTF-16 with marks behind UTF-8", bom + "recordingId,dataType,id\r\nr1,LEAD,i\r\n\xfe\xff" + utf16be("r2,LEAD,i\r\nr3,LEAD,i\r\n") + "r4,LEAD,i\r\n",
			Input{},
			[]string{"2:r1/LEAD/i", "3:invalid_encoding", "4:invalid_encoding", "5:r4/LEAD/i"},
			"from line 3 on",
			[]string{"from line 3 on"},
		},
		{"no hint that a byte order mark contradicts", bom + h + "r1,LEAD,i\xe9,\n", Input{}, []string{"2:invalid_encoding"}, "as the byte order mark says", []string{"line 2 is the first that is not utf-8"}},

		{
			"a header in the middle", bom + "recordingId,dataType,id\nr1,LEAD,i\n" + bom + "recordingId,dataType,id\nr2,LEAD,i\n",
			Input{},
			[]string{"2:r1/LEAD/i", "4:r2/LEAD/i"},
			"",
			[]string{"line 3 repeats the header"},
		},
		{
			"quoted, with a mark", bom + "\"recordingId\",\"dataType\",\"id\"\r\n\"r1\",\"LEAD\",\"i\"\r\n" + bom + "\"recordingId\",\"dataType\",\"id\"\r\n" + bom + "\"r2\",\"LEAD\",\"i\"\r\n",
			Input{},
			[]string{"2:r1/LEAD/i", "4:r2/LEAD/i"},
			"",
			[]string{"line 3 repeats the header"},
		},
		{"two marks", bom + bom + "\"recordingId\",dataType,id\nr1,LEAD,i\n", Input{}, []string{"2:r1/LEAD/i"}, "", nil},
		{
			"the header of another export", "recordingId,dataType,id\nr1,LEAD,i\ndataType,recordingId,id\nLEAD,r2,i\n",
			Input{},
			[]string{"2:r1/LEAD/i", "3:malformed_row", "4:LEAD/r2/i"},
			"the header of another export", nil,
		},

		{"a space before the quotes", "\"recordingId\", \"dataType\", \"id\"\n\"r1\", \"LEAD\", \"a, b\"\n", Input{}, []string{"2:r1/LEAD/a, b"}, "", []string{"white space stands around quoted cells"}},
		{"a space behind them, over lines", h + "\"r1\" ,\"LEAD\"\t,\"i\", \"a\nb\" \nr2,LEAD,i,\n", Input{}, []string{"2:r1/LEAD/i", "4:r2/LEAD/i"}, "", []string{"white space"}},
		{"Ctrl-Z on its own line", "recordingId,dataType,id\r\nr1,LEAD,i\r\n\x1a", Input{}, []string{"2:r1/LEAD/i"}, "", nil},
		{"Ctrl-Z on a line that ends", "recordingId,dataType,id\r\nr1,LEAD,i\r\n\x1a\r\n", Input{}, []string{"2:r1/LEAD/i"}, "", nil},
		{"Ctrl-Z behind the last id", "recordingId,dataType,id\r\nr1,LEAD,i\r\nr2,LEAD,i2\x1a\x1a", Input{}, []string{"2:r1/LEAD/i", "3:r2/LEAD/i2"}, "", nil},
		{"Ctrl-Z in UTF-16", "\xff\xfe" + utf16le("recordingId,dataType,id\r\nr1,LEAD,i\r\nr2,LEAD,i2\x1a"), Input{}, []string{"2:r1/LEAD/i", "3:r2/LEAD/i2"}, "", nil},
		{"NULs at the end", h + "r1,LEAD,i,\nr2,LE" + strings.Repeat("\x00", 500), Input{}, []string{"2:r1/LEAD/i", "3:invalid_encoding"}, "the file ends in 500 NUL characters: the data that belongs there is missing", nil},
		{"NULs in the middle", h + "r1,LEAD,i,\nr2,LE" + strings.Repeat("\x00", 500) + "AD,i,\nr9,LEAD,i,\n", Input{}, []string{"2:r1/LEAD/i", "3:invalid_encoding", "4:r9/LEAD/i"}, "data is missing here", nil},
		{"a formula around an id", "recordingId,dataType,id\nr1,LEAD,=\"0012\"\n", Input{}, []string{"2:malformed_row"}, "a spreadsheet formula is wrapped", nil},

		{
			"cells of white space", h + " , , , \n\u00a0,,,\n\"\",\" \",,\nr1,LEAD,i,\n",
			Input{},
			[]string{"5:r1/LEAD/i"},
			"",
			[]string{"3 lines hold delimiters only, the first on line 2"},
		},
		{
			"only a column that is ignored", h + "r1,LEAD,i,x\n,,,FALSE\n ,,,FALSE\n",
			Input{},
			[]string{"2:r1/LEAD/i", "3:missing_recording_id", "4:missing_recording_id"},
			"only columns that are ignored are filled",
			[]string{"2 rows fill only columns that are ignored, the first on line 3"},
		},
		{
			"a surplus delimiter behind an empty cell", "recordingId;dataType;id;Notes\r\nr1;LEAD;i;;\r\nr2;LEAD;i;;\r\n",
			Input{},
			[]string{"2:malformed_row", "3:malformed_row"},
			"the line ends in a delimiter that the header has not",
			[]string{"the delimiter is", `sed -E 's/[;]{1}(\r?)$/\1/' removes it`},
		},
		{
			"a footer", h + "r1,LEAD,i,\n\n\"Links, all\"\nExample Inc.\n",
			Input{},
			[]string{"2:r1/LEAD/i", "4:malformed_row", "5:malformed_row"},
			"looks like a title or a footer",
			[]string{`2 lines at the end look like a footer, from line 4 on`},
		},
		{
			"footers of all kinds", h + "r1,LEAD,i,\nTotal,2\n\"Acme\"\nGenerated by A. Person, 1/2/2026 3:04 AM\n(2 rows affected)\n",
			Input{},
			[]string{"2:r1/LEAD/i", "3:malformed_row", "4:malformed_row", "5:malformed_row", "6:malformed_row"},
			"looks like a title or a footer",
			[]string{"4 lines at the end look like a footer, from line 3 on"},
		},
		{
			"the beginning of a row is no footer", h + "r1,LEAD,i,\nr2,LE\nr3,\nrec\nrec-00\n",
			Input{},
			[]string{"2:r1/LEAD/i", "3:malformed_row", "4:malformed_row", "5:malformed_row", "6:malformed_row"},
			"is a delimiter or the end of the line missing", nil,
		},
		{
			"rows cut at another character", h + "r1,LEAD,i,\nrecordingId;dataType;id;Notes\nr2;LEAD;i;\n",
			Input{},
			[]string{"2:r1/LEAD/i", "3:malformed_row", "4:malformed_row"},
			"its cells are separated by ';'", nil,
		},
		{"rulers", h + "-----,----,--,-----\nr1,LEAD,i,\n----+----+---+----\n", Input{}, []string{"2:malformed_row", "3:r1/LEAD/i", "4:malformed_row"}, "the line is a ruler, not a row", nil},
		{"empty cells too many", h + "r1,LEAD,i,,\nr2,LEAD,i,,\n", Input{}, []string{"2:malformed_row", "3:malformed_row"}, "ends in a delimiter that the header has not", []string{"from line 2 on lines end in a delimiter"}},
		{"empty cells left out", h + "r1,LEAD,i,\nr2,LEAD,i\n", Input{}, []string{"2:r1/LEAD/i", "3:malformed_row"}, "the last cells are left out", []string{"from line 3 on lines leave out empty cells"}},
		{"names in two normal forms", "recordingId,dataType,Gescha\u0308ft\nr1,LEAD,i\n", Input{Map: map[string]string{"Gesch\u00e4ft": "id"}}, []string{"2:r1/LEAD/i"}, "", nil},
		{"as many lines as a sheet holds", sheet(65536), Input{}, nil, "", []string{"exactly 65536 lines"}},
		{"and blank ones behind", sheet(65536) + ",,\n,,\n", Input{}, nil, "", []string{"2 lines hold delimiters only", "exactly 65536 lines"}},
		{"one line more", sheet(65537), Input{}, nil, "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.in.Name = "links.csv"
			got := mustRead(t, test.content, test.in)
			if diff := cmp.Diff(test.want, brief(got.records)); diff != "" && test.want != nil {
				t.Errorf("records of %q (-want +got):\n%s", short(test.content), diff)
			}
			fault := ""
			for _, r := range got.records {
				if r.Fault != nil {
					fault = r.Fault.Message
					break
				}
			}
			if !strings.Contains(fault, test.message) {
				t.Errorf("the first fault says %q, want %q in it", fault, test.message)
			}
			var notices []string
			for _, n := range got.notices {
				if !strings.Contains(n, "is unknown and ignored") && !strings.Contains(n, "the encoding is") {
					notices = append(notices, n)
				}
			}
			if len(notices) != len(test.notices) {
				t.Fatalf("notices %q, want %q", notices, test.notices)
			}
			for i, n := range notices {
				if !strings.Contains(n, test.notices[i]) {
					t.Errorf("notice %q, want %q in it", n, test.notices[i])
				}
			}
		})
	}
}

// Errors that stop before any row name the cause and the remedy.
func TestFilesOfPeopleRefused(t *testing.T) {
	t.Parallel()
	row := `{"recordingId":"r1","dataType":"LEAD","id":"i1"}`
	tests := []struct {
		name, content string
		in            Input
		what, hint    string
	}{
		{"every line in quotes", "\"recordingId,dataType,id\"\r\n\"r1,LEAD,i\"\r\n", Input{}, "each whole line is in quotes", `sed -e 's/^"//'`},
		{"every line but the header", "recordingId,dataType,id\r\n\"r1,LEAD,i\"\r\n\"r2,LEAD,i\"\r\n", Input{}, "each whole line is in quotes", `sed -e`},
		{"quotes within such lines", "\"recordingId,\"\"dataType\"\",\"\"id\"\"\"\n", Input{}, "each whole line is in quotes", `tr -d '"'`},
		{"a header that ends in a delimiter", "recordingId,dataType,id,\nr1,LEAD,i\nr2,LEAD,i\n", Input{}, "every row has 1 cell less than the header, whose last name is empty", "remove the delimiter"},
		{"a column that is nearly a field", "recordingId,dataType,id,tirgger\nr1,LEAD,i,\n", Input{}, `the column "tirgger" is unknown, and nearly the field trigger`, "--map 'tirgger=trigger'"},
		{"the connection misspelt", "recordingId,dataType,id,integrationConectionId\nr1,LEAD,i,\n", Input{}, "nearly the field integrationConnectionId", "--map 'integrationConectionId=' ignores it"},
		{"known under other names", "Call ID,Object,SFDC Id,integrationConnectionId\nr1,LEAD,i,c\n", Input{}, "no column for recordingId, dataType", "--map 'Call ID=recordingId' --map 'Object=dataType' --map 'SFDC Id=externalId'"},
		{"a deal", "recordingId,Deal,integrationConnectionId\nr1,i,c\n", Input{}, "no column for dataType", "--map 'Deal=externalId' --set dataType=OPPORTUNITY"},
		{"a tar archive", strings.Repeat("x", 257) + "ustar\x0000" + strings.Repeat("\x00", 300), Input{}, "a tar archive", "tar -xf"},
		{"one sentence", "Records not found for this query\n", Input{}, "no column", "one sentence and no rows"},
		{"rows as JSON in a column", "_ab_id,_data\nx,\"{\"\"recordingId\"\":\"\"r1\"\"}\"\n", Input{}, "no column", `JSON in the column "_data"`},
		{"an array that is an error", `[{"message":"Session expired","errorCode":"X"}]`, Input{}, `an error answer, not rows: "Session expired"`, "fetch the data again"},
		{"records", `{"totalSize":1,"records":[` + row + `]}`, Input{Name: "a.json"}, "in records[]", "jq -c '.records[]' a.json > links.jsonl"},
		{"results on many lines", "{\n \"status\": 0,\n \"result\": {\"records\": [\n" + row + "]}}\n", Input{Name: "a.json"}, "in result.records[]", "jq -c '.result.records[]'"},
		{"a page a line", `{"value":[` + row + "]}\n" + `{"value":[` + row + "]}\n", Input{Name: "a.jsonl"}, "in value[]", "jq -c '.value[]'"},
		{"a list of other objects", `{"results":[{"id":"1","properties":{}}],"paging":{}}` + "\n", Input{Name: "a.jsonl"}, "in results[]", "jq -c '.results[]'"},
		{"an odd key", `{"@odata.x":"y","my rows":[` + row + `]}`, Input{Name: "a.json"}, `in "my rows"[]`, `jq -c '."my rows"[]'`},
		{"an error answer", `{"status":"error","message":"This token is expired!","category":"X"}` + "\n", Input{Name: "a.jsonl"}, `an error answer, not rows: "This token is expired!"`, "fetch"},
		{
			"messages of an extractor", `{"type":"SCHEMA","stream":"l","schema":{},"key_properties":["recordingId"]}` + "\n" + `{"type":"RECORD","stream":"l","record":` + row + "}\n",
			Input{Name: "a.jsonl"},
			"in record", `jq -c 'select(.type == "RECORD") | .record' a.jsonl`,
		},
		{"and of another", `{"type":"RECORD","record":{"stream":"l","data":` + row + "}}\n", Input{Name: "a.jsonl"}, "in record.data", `'select(.type == "RECORD") | .record.data'`},
		{"rows by id", `{"x1":` + row + `,"x2":` + row + "}\n", Input{Name: "a.jsonl"}, "in []", `'.[]'`},
		{"lists by type", `{"links":{"LEAD":[` + row + `],"CONTACT":[` + row + "]}}\n", Input{Name: "a.json"}, "in links[][]", `'.links[][]'`},
		{"an update of a table", `{"payload":{"before":` + row + `,"after":` + row + "}}\n", Input{Name: "a.jsonl"}, "in payload.after", `'.payload.after'`},
		{"changes of a table", `{"payload":{"before":null,"after":` + row + "}}\n", Input{Name: "a.jsonl"}, "in payload.after", `'.payload.after'`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.in.Name == "" {
				test.in.Name = "links.csv"
			}
			_, err := read(t, []byte(test.content), test.in, raw.BlockSize)
			checkRefused(t, err, test.what, test.hint)
		})
	}
}

func checkRefused(t *testing.T, err error, what, hint string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", what)
	}
	hinter, ok := err.(interface{ Hint() string })
	if !ok || !strings.Contains(err.Error(), what) || !strings.Contains(hinter.Hint(), hint) {
		t.Errorf("error %q with hint %+v, want %q with %q", err, hinter, what, hint)
	}
}

// A JSONL file of no bytes is a file of no rows; a CSV file has at least a
// header.
func TestFileOfNoBytes(t *testing.T) {
	t.Parallel()
	for _, in := range []Input{{Name: "a.jsonl"}, {Name: "a.ndjson"}, {Name: "a", Format: "jsonl"}} {
		got, err := read(t, nil, in, raw.BlockSize)
		if err != nil || len(got.records) != 0 || len(got.notices) != 1 || got.notices[0] != "there is no row in the file" {
			t.Errorf("%+v: %v, %v", in, got, err)
		}
	}
	for _, in := range []Input{{Name: "a.csv"}, {Name: "a"}} {
		if _, err := read(t, nil, in, raw.BlockSize); err == nil {
			t.Errorf("%+v is read", in)
		}
	}
}

// A misspelt key is found when its line is read, before anything is written.
func TestKeysThatAreNearlyFields(t *testing.T) {
	t.Parallel()
	const good = `{"recordingId":"r1","dataType":"LEAD","id":"i1"}` + "\n"
	_, err := read(t, []byte(good+`{"recordingId":"r2","dataType":"LEAD","id":"i1","trigge":"X"}`+"\n"), Input{Name: "a.jsonl"}, raw.BlockSize)
	checkRefused(t, err, `a.jsonl:2: the key "trigge" is unknown, and nearly the field trigger`, "--map 'trigge=trigger'")
	got := mustRead(t, good+`{"recordingId":"r2","dataType":"LEAD","id":"i1","trigge":"X","trigger":""}`+"\n", Input{Name: "a.jsonl"})
	if len(got.records) != 2 {
		t.Errorf("a line that has the field too gives %v", brief(got.records))
	}
	got = mustRead(t, good, Input{Name: "a.jsonl", Map: map[string]string{"deal": "externalId"}})
	if want := `--map names the key "deal", which no line has`; len(got.notices) != 1 || got.notices[0] != want {
		t.Errorf("notices %q, want %q", got.notices, want)
	}
}

// A footer that tells of rows that are not there makes the file doubtful: what it
// leaves out proves nothing then.
func TestFootersThatTellOfMissingRows(t *testing.T) {
	t.Parallel()
	const rows = "recordingId,dataType,id\nr1,LEAD,i\nr2,LEAD,i\n"
	for footer, missing := range map[string]bool{
		"ERROR: canceling statement due to statement timeout": true,
		"...":            true,
		"[truncated]":    true,
		"(12 more rows)": true,
		"\"Only the first 2,000 rows are shown\"": true,
		"Export abgebrochen nach 60 s":            true,
		"(3 rows)":                                true,
		"(2 rows)":                                false,
		"2 rows selected.":                        false,
		"2 Zeilen":                                false,
		"\"Confidential Information - Do Not Distribute\"": false,
		"Generated By:  A. Person  1/2/2026 3:04 AM":       false,
		"Total: 2": false,
	} {
		t.Run(footer, func(t *testing.T) {
			t.Parallel()
			got := mustRead(t, rows+footer+"\n", Input{})
			if doubted := len(got.doubts) > 0; doubted != missing {
				t.Errorf("doubts %q, want some: %v; notices %q", got.doubts, missing, got.notices)
			}
		})
	}
}

// Files that were joined of two encodings are named so, and doubted, also where
// each byte is a letter in the one that --encoding names.
func TestEncodingsThatWereJoined(t *testing.T) {
	t.Parallel()
	const head, more = "recordingId,dataType,id,Notes\nr1,LEAD,i,Müller\n", "r2,LEAD,i,Müller\nr3,LEAD,i,Müller\n"
	latin := func(s string) string { return strings.ReplaceAll(s, "ü", "\xfc") }
	utf32 := func(s string) string {
		var b strings.Builder
		for _, r := range s {
			b.WriteString(string([]byte{byte(r), byte(r >> 8), 0, 0}))
		}
		return b.String()
	}
	windows := Input{Encoding: "windows-1252"}
	for name, c := range map[string]struct {
		content string
		in      Input
		rows    int // that can be read
		notice  string
	}{
		"UTF-8 behind windows-1252":   {latin(head) + more, windows, 3, "utf-8 on line 3 and windows-1252 on line 2"},
		"windows-1252 behind UTF-8":   {head + latin(more), windows, 3, "utf-8 on line 2 and windows-1252 on line 3"},
		"big endian behind little":    {"\xff\xfe" + utf16le(head) + utf16be(more), Input{}, 1, "from line 3 on the file is utf-16be, not utf-16le"},
		"with a byte order mark":      {"\xff\xfe" + utf16le(head) + "\xfe\xff" + utf16be(more), Input{}, 1, "from line 3 on the file is utf-16be, not utf-16le"},
		"little endian behind big":    {"\xfe\xff" + utf16be(head) + utf16le(more), Input{}, 1, "from line 3 on the file is utf-16le, not utf-16be"},
		"UTF-32 behind UTF-8":         {head + utf32(more), Input{}, 1, "from line 3 on the file is utf-32, not utf-8"},
		"windows-1252 alone":          {latin(head + more), windows, 3, ""},
		"UTF-8 without other letters": {strings.ReplaceAll(head+more, "ü", "u"), windows, 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := mustRead(t, c.content, c.in)
			good := 0
			for _, r := range got.records {
				if r.Fault == nil {
					good++
				}
			}
			if good != c.rows || len(got.records) != 3 {
				t.Errorf("%d of %d rows can be read, want %d of 3", good, len(got.records), c.rows)
			}
			if all := strings.Join(got.notices, "\n"); !strings.Contains(all, c.notice) || c.notice == "" && strings.Contains(all, "joined") {
				t.Errorf("notices %q, want %q", got.notices, c.notice)
			}
			if good == 3 && (len(got.doubts) > 0) != (c.notice != "") {
				t.Errorf("doubts %q", got.doubts)
			}
		})
	}
}
