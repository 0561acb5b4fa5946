package reports_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/reports"
	"relink/reports/folder"
)

func reject(row int64, raw string) linker.Entry {
	return linker.Entry{
		Row: row, Line: row + 1, Decision: linker.Decision{Outcome: linker.Rejected, Code: linker.EntityNotFound},
		Message: "no CRM row with this id", Raw: []byte(raw),
	}
}

// read returns a file of the folder.
func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRejectsAreTheBytesOfTheSource(t *testing.T) {
	t.Parallel()
	utf16le := func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			b.WriteByte(c)
			b.WriteByte(0)
		}
		return b.String()
	}
	utf16be := func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			b.WriteByte(0)
			b.WriteByte(c)
		}
		return b.String()
	}
	for _, tc := range []struct {
		name    string
		o       reports.RejectsOptions
		records []string
		want    string
	}{
		{
			"last line without a newline",
			reports.RejectsOptions{Header: []byte("\ufeffa;b\r\n"), LineEnd: []byte("\r\n")},
			[]string{"=1;\"x\ny\"\r\n", "\xff\x00;2"},
			"\ufeffa;b\r\n=1;\"x\ny\"\r\n\xff\x00;2\r\n",
		},
		{
			"mixed line ends",
			reports.RejectsOptions{Header: []byte("a\r\n"), LineEnd: []byte("\r\n")},
			[]string{"1\n", "2\r", "3\r\n"},
			"a\r\n1\n2\r3\r\n",
		},
		{
			"line end not told",
			reports.RejectsOptions{Header: []byte("sep=;\na\n")},
			[]string{"1"},
			"sep=;\na\n1\n",
		},
		{
			"utf-16 little endian, open last line that ends in the byte of a newline",
			reports.RejectsOptions{Header: []byte("\xff\xfe" + utf16le("a\r\n")), LineEnd: []byte(utf16le("\r\n"))},
			[]string{utf16le("1\n"), utf16le("x") + "\x0a\x0a"},
			"\xff\xfe" + utf16le("a\r\n1\nx") + "\x0a\x0a" + utf16le("\r\n"),
		},
		{
			"utf-16 big endian",
			reports.RejectsOptions{Header: []byte("\xfe\xff" + utf16be("a\n")), LineEnd: []byte(utf16be("\n"))},
			[]string{utf16be("1\r"), utf16be("2")},
			"\xfe\xff" + utf16be("a\n1\r2\n"),
		},
	} {
		for _, way := range []string{"in memory", "read again"} {
			t.Run(tc.name+", "+way, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				r := reports.NewRejects(dir, tc.o)
				for i, raw := range tc.records {
					e := reject(int64(i+1), raw)
					err := error(nil)
					if way == "in memory" {
						err = r.Write(e)
					} else {
						e.Raw = nil
						err = r.WriteLong(e, iotest.OneByteReader(strings.NewReader(raw)))
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				if err := r.Commit(); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, read(t, dir, "rejects.csv")); diff != "" {
					t.Errorf("rejects.csv (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestRejectsHoldWhatHasToBeSentAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := reports.NewRejects(dir, reports.RejectsOptions{JSONL: true})
	for i, o := range linker.Outcomes {
		e := linker.Entry{Row: int64(i + 1), Line: int64(i + 1), Decision: linker.Decision{Outcome: o}, Raw: []byte(`{"o":"` + string(o) + "\"}\n")}
		switch o {
		case linker.Rejected:
			e.Code, e.Message = linker.MalformedRow, "=2+3, \"quoted\""
		case linker.Failed:
			e.Code, e.Message = linker.Locked, "another session holds the recording"
		case linker.Extra, linker.Cleared:
			e.Row, e.Line, e.Raw = 0, 0, nil
		}
		if err := r.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Commit(); err != nil {
		t.Fatal(err)
	}
	want := "{\"o\":\"rejected\"}\n{\"o\":\"failed\"}\n{\"o\":\"unattempted\"}\n"
	if diff := cmp.Diff(want, read(t, dir, "rejects.jsonl")); diff != "" {
		t.Errorf("rejects.jsonl (-want +got):\n%s", diff)
	}
	want = "row,line,code,message,heals\n" +
		"9,9,malformed_row,\"'=2+3, \"\"quoted\"\"\",no\n" +
		"10,10,locked,another session holds the recording,yes\n" +
		"11,11,,not attempted: the run stopped first,yes\n"
	if diff := cmp.Diff(want, read(t, dir, "rejects.reasons.csv")); diff != "" {
		t.Errorf("rejects.reasons.csv (-want +got):\n%s", diff)
	}
	files := map[string]string{
		"rejects": filepath.Join(dir, "rejects.jsonl"),
		"reasons": filepath.Join(dir, "rejects.reasons.csv"),
	}
	if diff := cmp.Diff(files, r.Files()); diff != "" {
		t.Errorf("Files (-want +got):\n%s", diff)
	}
}

func TestNoRejectsNoFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := reports.NewRejects(dir, reports.RejectsOptions{Header: []byte("a\n")})
	if err := r.Write(linker.Entry{Row: 1, Line: 2, Decision: linker.Decision{Outcome: linker.Created}, Raw: []byte("1\n")}); err != nil {
		t.Fatal(err)
	}
	if err := r.Commit(); err != nil {
		t.Fatal(err)
	}
	if r.Files() != nil {
		t.Errorf("Files = %v, want nil", r.Files())
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("folder holds %v, want nothing", left)
	}
}

func TestEveryRejectHasItsReason(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := reports.NewRejects(dir, reports.RejectsOptions{Header: []byte("a\n")})
	const rows = 2000 // several blocks
	for i := range rows {
		if err := r.Write(reject(int64(i+1), "x\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Commit(); err != nil {
		t.Fatal(err)
	}
	list, err := csv.NewReader(strings.NewReader(read(t, dir, "rejects.reasons.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(list) - 1; got != rows {
		t.Errorf("%d reasons for %d rejects", got, rows)
	}
	if got := bytes.Count([]byte(read(t, dir, "rejects.csv")), []byte("x\n")); got != rows {
		t.Errorf("%d records for %d rejects", got, rows)
	}
}

func TestAbortedRejectsLeaveNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := reports.NewRejects(dir, reports.RejectsOptions{})
	if err := r.Write(reject(1, "x\n")); err != nil {
		t.Fatal(err)
	}
	if err := r.Abort(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("folder holds %v, want nothing", left)
	}
}

func TestRejectWithoutItsBytesIsAnError(t *testing.T) {
	t.Parallel()
	r := reports.NewRejects(t.TempDir(), reports.RejectsOptions{})
	err := r.Write(reject(7, ""))
	if want := "writing the rejects: the bytes of row 7 are missing"; err == nil || err.Error() != want {
		t.Errorf("Write = %v, want %q", err, want)
	}
	err = r.WriteLong(reject(7, ""), iotest.ErrReader(errors.New("the source is gone")))
	if want := "reading row 7 again for the rejects: the source is gone"; err == nil || err.Error() != want {
		t.Errorf("WriteLong = %v, want %q", err, want)
	}
	if err := r.Abort(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkRejects(b *testing.B) {
	r := reports.NewRejects(b.TempDir(), reports.RejectsOptions{Header: []byte("a\n")})
	defer r.Abort()
	e := reject(1, strings.Repeat("x", 150)+"\n")
	for b.Loop() {
		if err := r.Write(e); err != nil {
			b.Fatal(err)
		}
	}
}

var _ io.Writer = (*folder.File)(nil)
