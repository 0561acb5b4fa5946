package reports

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"relink/linker"
	"relink/reports/folder"
)

// Lines reads a report again, line by line.
type Lines struct {
	path string
	f    *os.File
	csv  *csv.Reader
	json *json.Decoder
	at   map[string]int // the place of each column of a CSV
}

// OpenLines opens the report at path, CSV or JSONL, compressed or not; the
// format is recognized by its first byte.
func OpenLines(path string) (*Lines, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the report %s: %w", path, folder.Cause(err))
	}
	l := &Lines{path: path}
	if l.f, err = folder.Decompressed(f); err != nil {
		l.f.Close() // it is only read from
		return nil, fmt.Errorf("opening the report %s: %w", path, folder.Cause(err))
	}
	if err := l.begin(); err != nil {
		l.f.Close() // it is only read from
		return nil, fmt.Errorf("reading the report %s: %w", path, folder.Cause(err))
	}
	return l, nil
}

func (l *Lines) begin() error {
	b := bufio.NewReaderSize(l.f, blockSize)
	first, err := b.Peek(1)
	if errors.Is(err, io.EOF) || err == nil && first[0] == '{' { // JSONL of no rows is empty
		l.json = json.NewDecoder(b)
		return nil
	}
	if err != nil {
		return err
	}
	l.csv = csv.NewReader(b)
	l.csv.ReuseRecord = true
	header, err := l.csv.Read()
	if err != nil {
		return err
	}
	l.at = map[string]int{}
	for i, name := range header {
		l.at[name] = i
	}
	for _, name := range Columns {
		if _, ok := l.at[name]; !ok {
			return fmt.Errorf("there is no column %q: is it the report of a run?", name)
		}
	}
	return nil
}

// Line is one row of a report: its input fields as the report shows them, and
// its outcome.
type Line struct {
	fields  linker.Fields
	Outcome linker.Outcome
	Code    linker.Code
	csv     bool
}

// Next reads the next line; it returns io.EOF after the last one.
func (l *Lines) Next(line *Line) error {
	*line = Line{csv: l.csv != nil}
	value, err := l.read()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err != nil {
		return fmt.Errorf("reading the report %s: %w", l.path, folder.Cause(err))
	}
	for f := range linker.ReportedCount {
		*line.fields.At(f) = value(f.String())
	}
	line.Outcome, line.Code = linker.Outcome(value("outcome")), linker.Code(value("code"))
	return nil
}

// read reads a line and returns its values by the names of the columns.
func (l *Lines) read() (value func(string) string, err error) {
	if l.csv != nil {
		cells, err := l.csv.Read()
		return func(name string) string { return cells[l.at[name]] }, err
	}
	var object map[string]any
	err = l.json.Decode(&object)
	return func(name string) string {
		s, _ := object[name].(string) // row and line are numbers, which are not needed
		return s
	}, err
}

// Shows reports whether the line's input fields are these, given as they stand in
// the input. The report of a CSV has apostrophes where a formula could begin.
func (l *Line) Shows(f *linker.Fields) bool {
	for i := range linker.ReportedCount {
		want := *f.At(i)
		if l.csv {
			want = strings.ReplaceAll(defused(want), "\r\n", "\n") // as encoding/csv reads it
		}
		if *l.fields.At(i) != want {
			return false
		}
	}
	return true
}

// Close ends the reading.
func (l *Lines) Close() error { return l.f.Close() }
