package reports

import (
	"bufio"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"relink/linker"
)

// JSONL writes report.jsonl: one object per line with the keys of Columns in
// their order. row and line are numbers, everything else is text, and empty
// values are "", including row and line of an entry that is not a row of the
// input (extra, cleared), where any number would be wrong.
type JSONL struct {
	w *bufio.Writer
}

// NewJSONL returns a JSONL that writes to w.
func NewJSONL(w io.Writer) *JSONL {
	return &JSONL{w: bufio.NewWriterSize(w, blockSize)}
}

// Write adds one line. An error of the underlying writer is returned by this
// and every later call.
func (j *JSONL) Write(e linker.Entry) error {
	b := append(j.w.AvailableBuffer(), `{"row":`...)
	b = appendNumber(b, e.Row)
	b = append(b, `,"line":`...)
	b = appendNumber(b, e.Line)
	for i, s := range cells(&e) {
		b = append(b, keys[i]...)
		b = appendText(b, s)
	}
	_, err := j.w.Write(append(b, '}', '\n'))
	return err
}

// Close writes the rest. The underlying writer stays open.
func (j *JSONL) Close() error { return j.w.Flush() }

// keys are the keys of the text cells, from the comma to the colon.
var keys = func() (k [12]string) {
	for i, name := range Columns[2:] {
		k[i] = `,"` + name + `":`
	}
	return k
}()

func appendNumber(b []byte, n int64) []byte {
	if n <= 0 {
		return append(b, `""`...)
	}
	return strconv.AppendInt(b, n, 10)
}

// appendText appends s as a JSON string. Invalid UTF-8 is not allowed in JSON
// and becomes U+FFFD; the reader refuses such records, so that only a message
// could contain it.
func appendText(b []byte, s string) []byte {
	if s == "" {
		return append(b, `""`...)
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			b, _ = jsontext.AppendQuote(b, s)
			return b
		}
	}
	// Almost every cell: twice as fast as the general way.
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
