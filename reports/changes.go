package reports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"relink/linker"
	"relink/linker/text"
)

// Changes writes what a run did to links, a line a recording: for people, or as
// JSONL for programs.
type Changes struct {
	w     *bufio.Writer
	jsonl bool
}

// NewChanges returns a Changes that writes to w.
func NewChanges(w io.Writer, jsonl bool) *Changes {
	return &Changes{w: bufio.NewWriterSize(w, blockSize), jsonl: jsonl}
}

// Write adds the change's line. Nothing of the change is kept.
func (c *Changes) Write(change *linker.Change) error {
	if c.jsonl {
		line, err := ChangeJSON(change)
		if err == nil {
			_, err = c.w.Write(append(line, '\n'))
		}
		return err
	}
	from := "pruned"
	if change.Row != nil {
		from = "row " + strconv.FormatInt(*change.Row, 10)
	}
	line := fmt.Sprintf("%s  %s -> %s  %s  %s  %s", change.RecordingID, end(change.Previous), end(change.Current),
		orDash(change.Trigger), from, change.At.Format("2006-01-02 15:04:05 UTC"))
	_, err := c.w.WriteString(text.Printable(line) + "\n")
	return err
}

// Close writes what is still buffered. It does not close the underlying writer.
func (c *Changes) Close() error { return c.w.Flush() }

func end(l *linker.ChangedLink) string {
	if l == nil {
		return "-"
	}
	return l.DataType + " " + l.EntityID
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// ChangeJSON is the change on one line, without a line end.
func ChangeJSON(change *linker.Change) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(change)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
