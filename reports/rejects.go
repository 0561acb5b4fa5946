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

// RejectsOptions say what the records of the source look like.
type RejectsOptions struct {
	// JSONL names the file rejects.jsonl. Default: rejects.csv.
	JSONL bool
	// Header is everything that stands before the first record, as it
	// stands in the source: the byte order mark, a sep= line, the header
	// line with its line end. For JSONL the byte order mark, or nothing.
	Header []byte
	// LineEnd is the source's line end in the source's encoding. A last
	// record that has none gets it. Default: "\n".
	LineEnd []byte
}

// Rejects writes the records that have to be sent again, byte for byte as they
// stand in the source, so that the file can be fixed and fed back:
// rejects.csv or rejects.jsonl, and beside it rejects.reasons.csv, a line for
// each record. Both files exist only once there is such a record.
type Rejects struct {
	dir     string
	o       RejectsOptions
	files   [2]*folder.File // records and reasons; nil before the first record
	records *bufio.Writer
	reasons *csv.Writer
	rows    []reason // lines of the reasons that are not marshalled yet
	long    []byte   // the copy buffer of WriteLong
}

// reason is a line of rejects.reasons.csv.
type reason struct {
	Row     string `csv:"row"`
	Line    string `csv:"line"`
	Code    string `csv:"code"`
	Message string `csv:"message"`
	// Heals is yes when time alone can heal the row: the CRM sync brings
	// what is missing, the other session lets go. Such a row can be sent
	// again as it is.
	Heals string `csv:"heals"`
}

// NewRejects returns a Rejects that creates its files in the folder dir when
// it meets the first record for them.
func NewRejects(dir string, o RejectsOptions) *Rejects {
	if len(o.LineEnd) == 0 {
		o.LineEnd = []byte("\n")
	}
	return &Rejects{dir: dir, o: o}
}

// NeedsRetry reports whether a row with this outcome belongs into the rejects.
func NeedsRetry(o linker.Outcome) bool {
	return o == linker.Rejected || o == linker.Failed || o == linker.Unattempted
}

// Write adds the entry's record if its outcome asks for it, and does nothing
// otherwise. e.Raw must hold the whole record: one that is too long to be held
// goes through WriteLong.
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
	// The reasons first: the rejects never stand there without them.
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

// endLine ends a record that does not end its own line: the last one of a
// source whose last line is open.
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
	clear(r.rows) // let go of the messages
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
