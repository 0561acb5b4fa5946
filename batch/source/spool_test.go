package source

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestSpool(t *testing.T) {
	t.Parallel()
	const content = "recordingId;dataType;id\nr1;LEAD;i1\n"
	dir := t.TempDir()
	file := filepath.Join(dir, "links.csv")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "links.jsonl")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		w, err := os.OpenFile(pipe, os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer w.Close()
		if _, err := w.WriteString(`{"recordingId":"r1","dataType":"LEAD","id":"i1"}`); err != nil {
			t.Error(err)
		}
	}()
	tests := []struct {
		name   string
		in     Input
		want   string // the name of the source
		format string
		copied bool
	}{
		{"a file", Input{Path: file}, file, "csv", false},
		{"standard input", Input{Path: "-", Stdin: strings.NewReader(content)}, "-", "csv", true},
		{"JSONL on standard input", Input{Path: "-", Stdin: strings.NewReader(` {"recordingId":"r1","dataType":"LEAD","id":"i1"}`)}, "-", "jsonl", true},
		{"a pipe with a name", Input{Path: pipe}, pipe, "jsonl", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			spool := t.TempDir()
			in, err := Spool(t.Context(), tt.in, spool)
			if err != nil {
				t.Fatal(err)
			}
			if copied := strings.HasPrefix(in.Path, spool); copied != tt.copied {
				t.Errorf("Spool gives %q, want a copy in %q: %v", in.Path, spool, tt.copied)
			}
			for range 2 {
				s, err := Open(in)
				if err != nil {
					t.Fatal(err)
				}
				var r Record
				for err == nil {
					err = s.Next(&r)
				}
				if got := brief([]Record{r})[0]; !strings.HasSuffix(got, "r1/LEAD/i1") {
					t.Errorf("the row read = %s, want r1/LEAD/i1", got)
				}
				if s.Identity().Name != tt.want || s.Format() != tt.format {
					t.Errorf("name = %q, format = %q, want %q and %q", s.Identity().Name, s.Format(), tt.want, tt.format)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestSpoolLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, in := range map[string]Input{
		"a directory":           {Path: dir},
		"a missing file":        {Path: filepath.Join(dir, "none")},
		"no standard input":     {Path: "-"},
		"broken standard input": {Path: "-", Stdin: failing{strings.NewReader("x"), os.ErrDeadlineExceeded}},
	} {
		spooled, err := Spool(t.Context(), in, dir)
		if err == nil {
			_, err = Open(spooled)
		}
		if err == nil {
			t.Errorf("%s: spooled and opened, want an error", name)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%d files are left, %v, want none", len(left), err)
	}
}
