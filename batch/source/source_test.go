package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/batch/source/raw"
	"relink/linker"
)

// readback is everything that a source returns for some bytes.
type readback struct {
	doubts  []string
	records []Record // Raw holds all of the record, Rest is nil
	header  []byte
	notices []string
}

// read reads content to its end, in blocks of the given size, and checks what
// is true of every source: rows are counted without gaps; header, records and
// blank lines add up to the content, byte for byte.
func read(t testing.TB, content []byte, in Input, block int) (readback, error) {
	t.Helper()
	if in.Path == "" {
		in.Path, in.Stdin = "-", bytes.NewReader(content)
	}
	s, err := open(t.Context(), in, block)
	if err != nil {
		return readback{}, err
	}
	defer s.Close()
	got := readback{header: s.Header()}
	at := len(s.Header())
	if !bytes.HasPrefix(content, s.Header()) {
		t.Fatalf("Header() = %q, want the beginning of %q", s.Header(), content)
	}
	for {
		var r Record
		if err = s.Next(&r); err != nil {
			break
		}
		r.Raw = bytes.Clone(r.Raw)
		if r.Rest != nil {
			rest, err := io.ReadAll(r.Rest)
			if err != nil {
				t.Fatal(err)
			}
			r.Raw, r.Rest = append(r.Raw, rest...), nil
		}
		got.records = append(got.records, r)
		if want := int64(len(got.records)); r.Row != want {
			t.Fatalf("row = %d, want %d", r.Row, want)
		}
		start := bytes.Index(content[at:], r.Raw)
		if start < 0 {
			t.Fatalf("row %d is %q, which does not follow byte %d of the source", r.Row, r.Raw, at)
		}
		checkBlank(t, s, content[at:at+start])
		at += start + len(r.Raw)
		if r.Fault != nil && r.Fields != (linker.Fields{}) {
			t.Fatalf("row %d has a fault and fields: %+v", r.Row, r)
		}
	}
	if !errors.Is(err, io.EOF) {
		return got, err
	}
	checkBlank(t, s, content[at:])
	sum := sha256.Sum256(content)
	want := linker.SourceIdentity{Name: s.given, Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
	if s.Identity() != want {
		t.Fatalf("Identity() = %+v, want %+v", s.Identity(), want)
	}
	if err := s.Next(new(Record)); !errors.Is(err, io.EOF) {
		t.Fatalf("Next after the end = %v, want io.EOF", err)
	}
	got.notices, got.doubts = s.Notices(), s.Doubts()
	return got, nil
}

// checkBlank checks that bytes that belong to no record are blank lines, empty
// cells, end marks, or a repeated header.
func checkBlank(t testing.TB, s *Reader, gap []byte) {
	t.Helper()
	bare := func(b []byte) string {
		decoded, _ := s.framer.charset.Append(nil, b)
		return normalize(strings.Map(func(r rune) rune {
			if strings.ContainsRune("\",;\t|¦~\x1a\x00", r) {
				return -1
			}
			return r
		}, string(decoded)))
	}
	left := bare(gap)
	if header := bare(s.Header()); header != "" {
		left = strings.ReplaceAll(left, header, "")
	}
	if left != "" {
		t.Fatalf("the bytes %q are in no record", gap)
	}
}

// mustRead reads content whole and byte by byte and checks that the results
// agree.
func mustRead(t testing.TB, content string, in Input) readback {
	t.Helper()
	got, err := read(t, []byte(content), in, raw.BlockSize)
	if err != nil {
		t.Fatalf("reading %q: %v", short(content), err)
	}
	if len(content) > 1<<16 {
		return got
	}
	slowly, err := read(t, []byte(content), in, 1)
	if err != nil {
		t.Fatalf("reading %q byte by byte: %v", content, err)
	}
	if diff := cmp.Diff(got.records, slowly.records); diff != "" {
		t.Fatalf("reading %q byte by byte differs (-whole +bytes):\n%s", content, diff)
	}
	return got
}

func short(s string) string { return s[:min(len(s), 200)] }

// brief formats records: "line:code" for faults, and "line:recordingId/…" with
// the other fields for rows.
func brief(records []Record) []string {
	var out []string
	for _, r := range records {
		if r.Fault != nil {
			out = append(out, fmt.Sprintf("%d:%s", r.Line, r.Fault.Code))
			continue
		}
		cells := []string{r.Fields.RecordingID, r.Fields.DataType, r.Fields.ID, r.Fields.ExternalID, r.Fields.IntegrationConnectionID, r.Fields.Trigger}
		out = append(out, fmt.Sprintf("%d:%s", r.Line, strings.TrimRight(strings.Join(cells, "/"), "/")))
	}
	return out
}

// utf16le and the others encode text.
func utf16le(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

func utf16be(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r>>8), byte(r))
	}
	return string(b)
}

const bom = "\xef\xbb\xbf"

func TestSourceCSV(t *testing.T) {
	t.Parallel()
	const h = "recordingId,dataType,id\n"
	tests := []struct {
		name    string
		content string
		in      Input
		want    []string
	}{
		{"plain", h + "r1,LEAD,i1\nr2,LEAD,i2\n", Input{}, []string{"2:r1/LEAD/i1", "3:r2/LEAD/i2"}},
		{"header only", h, Input{}, nil},
		{"header only, no line end", "recordingId,dataType,id", Input{}, nil},
		{"no line end at the end", h + "r1,LEAD,i1", Input{}, []string{"2:r1/LEAD/i1"}},
		{"CR LF", "recordingId,dataType,id\r\nr1,LEAD,i1\r\nr2,LEAD,i2\r\n", Input{}, []string{"2:r1/LEAD/i1", "3:r2/LEAD/i2"}},
		{"CR only", "recordingId,dataType,id\rr1,LEAD,i1\rr2,LEAD,i2\r", Input{}, []string{"2:r1/LEAD/i1", "3:r2/LEAD/i2"}},
		{"CR only, no line end at the end", "recordingId,dataType,id\rr1,LEAD,i1\rr2,LEAD,i2", Input{}, []string{"2:r1/LEAD/i1", "3:malformed_row"}},
		{
			"mixed line ends", "recordingId,dataType,id\r\nr1,LEAD,i1\rr2,LEAD,i2\nr3,LEAD,i3\n\rr4,LEAD,i4",
			Input{},
			[]string{"2:r1/LEAD/i1", "3:r2/LEAD/i2", "4:r3/LEAD/i3", "6:malformed_row"},
		},
		{"CR CR LF", "recordingId,dataType,id\r\r\nr1,LEAD,i1\r\r\n", Input{}, []string{"3:r1/LEAD/i1"}},
		{"byte order mark", bom + h + "r1,LEAD,i1\n", Input{}, []string{"2:r1/LEAD/i1"}},
		{"byte order mark before a quoted header", bom + "\"recordingId\",dataType,id\nr1,LEAD,i1\n", Input{}, []string{"2:r1/LEAD/i1"}},
		{"headers by other spellings", "Recording ID,DATA_TYPE,Id\nr1,LEAD,i1\n", Input{}, []string{"2:r1/LEAD/i1"}},
		{"header over two lines", "recordingId,\"data\nType\",id\nr1,LEAD,i1\n", Input{}, []string{"3:r1/LEAD/i1"}},
		{"other columns", "x,recordingId,,dataType,y,id,\n1,r1,2,LEAD,3,i1,4\n", Input{}, []string{"2:r1/LEAD/i1"}},
		{"semicolons", "recordingId;dataType;id\nr1;LEAD;i,1\n", Input{}, []string{"2:r1/LEAD/i,1"}},
		{"tabs", "recordingId\tdataType\tid\nr1\tLEAD\ti1\n\t\t\nr2\tLEAD\t\n", Input{}, []string{"2:r1/LEAD/i1", "4:r2/LEAD"}},
		{"bars", "recordingId|dataType|id\nr1|LEAD|i1\n", Input{}, []string{"2:r1/LEAD/i1"}},
		{"given delimiter", "recordingId~dataType~id\nr1~LEAD~i1\n", Input{Delimiter: "~"}, []string{"2:r1/LEAD/i1"}},
		{"given delimiter of two bytes", "recordingId¦dataType¦id\nr1¦LEAD¦\"i¦1\"\n", Input{Delimiter: "¦"}, []string{"2:r1/LEAD/i¦1"}},
		{"tab by name", "recordingId\tdataType\tid\nr1\tLEAD\ti1\n", Input{Delimiter: `\t`}, []string{"2:r1/LEAD/i1"}},
		{"sep line", "sep=;\nrecordingId;dataType;id\nr1;LEAD;i1\n", Input{}, []string{"3:r1/LEAD/i1"}},
		{"sep line, quoted, with a mark and CR LF", bom + "\"SEP=|\"\r\nrecordingId|dataType|id\r\nr1|LEAD|i1\r\n", Input{}, []string{"3:r1/LEAD/i1"}},
		{"sep line with a tab", "sep=\t\nrecordingId\tdataType\tid\nr1\tLEAD\ti1\n", Input{}, []string{"3:r1/LEAD/i1"}},
		{"delimiter by name", "recordingId;dataType;id\nr1;LEAD;i1\n", Input{Delimiter: "Semicolon"}, []string{"2:r1/LEAD/i1"}},
		{"given delimiter over sep line", "sep=;\nrecordingId,dataType,id\nr1,LEAD,i1\n", Input{Delimiter: ","}, []string{"3:r1/LEAD/i1"}},
		{"blank lines above the header", "\n  \n" + h + "r1,LEAD,i1\n", Input{}, []string{"4:r1/LEAD/i1"}},
		{"quotes", h + `"r""1","LE,AD",""` + "\n", Input{}, []string{`2:r"1/LE,AD`}},
		{"lines in quotes", h + "r1,LEAD,\"i\n\n1\"\nr2,LEAD,i2\n", Input{}, []string{"2:r1/LEAD/i\n\n1", "5:r2/LEAD/i2"}},
		{"CR in quotes", "recordingId,dataType,id\rr1,LEAD,\"i\r1\"\rr2,LEAD,i2\r", Input{}, []string{"2:r1/LEAD/i\r1", "4:r2/LEAD/i2"}},
		{"blank lines and records", h + "\n \t\n,,\n\"\",,\"\"\nr1,LEAD,i1\n\u00a0\n,\n\n", Input{}, []string{"6:r1/LEAD/i1"}},
		{"cells of white space", h + " , , \n\u00a0,\u200b,\n", Input{}, nil},
		{"too few cells", h + "r1,LEAD\nr2,LEAD,i2\n", Input{}, []string{"2:malformed_row", "3:r2/LEAD/i2"}},
		{"too many cells", h + "r1,LEAD,i1,\nr2,LEAD,i2\n", Input{}, []string{"2:malformed_row", "3:r2/LEAD/i2"}},
		{"too many cells over three lines", h + "r1,LEAD,i1,\"\n\n\"\nr2,LEAD,i2\n", Input{}, []string{"2:malformed_row", "5:r2/LEAD/i2"}},
		{"quote inside a cell", h + "r1,LEAD,i\"1\"\nr2,LEAD,i2\n", Input{}, []string{"2:malformed_row", "3:r2/LEAD/i2"}},
		{"text behind a quote", h + "r1,LEAD,\"i\"1\nr2,LEAD,i2\n", Input{}, []string{"2:malformed_row", "3:r2/LEAD/i2"}},
		{"space behind a quote", h + "\"r1\" ,LEAD,i1\nr2,LEAD,i2\n", Input{}, []string{"2:r1/LEAD/i1", "3:r2/LEAD/i2"}},
		{"quote never closed", h + "r1,LEAD,\"i1\nr2,LEAD,i2\nr3,LEAD,i3\n", Input{}, []string{"2:malformed_row", "3:r2/LEAD/i2", "4:r3/LEAD/i3"}},
		{"quote never closed in the last line", h + "r1,LEAD,\"", Input{}, []string{"2:malformed_row"}},
		{
			"quote closed in the wrong place", h + "r1,LEAD,\"i1\nr2,LEAD,i2\nr3,\"LEAD\",i3\nr4,LEAD,i4\n",
			Input{},
			[]string{"2:malformed_row", "3:r2/LEAD/i2", "4:r3/LEAD/i3", "5:r4/LEAD/i4"},
		},
		{
			"two stray quotes make a record", h + "r1,LEAD,\"i1\nr2,LEAD,i2\"\nr3,LEAD,i3\n",
			Input{},
			[]string{"2:malformed_row", "3:malformed_row", "4:r3/LEAD/i3"},
		},
		{"NUL", h + "r1,LEAD,i\x001\nr2,LEAD,i2\n", Input{}, []string{"2:invalid_encoding", "3:r2/LEAD/i2"}},
		{"NUL in a column of no interest", "recordingId,dataType,id,x\nr1,LEAD,i1,\x00\n", Input{}, []string{"2:invalid_encoding"}},
		{"not UTF-8", h + "r1,LEAD,i\x961\nr2,LEAD,i2\n", Input{}, []string{"2:invalid_encoding", "3:r2/LEAD/i2"}},
		{"not UTF-8 behind a stray quote", h + "r1,LEAD,\"i1\nr2,LEAD,\xff\n", Input{}, []string{"2:malformed_row", "3:invalid_encoding"}},
		{"surrogate in UTF-8", h + "r1,LEAD,\xed\xa0\x80\n", Input{}, []string{"2:invalid_encoding"}},
		{"the replacement character is a character", h + "r1,LEAD,\ufffd\n", Input{}, []string{"2:r1/LEAD/\ufffd"}},
		{"windows-1252", h + "r1,LEAD,i\x961\xe9\nr2,LEAD,\x81\n", Input{Encoding: "Windows-1252"}, []string{"2:r1/LEAD/i–1é", "3:invalid_encoding"}},
		{"latin-1", h + "r1,LEAD,\xe9\x96\n", Input{Encoding: "latin-1"}, []string{"2:r1/LEAD/é\u0096"}},
		{
			"lines in quotes in windows-1252", h + "r1,LEAD,\"\x96\r\n\xe9\"\r\nr2,LEAD,\"\x96\nr3,LEAD,i3\n",
			Input{Encoding: "cp1252"},
			[]string{"2:r1/LEAD/–\r\né", "4:malformed_row", "5:r3/LEAD/i3"},
		},
		{"Shift JIS, whose second bytes look like bars", "recordingId|dataType|id\nr1|LEAD|\x83\x7c\n", Input{Encoding: "shift_jis"}, []string{"2:r1/LEAD/ポ"}},
		{
			"UTF-16 LE", "\xff\xfe" + utf16le("recordingId;dataType;id\r\nr1;LEAD;\"i\r\nਊ\"\r\nr2;LEAD;\u0d0a\n"),
			Input{},
			[]string{"2:r1/LEAD/i\r\nਊ", "4:r2/LEAD/\u0d0a"},
		},
		{"UTF-16 BE", "\xfe\xff" + utf16be("recordingId,dataType,id\rr1,LEAD,ਊ\rr2,LEAD,"), Input{}, []string{"2:r1/LEAD/ਊ", "3:r2/LEAD"}},
		{"UTF-16 without a mark", utf16le("recordingId,dataType,id\nr1,LEAD,i1\n"), Input{Encoding: "utf-16le"}, []string{"2:r1/LEAD/i1"}},
		{"UTF-16 of either kind", "\xfe\xff" + utf16be("recordingId,dataType,id\nr1,LEAD,i1"), Input{Encoding: "UTF-16"}, []string{"2:r1/LEAD/i1"}},
		{"lone surrogates", "\xff\xfe" + utf16le("recordingId,dataType,id\nr1,LEAD,") + "\x00\xd8\n\x00" + utf16le("r2,LEAD,") + "\x00\xdc\x00\xd8\n\x00" +
			utf16le("r3,LEAD,") + "\x3d\xd8\x00\xde\n\x00", Input{}, []string{"2:invalid_encoding", "3:invalid_encoding", "4:r3/LEAD/😀"}},
		{"half a character at the end", "\xff\xfe" + utf16le("recordingId,dataType,id\nr1,LEAD,i1\n") + "x", Input{}, []string{"2:r1/LEAD/i1", "3:invalid_encoding"}},
		{
			"mapped headers", "Rec,dataType,SFDC Id,Conn\nr1,LEAD,003,c1\n",
			Input{Map: map[string]string{"rec": "recordingId", "sfdc_id": "external id", "CONN": "integrationConnectionId"}},
			[]string{"2:r1/LEAD//003/c1"},
		},
		{
			"a mapped header is no longer itself", "recordingId,dataType,id,conn\nr1,LEAD,003,c1\n",
			Input{Map: map[string]string{"id": "externalId", "conn": "integrationConnectionId"}},
			[]string{"2:r1/LEAD//003/c1"},
		},
		{"a header mapped to nothing", "recordingId,dataType,id,trigger\nr1,LEAD,i1,x\n", Input{Map: map[string]string{"Trigger": ""}}, []string{"2:r1/LEAD/i1"}},
		{
			"several headers for one field", "recordingId,dataType,a,b\nr1,LEAD,i1,\nr2,LEAD,,i2\nr3,LEAD,i3,i4\nr4,LEAD,i5, \n,,,\n,,\nr5,LEAD,i6\n",
			Input{Map: map[string]string{"a": "id", "b": "id"}},
			[]string{"2:r1/LEAD/i1", "3:r2/LEAD/i2", "4:malformed_row", "5:r4/LEAD/i5", "8:malformed_row"},
		},
		{"fields that --set gives", "recordingId\nr1\n\nr2\n", Input{Set: linker.Fields{DataType: "LEAD", ID: "i"}}, []string{"2:r1", "4:r2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := tt.in
			in.Name = "links.csv"
			got := brief(mustRead(t, tt.content, in).records)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("records of %q (-want +got):\n%s", short(tt.content), diff)
			}
		})
	}
}

func TestSourceJSONL(t *testing.T) {
	t.Parallel()
	const good = `{"recordingId":"r1","dataType":"LEAD","id":"i1"}`
	tests := []struct {
		name    string
		content string
		in      Input
		want    []string
	}{
		{"plain", good + "\n" + good, Input{}, []string{"1:r1/LEAD/i1", "2:r1/LEAD/i1"}},
		{"CR LF and blank lines", "\r\n" + good + "\r\n  \r\n" + good + "\r\n\r\n", Input{}, []string{"2:r1/LEAD/i1", "4:r1/LEAD/i1"}},
		{"CR only", good + "\r" + good + "\r", Input{}, []string{"1:r1/LEAD/i1", "2:r1/LEAD/i1"}},
		{"CR inside an object", "{\"recordingId\":\r\"r1\"}\n" + good, Input{}, []string{"1:r1", "2:r1/LEAD/i1"}},
		{"byte order mark", bom + good + "\n", Input{}, []string{"1:r1/LEAD/i1"}},
		{"UTF-16", "\xff\xfe" + utf16le(good+"\r\n"+good), Input{}, []string{"1:r1/LEAD/i1", "2:r1/LEAD/i1"}},
		{"keys by other spellings", `{"Recording ID":"r1","data_type":"LEAD","I\u0064":"i1"}`, Input{}, []string{"1:r1/LEAD/i1"}},
		{"mapped keys", `{"rec":"r1","SFDC Id":"003"}`, Input{Map: map[string]string{"Rec": "recordingId", "sfdc id": "externalId"}}, []string{"1:r1///003"}},
		{"null and empty", `{"recordingId":null,"dataType":"","id":"i1"}`, Input{}, []string{"1://i1"}},
		{"escapes", `{"recordingId":"\u00e9\ud83d\ude00\n\"\\","id":"\\u0000"}`, Input{}, []string{"1:é😀\n\"\\//\\u0000"}},
		{"unknown keys of every kind", `{"x":{"y":[1,null,{"z":true}]},"recordingId":"r1","n":1.5e300,"":""}`, Input{}, []string{"1:r1"}},
		{"number where text belongs", `{"recordingId":12}`, Input{}, []string{"1:malformed_row"}},
		{"boolean where text belongs", `{"dataType":true}`, Input{}, []string{"1:malformed_row"}},
		{"object where text belongs", `{"id":{"a":"b"}}`, Input{}, []string{"1:malformed_row"}},
		{"array where text belongs", `{"trigger":[]}`, Input{}, []string{"1:malformed_row"}},
		{"bad JSON between good rows", good + "\n{\"recordingId\":\n" + good, Input{}, []string{"1:r1/LEAD/i1", "2:malformed_row", "3:r1/LEAD/i1"}},
		{"trailing comma", `{"recordingId":"r1",}`, Input{}, []string{"1:malformed_row"}},
		{"single quotes", `{'recordingId':'r1'}`, Input{}, []string{"1:malformed_row"}},
		{"text behind the object", good + good + "\n" + good + " x\n", Input{}, []string{"1:malformed_row", "2:malformed_row"}},
		{"no object", "{}\n[1]\n\"x\"\n1\nnull\ntrue\n", Input{}, []string{"1:", "2:malformed_row", "3:malformed_row", "4:malformed_row", "5:malformed_row", "6:malformed_row"}},
		{"array first, objects behind it", "[1]\n" + good, Input{}, []string{"1:malformed_row", "2:r1/LEAD/i1"}},
		{"duplicate keys", `{"recordingId":"r1","recordingId":"r1"}`, Input{}, []string{"1:malformed_row"}},
		{"duplicate keys deep inside", `{"recordingId":"r1","x":[{"a":1,"a":2}]}`, Input{}, []string{"1:malformed_row"}},
		{"two keys for one field", `{"recordingId":"r1","recording_id":""}`, Input{}, []string{"1:malformed_row"}},
		{
			"several keys for one field", `{"a":"i1","b":null}` + "\n" + `{"a":"","b":"i2"}` + "\n" + `{"a":"i1","b":"i2"}`,
			Input{Map: map[string]string{"a": "id", "b": "id"}},
			[]string{"1://i1", "2://i2", "3:malformed_row"},
		},
		{"not UTF-8", "{\"recordingId\":\"r\xff\"}\n" + good, Input{}, []string{"1:invalid_encoding", "2:r1/LEAD/i1"}},
		{"NUL escape", `{"recordingId":"r\u0000"}`, Input{}, []string{"1:invalid_encoding"}},
		{"NUL byte", "{\"recordingId\":\"r\x00\"}", Input{}, []string{"1:malformed_row"}},
		{
			"lone surrogates", `{"recordingId":"\ud800"}` + "\n" + `{"recordingId":"\udc00"}` + "\n" + `{"recordingId":"\ud800\ud800"}` + "\n" + `{"recordingId":"\ud800x"}`,
			Input{},
			[]string{"1:invalid_encoding", "2:invalid_encoding", "3:invalid_encoding", "4:invalid_encoding"},
		},
		{"deep nesting", `{"recordingId":"r1","x":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}", Input{}, []string{"1:r1"}},
		{"too deep nesting", `{"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}\n" + good, Input{}, []string{"1:malformed_row", "2:r1/LEAD/i1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := tt.in
			in.Name = "links.jsonl"
			got := brief(mustRead(t, tt.content, in).records)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("records of %q (-want +got):\n%s", short(tt.content), diff)
			}
		})
	}
}

// TestJSONLFaults reads lines with faults: each is reported once, in plain
// words.
func TestJSONLFaults(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, line, want string }{
		{"half a character", `{"id":"\ud800","dataType":"LEAD"}`, `the escape \ud800 is half of a character; write both halves or the character itself`},
		{"half a character, and a key twice", `{"x\udc00":1,"id":"a","id":"b"}`, `the escape \udc00 is half of a character; write both halves or the character itself; the key "id" stands twice in one object`},
		{"NUL and a number", `{"id":7,"dataType":"\u0000"}`, `the escape \u0000 is a NUL character; remove it; the key "id" holds the number 7 where text belongs; put it in quotes`},
		{"nested too deep", `{"x":` + strings.Repeat("[", 10_001) + "}", "the value is nested more than 10000 levels deep"},
		{"cut off", `{"id":"a"`, "not valid JSON: the line ends within the object"},
	}
	for _, tt := range tests {
		got := mustRead(t, tt.line, Input{Name: "links.jsonl"}).records[0].Fault
		if got == nil || got.Message != tt.want {
			t.Errorf("%s: fault of %s = %v, want %q", tt.name, short(tt.line), got, tt.want)
		}
	}
}
