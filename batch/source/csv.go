package source

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gocarina/gocsv"

	"relink/linker"
)

// tallLines is how many lines a record may span without a notice.
const tallLines = 100

// csvReader reads the records of a CSV file. It finds the bounds of a record
// itself, so that a broken record affects no other, and lets gocsv read each
// record that is whole.
type csvReader struct {
	framer
	head header
	rows *gocsv.Unmarshaller
	row  *cells // what rows reads
	all  *cells // every cell of a record, needed for only a few records

	names   *names
	titles  bool // lines may stand above the header
	remarks remarks
}

// cells is an encoding/csv reader that is handed one record at a time.
type cells struct {
	*csv.Reader
	record  []byte
	newline bool // the record's line end is still to be read
}

// newCells returns a reader of records with the given number of cells, or with
// any number for -1.
func newCells(delimiter rune, count int) *cells {
	c := &cells{}
	c.Reader = csv.NewReader(feed{c})
	c.Comma, c.FieldsPerRecord, c.ReuseRecord = delimiter, count, true
	return c
}

// set hands over the next record, without its line end. encoding/csv turns CR
// LF within a cell into LF, and CR CR LF into CR LF, so feed keeps cells as
// they are.
func (c *cells) set(record []byte) {
	if bytes.Contains(record, []byte("\r\n")) {
		record = bytes.ReplaceAll(record, []byte("\r\n"), []byte("\r\r\n"))
	}
	c.record, c.newline = record, true
}

// feed passes the record of cells to encoding/csv, followed by one line end,
// whatever the line end is in the source.
type feed struct{ c *cells }

func (f feed) Read(p []byte) (int, error) {
	n := copy(p, f.c.record)
	f.c.record = f.c.record[n:]
	switch {
	case n < len(p) && f.c.newline:
		p[n] = '\n'
		n, f.c.newline = n+1, false
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}

// start lets gocsv read the columns of the header.
func (c *csvReader) start() error {
	var columns []string
	if c.head.shared {
		columns = c.head.merged()
	} else {
		for i, f := range c.head.fields {
			if f == noField {
				// gocsv ignores a column that no field is named after.
				columns = append(columns, fmt.Sprintf("column %d", i+1))
			} else {
				columns = append(columns, f.String())
			}
		}
	}
	c.all = newCells(c.delimiter, -1)
	c.row = newCells(c.delimiter, len(columns))
	line := `"` + strings.Join(columns, `"`+string(c.delimiter)+`"`) + `"`
	c.row.set([]byte(line))
	rows, err := gocsv.NewUnmarshaller(c.row.Reader, &linker.Fields{})
	if err != nil {
		return fmt.Errorf("preparing to read the columns: %w", err)
	}
	c.rows = rows
	return nil
}

// next reads the next record that has a non-empty cell; the caller sets r.Row.
func (c *csvReader) next(r *Record) error {
	for {
		f, err := c.record(r)
		if err != nil {
			if errors.Is(err, io.EOF) {
				c.notes.doubt(c.remarks.finish(c.notes))
			}
			return err
		}
		blank, err := c.parse(f, r)
		if err != nil {
			return err
		}
		if blank {
			continue
		}
		if f.lines > tallLines {
			c.notes.tallRecord(f.line, f.line+f.lines-1)
		}
		return nil
	}
}

// parse reads the cells of a record into r. blank is true when all are empty.
func (c *csvReader) parse(f frame, r *Record) (blank bool, err error) {
	if f.code != "" {
		r.Fault = &linker.RowError{Code: f.code, Message: f.fault(c.position(f.text), c.column)}
		c.remarks.row(f.line)
		return false, nil
	}
	text := f.text
	if c.head.shared {
		found, all := c.split(text)
		if found == 0 || c.head.repeats(all) || len(all) != len(c.head.fields) {
			return c.unusual(f, r, found, all), nil
		}
		merged, problem, err := c.merge(all)
		if problem != "" || err != nil {
			c.remarks.row(f.line)
			r.Fault = malformed(problem)
			return false, err
		}
		text = merged
	}
	c.row.set(text)
	row, err := c.rows.Read()
	switch {
	case err == nil:
		r.Fields = *row.(*linker.Fields)
		if id := r.Fields.RecordingID; id != "" && !f.last && alphanumeric(id[0]) && !c.head.mayName(id) {
			c.remarks.row(f.line) // the path of nearly every record
			return false, nil
		}
		found, all := c.split(f.text)
		return c.unusual(f, r, found, all), nil
	case errors.Is(err, csv.ErrFieldCount):
		found, all := c.split(f.text)
		return c.unusual(f, r, found, all), nil
	}
	// The framer passes only what encoding/csv can read. Should the two ever
	// differ, the record is refused and the reader starts again.
	r.Fault = malformed(err.Error())
	return false, c.start()
}

func malformed(message string) *linker.RowError {
	return &linker.RowError{Code: linker.MalformedRow, Message: message}
}

// position returns the line and column of a byte of a record.
func (c *csvReader) position(text []byte) func(at int) string {
	return func(at int) string {
		q := quotes{delimiter: c.quotes.delimiter}
		for _, l := range bytes.Split(text[:at], []byte("\n")) {
			if q.follow(l) != "" {
				return "the record"
			}
		}
		return c.column(q.column)
	}
}

// split returns all cells of a record and how many of them are not just white
// space.
func (c *csvReader) split(text []byte) (found int, all []string) {
	c.all.set(text)
	all, err := c.all.Read()
	if err != nil {
		return 0, nil
	}
	for _, cell := range all {
		if !linker.IsBlank(cell) {
			found++
		}
	}
	return found, all
}

// column names a column in a message.
func (c *csvReader) column(i int) string {
	if i < len(c.head.cells) && c.head.cells[i] != "" {
		return fmt.Sprintf("column %d (%s)", i+1, quoted(c.head.cells[i]))
	}
	return fmt.Sprintf("column %d", i+1)
}

// merged lists the fields that the columns of a header with shared fields feed.
func (h *header) merged() []string {
	var fields []string
	for f := range linker.FieldCount {
		if slices.Contains(h.fields, f) {
			fields = append(fields, f.String())
		}
	}
	return fields
}

// merge rewrites a record with one cell per field, for a header in which
// several columns feed one field. problem is set when the record fills two of
// them, or when something else is wrong with it.
func (c *csvReader) merge(all []string) (merged []byte, problem string, err error) {
	var values [linker.FieldCount]string
	var from [linker.FieldCount]int
	for i, f := range c.head.fields {
		if f == noField || strings.TrimSpace(all[i]) == "" {
			continue
		}
		if values[f] != "" {
			return nil, fmt.Sprintf("%s and %s both feed %s, and both are filled", c.column(from[f]), c.column(i), f), nil
		}
		values[f], from[f] = all[i], i
	}
	var row []string
	for f := range linker.FieldCount {
		if slices.Contains(c.head.fields, f) {
			row = append(row, values[f])
		}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = c.delimiter
	if err := w.Write(row); err != nil {
		return nil, "", err
	}
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), "", nil
}
