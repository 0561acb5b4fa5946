package source

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"relink/batch/source/raw"
	"relink/linker"
)

func gz(t testing.TB, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zst(t testing.TB, content string, options ...zstd.EOption) string {
	t.Helper()
	w, err := zstd.NewWriter(nil, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return string(w.EncodeAll([]byte(content), nil))
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	const h = "recordingId,dataType,id\n"
	const zip = "PK\x03\x04\x14\x00\x06\x00\x08\x00"
	tests := []struct {
		name    string
		content string
		in      Input
		want    string // in the error
		hint    string // in its hint
	}{
		{"empty file", "", Input{}, "links.csv: the file is empty", ""},
		{"only white space", "\n  \n\n", Input{}, "links.csv: the file is empty", "header"},
		{"only a byte order mark", bom, Input{}, "empty", "header"},
		{"empty file in gzip", gz(t, ""), Input{}, "the file is empty", ""},
		{"Excel workbook", zip + "[Content_Types].xml", Input{}, "a workbook can only be read from a file", "write it to a file"},
		{"OpenDocument spreadsheet", zip + "mimetypeapplication/vnd.oasis.opendocument.spreadsheet", Input{}, "(.ods)", "CSV"},
		{"other zip", zip + "links.csv", Input{}, "a zip archive", "unzip"},
		{"old Excel workbook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", Input{}, "(.xls)", "CSV"},
		{"PDF", "%PDF-1.7\n%\xe2\xe3", Input{}, "a PDF document", "export"},
		{"login page", "\r\n<!DOCTYPE HTML>\n<html><body>", Input{}, "an HTML page", "log in"},
		{"login page in UTF-16", "\xff\xfe" + utf16le("<html><body>"), Input{}, "an HTML page", "log in"},
		{"XML", "<?xml version=\"1.0\"?>\n<links>", Input{}, "XML", "CSV"},
		{"login page behind a comment", "<!-- saved from url -->\n<div>\n<form action=/login>", Input{}, "an HTML page", "log in"},
		{"RTF", `{\rtf1\ansi`, Input{Name: "-"}, "RTF", "CSV"},
		{"program", "\x7fELF\x02\x01\x01", Input{}, "a program", "links"},
		{"binary file", "\x01\x02\x03\x00\x07zzz\n", Input{}, "not text", "CSV"},
		{"bzip2", "BZh91AY&SY", Input{}, "bzip2", "decompress"},
		{"gzip in gzip", gz(t, gz(t, h)), Input{}, "gzip in gzip", "once"},
		{"UTF-32", "\xff\xfe\x00\x00r\x00\x00\x00", Input{}, "UTF-32", "UTF-8"},
		{"UTF-16 without a mark", utf16le(h), Input{}, "looks like utf-16le without", "--encoding utf-16le"},
		{"big-endian UTF-16 without a mark", utf16be(h), Input{}, "looks like utf-16be", "--encoding utf-16be"},
		{"UTF-16 of no known kind", utf16be(h), Input{Encoding: "utf-16"}, "no byte order mark", "utf-16le"},
		{"mark against --encoding", bom + h, Input{Encoding: "windows-1252"}, "the byte order mark says utf-8, --encoding says windows-1252", "leave --encoding out"},
		{"unknown encoding", h, Input{Encoding: "klingon"}, `"klingon" is not an encoding`, "windows-1252"},
		{"unknown format", h, Input{Format: "xml"}, `no format "xml"`, "csv or jsonl"},
		{"delimiter of two characters", h, Input{Delimiter: "||"}, `--delimiter: value "||": use`, "one character"},
		{"quote as delimiter", h, Input{Delimiter: `"`}, "--delimiter: value", "one character"},
		{"letter as delimiter", h, Input{Delimiter: "x"}, `--delimiter: value "x": use`, "one character"},
		{"JSON array", "[\n  {\"recordingId\":\"r\"}\n]\n", Input{Name: "links.jsonl"}, "a JSON array", "jq -c '.[]'"},
		{"JSON array in one line", `[{"recordingId":"r"}]`, Input{Name: "-"}, "standard input: the file is a JSON array", "jq"},
		{"JSON array named .csv", `[{"recordingId":"r"}]`, Input{}, "links.csv:1: the file is a JSON array", "jq"},
		{"CSV named .jsonl", h + "r,LEAD,i\n", Input{Name: "links.jsonl"}, "links.jsonl: the file begins with a CSV header", "--format csv"},
		{"CSV said to be JSONL", "externalId;connection\n", Input{Name: "-", Format: "jsonl", Map: map[string]string{"connection": "integrationConnectionId"}, Set: linker.Fields{RecordingID: "r", DataType: "LEAD"}}, "begins with a CSV header", "--format csv"},
		{"open brackets", strings.Repeat("[", 20_000) + "\n{}", Input{Name: "x", Format: "jsonl"}, "a JSON array", "jq"},
		{"JSON over many lines", "{\n  \"recordingId\": \"r\"\n}\n", Input{Name: "links.json"}, "JSON over many lines", "jq -c ."},
		{"JSONL named .csv", `{"recordingId":"r","dataType":"LEAD","id":"i"}` + "\n", Input{}, "links.csv:1: the header looks like JSON", "--format jsonl"},
		{"missing columns", "recordingId,foo\n", Input{}, `links.csv:1: the header has no column for dataType, id (or externalId and integrationConnectionId); it has "recordingId", "foo"`, "--map"},
		{"externalId without its connection", "recordingId,dataType,externalId\n", Input{}, "no column for integrationConnectionId;", "--set"},
		{"connection without externalId", "recordingId,dataType,integrationConnectionId\n", Input{}, "no column for externalId (or id);", "--set"},
		{"one header for two fields", "recordingId,recording_id,dataType,id\n", Input{}, `columns 1 ("recordingId") and 2 ("recording_id") are both the field recordingId`, "rename"},
		{"the same header twice", "recordingId,dataType,SFDC Id,SFDC Id\n", Input{Map: map[string]string{"SFDC Id": "id"}}, "columns 3", "rename"},
		{"mapped header that is not there", h, Input{Map: map[string]string{"SFDC Id": "externalId"}}, `links.csv:1: --map names the header "SFDC Id", which is not there`, "correct"},
		{"mapped to what is no field", h, Input{Map: map[string]string{"x": "accountId"}}, `no field "accountId"`, "recordingId, dataType"},
		{"mapped twice", h, Input{Map: map[string]string{"a b": "id", "A_B": "trigger"}}, "twice", "case"},
		{"wrong --delimiter", "recordingId;dataType;id\nr;LEAD;i\n", Input{Delimiter: ","}, "links.csv:1: the header has no column", "--delimiter ';'"},
		{"delimiter that is not tried", "recordingId:dataType:id\nr:LEAD:i\n", Input{}, "links.csv:1: the header has no column", "--delimiter ':'"},
		{"delimiter that does not show", "recordingId\x01dataType\x01id\n", Input{}, "links.csv:1: the header has no column", `--delimiter $'\x01'`},
		{"delimiter that nobody knows", "recordingId%dataType%id\n", Input{}, "links.csv:1: the header has no column", "the header is one column: name the character between"},
		{"wrong sep line", "sep=|\nrecordingId;dataType;id\n", Input{}, "links.csv:2: the header has no column", "--delimiter ';'"},
		{"header in the third row", "Links of May\n\n" + h + "r,LEAD,i\n", Input{}, "links.csv:1: the header has no column", "line 3 looks like the header"},
		{"header in the third row in UTF-16", "\xff\xfe" + utf16le("Links of May\n\n"+h), Input{}, "links.csv:1:", "line 3 looks like the header"},
		{"no header", "r1,LEAD,i1\nr2,LEAD,i2\n", Input{}, "links.csv:1: the header has no column", "put a header above it"},
		{"stray quote in the header", "recordingId,data\"Type,id\n", Input{}, "links.csv:1: column 2: a quote stands inside", "quotes"},
		{"open quote in the header", "recordingId,\"dataType,id\nr,LEAD,i\n", Input{}, "links.csv:1: column 2: the quote", "quotes"},
		{"header in another encoding", "recordingId,dataType,id,pr\xe9nom\n", Input{}, "links.csv:1: the header holds the byte 0xE9", "--encoding"},
		{"header without end", strings.Repeat("x", raw.MaxRecord+1), Input{}, "no header within the first 1048576 bytes", "CSV"},
		{"gzip cut off in its header", gz(t, h)[:5], Input{}, "the gzip data ends too early", "copy it again"},
		{"gzip cut off", gz(t, h)[:30], Input{}, "the gzip data ends too early", "copy it again"},
		{"zstd cut off", zst(t, h)[:20], Input{}, "the zstd data ends too early", "copy it again"},
		{"zstd with a large window", "\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00", Input{}, "window", "--long"},
		{"not quite gzip", "\x1f\x8bxyz123456789", Input{}, "gzip", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := tt.in
			if in.Name == "" {
				in.Name = "links.csv"
			}
			_, err := read(t, []byte(tt.content), in, raw.BlockSize)
			var e *raw.Error
			if !errors.As(err, &e) {
				t.Fatalf("opening %q = %v, want an error with a hint", short(tt.content), err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %q, want it to say %q", err, tt.want)
			}
			if !strings.Contains(e.Hint(), tt.hint) || e.Hint() == "" {
				t.Errorf("hint = %q, want it to say %q", e.Hint(), tt.hint)
			}
		})
	}
}

func TestOpenPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tests := []struct {
		name string
		in   Input
		want string
	}{
		{"missing file", Input{Path: filepath.Join(dir, "none.csv")}, "none.csv: there is no such file"},
		{"directory", Input{Path: dir}, dir + ": is a directory"},
		{"no name", Input{}, "no input file is named"},
		{"no standard input", Input{Path: "-"}, "there is no standard input"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := Open(tt.in)
			if err == nil {
				s.Close()
				t.Fatal("Open = nil, want an error")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open = %q, want it to say %q", err, tt.want)
			}
		})
	}
}

func TestSourceThatChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.csv")
	if err := os.WriteFile(path, []byte("recordingId,dataType,id\nr1,LEAD,i1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Input{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.WriteFile(path, []byte("recordingId,dataType,id\nr1,LEAD,i1\nr2,LEAD,i2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		err = s.Next(new(Record))
	}
	if want := "changed while it was read"; !strings.Contains(err.Error(), want) {
		t.Errorf("Next = %v, want an error that says %q", err, want)
	}
}

func TestSourceNotices(t *testing.T) {
	t.Parallel()
	tall := "r,LEAD,\"" + strings.Repeat("\n", 100) + "\"\n"
	tests := []struct {
		name    string
		content string
		in      Input
		want    []string
	}{
		{"nothing to say", "recordingId,dataType,id,\nr,LEAD,i,\n", Input{}, nil},
		{
			"unknown columns", "recordingId,dataType,id,Owner,owner ,Owner\nr,LEAD,i,,,\n",
			Input{},
			[]string{`column "Owner" is unknown and ignored`, `column "owner " is unknown and ignored`},
		},
		{"a column ignored as asked", "recordingId,dataType,id,Owner\nr,LEAD,i,\n", Input{Map: map[string]string{"owner": ""}}, nil},
		{
			"unknown keys", `{"recordingId":"r","owner":1}` + "\n" + `{"owner":2,"Owner":3}` + "\n",
			Input{Name: "links.jsonl"},
			[]string{`key "owner" is unknown and ignored`, `key "Owner" is unknown and ignored`},
		},
		{"delimiter", "recordingId;dataType;id\nr;LEAD;i\n", Input{}, []string{`the delimiter is ';', as the header shows`}},
		{"encoding", "\xff\xfe" + utf16le("recordingId,dataType,id\nr,LEAD,i\n"), Input{}, []string{"the encoding is utf-16le, as the byte order mark says"}},
		{"no rows", "recordingId,dataType,id\n", Input{}, []string{"there is no row in the file"}},
		{
			"a tall record", "recordingId,dataType,id\n" + strings.Replace(tall, "\n", "", 1) + tall,
			Input{},
			[]string{"the record on lines 102-202 spans 101 lines: is a quote missing or one too many?"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := tt.in
			if in.Name == "" {
				in.Name = "links.csv"
			}
			got := mustRead(t, tt.content, in).notices
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("notices = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSourceNoticesEnd(t *testing.T) {
	t.Parallel()
	columns := []string{"recordingId,dataType,id"}
	for i := range 9_000 {
		columns = append(columns, fmt.Sprint("column", i))
	}
	tall := strings.Repeat("r,LEAD,\""+strings.Repeat("\n", 100)+"\"\n", 50)
	got, err := read(t, []byte("recordingId,dataType,id\n"+strings.ReplaceAll(tall, "LEAD", "CONTACT")), Input{Name: "links.csv"}, raw.BlockSize)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.notices) != maxTall+1 {
		t.Errorf("50 tall records make %d notices, want %d", len(got.notices), maxTall+1)
	}
	got, err = read(t, []byte(strings.Join(columns, ",")+"\nr,LEAD,i"+strings.Repeat(",", 9_000)+"\n"), Input{Name: "links.csv"}, raw.BlockSize)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.notices) != maxUnknown+1 {
		t.Errorf("9,000 unknown columns make %d notices, want %d", len(got.notices), maxUnknown+1)
	}
	if want := []string{"2:r/LEAD/i"}; !slices.Equal(brief(got.records), want) {
		t.Errorf("records of 10,003 columns = %q, want %q", brief(got.records), want)
	}
}
