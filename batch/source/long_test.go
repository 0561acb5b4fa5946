package source

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/batch/source/raw"
)

func TestSourceLongRecords(t *testing.T) {
	t.Parallel()
	const h = "recordingId,dataType,id,x\n"
	const last = "r9,LEAD,i9,\n"
	// fill returns a record of the given size.
	fill := func(before, after string, size int) string {
		return before + strings.Repeat("x", size-len(before)-len(after)) + after
	}
	tests := []struct {
		name    string
		content string
		in      Input
		want    []string
	}{
		{"as long as can be", h + fill("r1,LEAD,i1,", "", raw.MaxRecord) + "\r\n" + last, Input{}, []string{"2:r1/LEAD/i1", "3:r9/LEAD/i9"}},
		{"as long as can be at the end", h + fill("r1,LEAD,i1,", "", raw.MaxRecord), Input{}, []string{"2:r1/LEAD/i1"}},
		{"a byte longer", h + fill("r1,LEAD,i1,", "", raw.MaxRecord+1) + "\n" + last, Input{}, []string{"2:record_too_long", "3:r9/LEAD/i9"}},
		{"a byte longer, CR LF", h + fill("r1,LEAD,i1,", "", raw.MaxRecord+1) + "\r\n" + last, Input{}, []string{"2:record_too_long", "3:r9/LEAD/i9"}},
		{"a byte longer, CR", h + fill("r1,LEAD,i1,", "", raw.MaxRecord+1) + "\r" + last, Input{}, []string{"2:record_too_long", "3:r9/LEAD/i9"}},
		{"a byte longer at the end", h + fill("r1,LEAD,i1,", "", raw.MaxRecord+1), Input{}, []string{"2:record_too_long"}},
		{"much longer", h + fill("r1,LEAD,i1,", "", 5<<20) + "\n" + fill("r2", "", 3<<20) + "\r\n" + last, Input{}, []string{"2:record_too_long", "3:record_too_long", "4:r9/LEAD/i9"}},
		{"much longer at the end", h + fill("r1,LEAD,i1,", "", 5<<20), Input{}, []string{"2:record_too_long"}},
		{"much longer with a quote never closed", h + fill("r1,LEAD,i1,\"", "", 5<<20) + "\n" + last, Input{}, []string{"2:record_too_long", "3:r9/LEAD/i9"}},
		{"as long as can be over lines", h + fill("r1,LEAD,\"i1\",\"", "\n\n\"", raw.MaxRecord) + "\n" + last, Input{}, []string{"2:r1/LEAD/i1", "5:r9/LEAD/i9"}},
		{
			"a byte longer over lines", h + fill("r1,LEAD,\"i1\",\"\n\n", "\"", raw.MaxRecord+1) + "\n" + last,
			Input{},
			// Whether the quote is closed after the limit does not matter.
			[]string{"2:malformed_row", "4:malformed_row", "5:r9/LEAD/i9"},
		},
		{"longer behind quotes", h + fill("r1,LEAD,\"\n\n\",", "", raw.MaxRecord+1) + "\n" + last, Input{}, []string{"2:record_too_long", "5:r9/LEAD/i9"}},
		{
			"quote open at the limit", h + "r1,LEAD,\"i1,\nr2,LEAD,i2,\n" + strings.Repeat("r3,LEAD,i3,\n", raw.MaxRecord/10)[:raw.MaxRecord/12*12] + last,
			Input{},
			slices.Concat([]string{"2:malformed_row", "3:r2/LEAD/i2"}, rows(4, raw.MaxRecord/12, "r3/LEAD/i3"), []string{fmt.Sprint(raw.MaxRecord/12+4, ":r9/LEAD/i9")}),
		},
		{
			"UTF-16", "\xff\xfe" + utf16le(h+fill("r1,LEAD,i1,", "", raw.MaxRecord/2)+"\r\n"+fill("r2,LEAD,i2,", "", raw.MaxRecord/2+1)+"\r\n"+last),
			Input{},
			[]string{"2:r1/LEAD/i1", "3:record_too_long", "4:r9/LEAD/i9"},
		},
		{
			"JSONL", fill(`{"recordingId":"r1","x":"`, `"}`, raw.MaxRecord) + "\r\n" + fill(`{"recordingId":"r2","x":"`, `"}`, raw.MaxRecord+1) + "\n" + `{"id":"i9"}`,
			Input{Name: "links.jsonl"},
			[]string{"1:r1", "2:record_too_long", "3://i9"},
		},
		{"white space", h + strings.Repeat(" ", raw.MaxRecord) + "\n" + last, Input{}, []string{"3:r9/LEAD/i9"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := tt.in
			if in.Name == "" {
				in.Name = "links.csv"
			}
			for _, block := range []int{raw.BlockSize, 1 << 20, 1000} {
				got, err := read(t, []byte(tt.content), in, block)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, brief(got.records)); diff != "" {
					t.Fatalf("records, %d bytes at a time (-want +got):\n%s", block, short(diff))
				}
			}
		})
	}
}

// rows returns count good records from a line on, formatted as by brief.
func rows(line, count int, fields string) []string {
	out := make([]string, count)
	for i := range out {
		out[i] = fmt.Sprint(line+i, ":", fields)
	}
	return out
}

// TestSourceSkipsRest reads only part of the rest of long records: what is left
// unread must not disturb what follows.
func TestSourceSkipsRest(t *testing.T) {
	t.Parallel()
	var content strings.Builder
	content.WriteString("recordingId,dataType,id\n")
	for range 20 {
		content.WriteString(strings.Repeat("x", raw.MaxRecord+200_000) + "\r\nr,LEAD,i\r\n")
	}
	s, err := Open(Input{Path: "-", Stdin: strings.NewReader(content.String())})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var r Record
	for i := range 20 {
		if err := s.Next(&r); err != nil {
			t.Fatal(err)
		}
		if r.Rest == nil || len(r.Raw) != raw.MaxRecord || strings.Trim(string(r.Raw), "x") != "" {
			t.Fatalf("record %d: %d bytes and a rest %v, want the first %d bytes and a rest", i, len(r.Raw), r.Rest, raw.MaxRecord)
		}
		some := make([]byte, i*20_000)
		if n, err := io.ReadFull(r.Rest, some); err != nil && i <= 10 {
			t.Fatalf("reading %d bytes of the rest: %d, %v", len(some), n, err)
		}
		if strings.Trim(string(r.Raw), "x") != "" {
			t.Fatalf("record %d: reading the rest changed Raw", i)
		}
		if err := s.Next(&r); err != nil || r.Fields.RecordingID != "r" {
			t.Fatalf("record behind record %d: %+v, %v", i, r.Fields, err)
		}
	}
	if err := s.Next(&r); err != io.EOF {
		t.Errorf("Next at the end = %v, want io.EOF", err)
	}
}

// repeat returns the same bytes again and again, up to a total size.
type repeat struct {
	bytes []byte
	left  int64
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), r.left)], r.bytes)
	r.left -= int64(n)
	return n, nil
}

// TestSourceMemory reads much more than may be kept in memory: one line of
// hundreds of megabytes, and the same as a gzip bomb.
func TestSourceMemory(t *testing.T) {
	// Not parallel: it measures the memory of the process.
	const size = 300 << 20
	long := func() io.Reader {
		return io.MultiReader(strings.NewReader("recordingId,dataType,id\n"),
			&repeat{bytes: bytes.Repeat([]byte("x"), 1<<16), left: size}, strings.NewReader("\nr,LEAD,i\n"))
	}
	var bomb bytes.Buffer
	w, err := gzip.NewWriterLevel(&bomb, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, long()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]io.Reader{"a long line": long(), "a gzip bomb": &bomb} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s, err := Open(Input{Path: "-", Stdin: src})
		if err != nil {
			t.Fatal(err)
		}
		var r Record
		for err == nil {
			err = s.Next(&r)
		}
		if err != io.EOF || r.Fields.RecordingID != "r" {
			t.Fatalf("%s: Next = %v after %+v, want io.EOF after the row behind the line", name, err, r.Fields)
		}
		runtime.ReadMemStats(&after)
		s.Close()
		if got, want := after.TotalAlloc-before.TotalAlloc, uint64(16<<20); got > want {
			t.Errorf("%s: reading %d MiB allocated %d MiB in all, want at most %d", name, size>>20, got>>20, want>>20)
		}
	}
}

// TestSourceStrayQuotes reads a file in which every line has an open quote. It
// takes forever if each of them is followed to the end of the file.
func TestSourceStrayQuotes(t *testing.T) {
	t.Parallel()
	const lines = 100_000
	tests := []struct{ name, content string }{
		{"one in line 2", "\"r,LEAD,i\n" + strings.Repeat("r,LEAD,i\n", lines)},
		{"one in every line", strings.Repeat("r,LEAD,\"i\n", lines)},
		{"one in every tenth line", strings.Repeat("r,LEAD,\"i\"\n,,\"\n"+strings.Repeat("r,LEAD,i\n", 9), lines/10)},
		{"one before every two quotes", strings.Repeat("\"r,LEAD,i\n"+strings.Repeat("\"\"r,LEAD,\"\"\n", 9), lines/10)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			if _, err := read(t, []byte("recordingId,dataType,id\n"+tt.content), Input{Name: "links.csv"}, raw.BlockSize); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("reading %d bytes took %v", len(tt.content), took)
			}
		})
	}
}
