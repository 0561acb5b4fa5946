package reports

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"relink/linker/text"
	"relink/reports/folder"
)

// Expect compares the bytes written to it with a file, the approved report. A
// difference is not an error of Write, so that the report is still written to
// its own file; Finish returns it.
type Expect struct {
	path string
	f    *os.File
	want *bufio.Reader
	buf  []byte

	line      int64 // the current line, from 1
	lineStart int64 // where it begins
	offset    int64 // bytes compared
	diff      *Difference
}

// Difference is the first place at which two reports differ.
type Difference struct {
	Line int64 // the line that differs; the header of a CSV is line 1
	// Want is the line as approved, Got as it is now, both cut after
	// shownBytes. The one whose report has ended is "".
	Want, Got string
}

// shownBytes is how much of a line a Difference shows: enough for the ids, the
// outcome and the beginning of the message.
const shownBytes = 300

// String describes the difference in one sentence.
func (d *Difference) String() string {
	switch {
	case d.Got == "":
		return fmt.Sprintf("line %d of the approved report is missing now: %s", d.Line, text.Printable(d.Want))
	case d.Want == "":
		return fmt.Sprintf("the approved report ends before line %d: %s", d.Line, text.Printable(d.Got))
	}
	return fmt.Sprintf("line %d was %s and is now %s", d.Line, text.Printable(d.Want), text.Printable(d.Got))
}

// OpenExpect opens the approved report, which may be compressed.
func OpenExpect(path string) (*Expect, error) {
	f, err := openReport(path)
	if err == nil {
		if f, err = folder.Decompressed(f); err != nil {
			f.Close() // it is only read from
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the approved report %s: %w", path, folder.Cause(err))
	}
	return &Expect{
		path: path, f: f, line: 1,
		want: bufio.NewReaderSize(f, blockSize),
		buf:  make([]byte, blockSize),
	}, nil
}

// openReport opens a report.
func openReport(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("not a plain file; give the report.csv or report.jsonl of a dry run")
	}
	if err != nil {
		f.Close() // nothing was read
		return nil, err
	}
	return f, nil
}

// SHA256 is the checksum of a report's bytes, before any compression, in
// hexadecimal.
func SHA256(path string) (string, error) {
	f, err := openReport(path)
	if err != nil {
		return "", fmt.Errorf("opening the report %s: %w", path, folder.Cause(err))
	}
	defer f.Close() // only read from
	h := sha256.New()
	r, done, err := folder.Unpacked(f)
	if err == nil {
		defer done()
		_, err = io.Copy(h, r)
	}
	if err != nil {
		return "", fmt.Errorf("reading the report %s: %w", path, folder.Cause(err))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// IsJSONL reports whether the approved report is JSONL, judging by its first
// byte. An empty file is JSONL: a CSV has a header.
func (x *Expect) IsJSONL() bool {
	first, err := x.want.Peek(1)
	return err != nil || first[0] == '{'
}

// Write compares p with the next bytes of the approved report. Its errors are
// those of reading that file.
func (x *Expect) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 && x.diff == nil {
		want := x.buf[:min(len(p), len(x.buf))]
		m, err := io.ReadFull(x.want, want)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, fmt.Errorf("reading the approved report %s: %w", x.path, folder.Cause(err))
		}
		same := samePrefix(want[:m], p)
		x.pass(p[:same])
		if same < len(want) {
			if err := x.found(p[same:]); err != nil {
				return 0, err
			}
		}
		p = p[same:]
	}
	return n, nil
}

// Finish closes the approved report and returns the first difference, nil when
// both are equal to the last byte.
func (x *Expect) Finish() (*Difference, error) {
	defer x.f.Close() // only read from
	if x.diff != nil {
		return x.diff, nil
	}
	_, err := x.want.Peek(1)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the approved report %s: %w", x.path, folder.Cause(err))
	}
	err = x.found(nil)
	return x.diff, err
}

// pass counts bytes that are equal.
func (x *Expect) pass(p []byte) {
	if i := bytes.LastIndexByte(p, '\n'); i >= 0 {
		x.line += int64(bytes.Count(p, []byte{'\n'}))
		x.lineStart = x.offset + int64(i) + 1
	}
	x.offset += int64(len(p))
}

// found records that the reports differ from here on; got is what was written
// from this place.
func (x *Expect) found(got []byte) error {
	wantLine := make([]byte, shownBytes)
	n, err := x.f.ReadAt(wantLine, x.lineStart)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the approved report %s: %w", x.path, folder.Cause(err))
	}
	wantLine = wantLine[:n]
	// Up to this place both lines are the same.
	gotLine := bytes.Clone(wantLine[:min(x.offset-x.lineStart, int64(n))])
	if x.offset-x.lineStart <= int64(n) {
		gotLine = append(gotLine, got...)
	}
	x.diff = &Difference{Line: x.line, Want: shownLine(wantLine), Got: shownLine(gotLine)}
	return nil
}

// shownLine is the first line of p, cut to shownBytes at a character.
func shownLine(p []byte) string {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		p = p[:i]
	}
	if len(p) >= shownBytes {
		return string(bytes.ToValidUTF8(p[:shownBytes-len("…")], nil)) + "…"
	}
	return string(p)
}

// samePrefix is the number of bytes a and b have in common from the start.
func samePrefix(a, b []byte) int {
	n := min(len(a), len(b))
	if bytes.Equal(a[:n], b[:n]) {
		return n
	}
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
