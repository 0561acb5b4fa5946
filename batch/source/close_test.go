package source

import (
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"relink/batch/source/raw"
)

// TestSourceClose closes sources that have not been read to the end: before the
// first row, between rows, inside a long record, and while waiting for standard
// input.
func TestSourceClose(t *testing.T) {
	// Not parallel: it counts the goroutines of the process.
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	long := "recordingId,dataType,id\n" + strings.Repeat("x", 5*raw.MaxRecord)
	for _, content := range []string{manyRows(100_000), long, zst(t, manyRows(100_000)), ""} {
		for rows := range 3 {
			s, err := Open(Input{Path: "-", Stdin: strings.NewReader(content)})
			if err != nil {
				continue
			}
			for range rows {
				if err := s.Next(new(Record)); err != nil && err != io.EOF {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}

	r, w := io.Pipe()
	go io.WriteString(w, manyRows(20_000)) // and then nothing, but no end of file either
	s, err := Open(Input{Path: "-", Stdin: r})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Next(new(Record)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	r.Close()
}
