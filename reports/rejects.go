package reports

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"github.com/gocarina/gocsv"

	"relink/linker"
	"relink/linker/explain"
	"relink/reports/folder"
)

// RejectsOptions describe the records of the source.
type RejectsOptions struct {
	// JSONL names the file rejects.jsonl. Default: rejects.csv.
	JSONL bool
	// Header is everything before the first record, exactly as in the source:
	// the byte order mark, a sep= line, the header line with its line end. For
	// JSONL the byte order mark, or nothing.
	Header []byte
	// LineEnd is the source's line end in the source's encoding. It is added to
	// a last record that has none. Default: "\n".
	LineEnd []byte
}

// Rejects writes the records that have to be sent again, byte for byte as in
// the source, so that the file can be fixed and imported: rejects.csv or
// rejects.jsonl, and beside it rejects.reasons.csv with a line for each record.
// The files are created only when there is such a record.
type Rejects struct {
	dir     string
	o       RejectsOptions
	files   [2]*folder.File // records and reasons; nil before the first record
	records *bufio.Writer
	reasons *csv.Writer
	rows    []reason // lines of the reasons that have not been marshalled yet
	long    []byte   // the copy buffer of WriteLong
}

// reason is a line of rejects.reasons.csv.
type reason struct {
	Row     string `csv:"row"`
	Line    string `csv:"line"`
	Code    string `csv:"code"`
	Message string `csv:"message"`
	// Heals is yes when time alone can fix the row: the CRM sync delivers what
	// is missing, the other session releases its lock. Such a row can be sent
	// again unchanged.
	Heals string `csv:"heals"`
}

// NewRejects returns a Rejects that creates its files in the folder dir when it
// gets the first record for them.
func NewRejects(dir string, o RejectsOptions) *Rejects {
	if len(o.LineEnd) == 0 {
		o.LineEnd = []byte("\n")
	}
	return &Rejects{dir: dir, o: o}
}

// NeedsRetry reports whether a row with this outcome belongs in the rejects.
func NeedsRetry(o linker.Outcome) bool {
	return o == linker.Rejected || o == linker.Failed || o == linker.Unattempted
}

// Write adds the entry's record if its outcome calls for it, and does nothing
// otherwise. e.Raw must hold the whole record; for one that is too long to be
// kept in memory, use WriteLong.
func (r *Rejects) Write(e linker.Entry) error {
	if !NeedsRetry(e.Outcome) {
		return nil
	}
	if len(e.Raw) == 0 {
		return fmt.Errorf("writing the rejects: the bytes of row %d are missing", e.Row)
	}
	if err := r.begin(); err != nil {
		return err
	}
	if _, err := r.records.Write(e.Raw); err != nil {
		return err
	}
	if err := r.endLine(e.Raw); err != nil {
		return err
	}
	return r.explain(&e)
}

// WriteLong is Write for a record that is not in memory: raw reads it again
// from the source.
func (r *Rejects) WriteLong(e linker.Entry, raw io.Reader) error {
	if !NeedsRetry(e.Outcome) {
		return nil
	}
	if err := r.begin(); err != nil {
		return err
	}
	if r.long == nil {
		r.long = make([]byte, blockSize)
	}
	var last [4]byte // the end of the record so far
	for {
		n, err := io.ReadFull(raw, r.long)
		if n > 0 {
			if _, err := r.records.Write(r.long[:n]); err != nil {
				return err
			}
			keepLast(&last, r.long[:n])
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading row %d again for the rejects: %w", e.Row, err)
		}
	}
	if err := r.endLine(last[:]); err != nil {
		return err
	}
	return r.explain(&e)
}

// keepLast shifts the last bytes of p into last.
func keepLast(last *[4]byte, p []byte) {
	if len(p) >= len(last) {
		copy(last[:], p[len(p)-len(last):])
		return
	}
	copy(last[:], last[len(p):])
	copy(last[len(last)-len(p):], p)
}

// Files returns the files that Commit makes, nil when there was no record for
// them.
func (r *Rejects) Files() map[string]string {
	if r.records == nil {
		return nil
	}
	return map[string]string{"rejects": r.files[0].Path(), "reasons": r.files[1].Path()}
}

// Commit completes the files, if there are any.
func (r *Rejects) Commit() error {
	if r.records == nil {
		return nil
	}
	if err := r.writeReasons(); err != nil {
		return err
	}
	if err := r.records.Flush(); err != nil {
		return err
	}
	// The reasons first: the rejects must never exist without them.
	if err := r.files[1].Commit(); err != nil {
		return err
	}
	return r.files[0].Commit()
}

// Abort removes what was written and not committed.
func (r *Rejects) Abort() error {
	if r.records == nil {
		return nil
	}
	return errors.Join(r.files[0].Abort(), r.files[1].Abort())
}

// begin creates the files when the first record comes.
func (r *Rejects) begin() error {
	if r.records != nil {
		return nil
	}
	name := "rejects.csv"
	if r.o.JSONL {
		name = "rejects.jsonl"
	}
	records, err := folder.CreateFile(filepath.Join(r.dir, name))
	if err != nil {
		return err
	}
	reasons, err := folder.CreateFile(filepath.Join(r.dir, "rejects.reasons.csv"))
	if err != nil {
		return errors.Join(err, records.Abort())
	}
	r.files = [2]*folder.File{records, reasons}
	r.records = bufio.NewWriterSize(records, blockSize)
	r.reasons = csv.NewWriter(reasons)
	if err := gocsv.MarshalCSV([]reason{}, r.reasons); err != nil {
		return err
	}
	_, err = r.records.Write(r.o.Header)
	return err
}

// endLine ends a record that has no line end of its own: the last one of a
// source that does not end with a line end.
func (r *Rejects) endLine(raw []byte) error {
	if endsLine(raw, r.o.LineEnd) {
		return nil
	}
	_, err := r.records.Write(r.o.LineEnd)
	return err
}

// endsLine reports whether raw ends with CR or LF in the encoding of lineEnd.
// The last of several line ends decides: files with mixed line ends exist.
func endsLine(raw, lineEnd []byte) bool {
	n := len(raw)
	if len(lineEnd) < 2 || lineEnd[0] != 0 && lineEnd[1] != 0 {
		return n > 0 && (raw[n-1] == '\n' || raw[n-1] == '\r')
	}
	if n < 2 {
		return false
	}
	char, zero := raw[n-1], raw[n-2] // UTF-16BE
	if lineEnd[1] == 0 {
		char, zero = zero, char // UTF-16LE
	}
	return zero == 0 && (char == '\n' || char == '\r')
}

// reasonsBlock is how many lines of rejects.reasons.csv are marshalled at
// once: gocsv looks at the type again for every call.
const reasonsBlock = 512

// explain adds the entry's line to rejects.reasons.csv.
func (r *Rejects) explain(e *linker.Entry) error {
	why, _ := explain.Explain(e.Code)
	heals, message := why.Heals, e.Message
	if e.Outcome == linker.Unattempted {
		heals = true
		message = cmp.Or(message, "not attempted: the run stopped first")
	}
	r.rows = append(r.rows, reason{
		Row: number(e.Row), Line: number(e.Line), Code: string(e.Code),
		Message: defused(message), Heals: yesNo(heals),
	})
	if len(r.rows) < reasonsBlock {
		return nil
	}
	return r.writeReasons()
}

func (r *Rejects) writeReasons() error {
	if len(r.rows) == 0 {
		return nil
	}
	err := gocsv.MarshalCSVWithoutHeaders(r.rows, r.reasons)
	clear(r.rows) // release the messages
	r.rows = r.rows[:0]
	return err
}

func number(n int64) string {
	if n <= 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
