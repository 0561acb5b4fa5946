package source

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relink/batch/source/raw"
	"relink/linker"
)

// TestSourceAgreesWithEncodingCSV reads valid files of every shape and expects
// the same as encoding/csv.
func TestSourceAgreesWithEncodingCSV(t *testing.T) {
	t.Parallel()
	columns := append([]string{"note", "other"}, linker.FieldNames()...)
	rapid.Check(t, func(rt *rapid.T) {
		header := rapid.Permutation(columns).Draw(rt, "header")
		delimiter := rapid.SampledFrom(delimiters).Draw(rt, "delimiter")
		cell := rapid.OneOf(
			rapid.SampledFrom([]string{"", "", "r1", "LEAD", `"`, `""`, ",", ";", "\n", "a\nb", "\n\n\n", " ", "é", "\ufeff", `"a"`}),
			rapid.StringMatching(`[ -~]{0,20}`),
		)
		var content bytes.Buffer
		w := csv.NewWriter(&content)
		w.Comma = delimiter
		w.UseCRLF = rapid.Bool().Draw(rt, "crlf")
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, len(header), len(header)), 0, 20).Draw(rt, "rows")
		for _, row := range append([][]string{header}, rows...) {
			if err := w.Write(row); err != nil {
				rt.Fatal(err)
			}
		}
		w.Flush()

		r := csv.NewReader(bytes.NewReader(content.Bytes()))
		r.Comma = delimiter
		all, err := r.ReadAll()
		if err != nil {
			rt.Fatal(err)
		}
		var want []linker.Fields
		for _, row := range all[1:] {
			row[0] = strings.TrimLeft(row[0], "\ufeff") // at the beginning of a line
			var f linker.Fields
			for i, name := range header {
				if field, ok := linker.ParseField(name); ok {
					*f.At(field) = row[i]
					if w.UseCRLF { // which encoding/csv reads as LF
						*f.At(field) = strings.ReplaceAll(row[i], "\n", "\r\n")
					}
				}
			}
			if !allBlank(row) && !unread(&f) && !isRuler(strings.Join(row, ",")) {
				want = append(want, f)
			}
		}
		var got []linker.Fields
		for _, record := range mustRead(t, content.String(), Input{Name: "links.csv"}).records {
			if record.Stray != "" {
				continue // only columns not tested here are filled
			}
			if record.Fault != nil && strings.Contains(record.Fault.Message, "looks like a record of its own") {
				rt.Skip("a cell that looks like a record")
			}
			if record.Fault != nil {
				rt.Fatalf("line %d of %q: %v", record.Line, content.String(), record.Fault)
			}
			got = append(got, record.Fields)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("rows of %q (-encoding/csv +source):\n%s", content.String(), diff)
		}
	})
}

// FuzzCSV reads any bytes as CSV: no panic, every byte accounted for, the same
// result for any block size, and the same rows as encoding/csv.
func FuzzCSV(f *testing.F) {
	const h = "recordingId,dataType,id\n"
	for _, seed := range []string{
		"r1,LEAD,i1\n", "\"r\"\"1\",\"LE\nAD\",i1\r\n", "r1,\"LEAD,i1\nr2,LEAD,i2\n", "r1,LEAD\n", ",,\n\n \n", "r\"1,LEAD,i1\r\r\n",
		"\x00,\xff,\n", "\"a\"b,c,d\n\"\"\n", "r1,LEAD,\"i1\n\n\"\r", "é, ,\u00a0\n",
	} {
		f.Add([]byte(h+seed), "")
		f.Add([]byte(bom+"sep=,\r\n"+strings.ReplaceAll(h+seed, "\n", "\r\n")), "")
		f.Add([]byte("\xff\xfe"+utf16le(h+strings.ToValidUTF8(seed, "?"))), "")
		f.Add([]byte(h+seed), "windows-1252")
		f.Add([]byte(strings.ReplaceAll(h+seed, "\n", "\r")), "")
	}
	addFiles(f, "*.csv")
	f.Fuzz(func(t *testing.T, content []byte, encoding string) {
		in := Input{Name: "links.csv", Encoding: encoding, Set: linker.Fields{DataType: "LEAD", ID: "i"}}
		got, whole := read(t, content, in, raw.BlockSize)
		slowly, pieces := read(t, content, in, 1)
		if fmt.Sprint(whole) != fmt.Sprint(pieces) {
			t.Fatalf("reading whole = %v, byte by byte = %v", whole, pieces)
		}
		if diff := cmp.Diff(got.records, slowly.records); diff != "" {
			t.Fatalf("reading byte by byte differs (-whole +bytes):\n%s", diff)
		}
		for _, r := range got.records {
			checkFields(t, r)
		}
	})
}

// FuzzJSONL does the same for JSONL, and compares with encoding/json.
func FuzzJSONL(f *testing.F) {
	for _, seed := range []string{
		`{"recordingId":"r1","dataType":"LEAD","id":"i1"}`, `{"a":[{"b":null}],"id":1}`, `{"id":"\ud83d\ude00\u0041"}`, `{"id":"\ud800"}`,
		`{"id":"a","id":"b"}`, `{"i d":"a","ID":"b"}`, `[1,2]`, `{"id":"a"} x`, `{"id":"\u0000"}`, "{\"id\":\"\xff\"}", `{`, `"`, `{"id":tru}`, strings.Repeat("[", 100),
	} {
		f.Add([]byte("{}\n" + seed + "\n{}"))
		f.Add([]byte("\xff\xfe" + utf16le("{}\n"+strings.ToValidUTF8(seed, "?")+"\r\n")))
	}
	addFiles(f, "*.jsonl")
	f.Fuzz(func(t *testing.T, content []byte) {
		in := Input{Name: "links.jsonl"}
		got, whole := read(t, content, in, raw.BlockSize)
		slowly, pieces := read(t, content, in, 1)
		if fmt.Sprint(whole) != fmt.Sprint(pieces) {
			t.Fatalf("reading whole = %v, byte by byte = %v", whole, pieces)
		}
		if diff := cmp.Diff(got.records, slowly.records); diff != "" {
			t.Fatalf("reading byte by byte differs (-whole +bytes):\n%s", diff)
		}
		for _, r := range got.records {
			checkFields(t, r)
			if r.Fault == nil && utf8.Valid(r.Raw) && !bytes.Contains(content[:min(len(content), 2)], []byte{0xff}) && !bytes.HasPrefix(content, []byte{0xfe, 0xff}) {
				var object map[string]any
				if err := json.Unmarshal(r.Raw, &object); err != nil {
					t.Fatalf("%q is read as a row, encoding/json says %v", r.Raw, err)
				}
			}
		}
	})
}

// checkFields checks that a row holds text.
func checkFields(t *testing.T, r Record) {
	t.Helper()
	for f := range linker.FieldCount {
		if value := *r.Fields.At(f); !utf8.ValidString(value) || strings.Contains(value, "\x00") {
			t.Fatalf("row %d: %s = %q, want text without NUL", r.Row, f, value)
		}
	}
	if r.Fault != nil && (r.Fault.Message == "" || !utf8.ValidString(r.Fault.Message)) {
		t.Fatalf("row %d: message = %q, want text", r.Row, r.Fault.Message)
	}
}

// addFiles seeds a fuzz test with the test inputs of the whole program.
func addFiles(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "links", pattern))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if pattern == "*.csv" {
			f.Add(content, "")
		} else {
			f.Add(content)
		}
	}
}
