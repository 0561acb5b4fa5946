package source

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"relink/batch/source/raw"
	"relink/linker"
)

// Input is what to read and what is known about it. The zero value of every
// field except Path means that it is detected. Its JSON is part of the recorded
// settings of a run.
type Input struct {
	// Path is the file; "-" reads Stdin.
	Path  string    `json:"path"`
	Stdin io.Reader `json:"-"`
	// Fetch, when not nil, copies the input to a local file; Path is then only
	// its name. Such an input can be read only after Spool.
	Fetch func(ctx context.Context, to *os.File) error `json:"-"`
	// Version is the server's identifier of the version that Fetch copies, ""
	// when it has none.
	Version string   `json:"version,omitempty"`
	held    *os.File // see Hold; nil for none
	// Name is the name of the source in messages and in Identity. Defaults to
	// Path.
	Name string `json:"name"`
	// Format is "csv" or "jsonl". Defaults to the format of the name, or to
	// what the first byte suggests for other names and standard input.
	Format string `json:"format,omitempty"`
	// Encoding is the label of a text encoding ("windows-1252"). Defaults to
	// that of a byte order mark, else UTF-8.
	Encoding string `json:"encoding,omitempty"`
	// Delimiter separates the cells of CSV. By default it is detected from the
	// header.
	Delimiter string `json:"delimiter,omitempty"`
	// Map gives the field that a header or key stands for. Headers are matched
	// ignoring case, spaces, "_" and "-". A header mapped to "" is ignored.
	Map map[string]string `json:"map,omitempty"`
	// Names, when not nil, are the columns or keys of the file, each with the field
	// that it gives, in the place of the fields' own names; linker.FieldCount for one
	// that is known and not read. See Pairs.
	Names map[string]linker.Field `json:"-"`
	// Sheet is the sheet of a workbook that is read. Defaults to the first that
	// is not hidden.
	Sheet string `json:"sheet,omitempty"`
	// Set holds the values of --set. A field that it sets needs no column; the
	// records themselves are read unchanged.
	Set linker.Fields `json:"-"`
	// MaxBytes is the maximum size of the input in bytes, unpacked. Defaults to
	// DefaultMaxBytes, with which packed data must not become more than 250 times
	// its size.
	MaxBytes int64 `json:"maxBytes,omitempty"`
	// Values holds the values of --map-value. The records themselves are read
	// unchanged: see Record.Check.
	Values []linker.Replacement `json:"-"`
}

// Reader reads the records of one input, in order. It is not safe for
// concurrent use, except for BytesRead, Size and Notices.
type Reader struct {
	name       string // in messages
	given      string // in Identity
	format     string
	stored     *hashingReader
	packed     *bufio.Reader // the stored bytes, before they are unpacked
	stop       func()
	cause      func() error // why reading had to end, nil while it need not
	left       func() bool  // ends the wait for that
	notes      *notices
	framer     framer
	records    recordReader
	prefetcher *prefetcher // nil until the first Next
	header     []byte
	newline    []byte
	sheet      bool // it is a sheet of a workbook
	rows       int64
	ended      error // the error that ended the reading, nil until then
}

// recordReader is the part of a Reader that depends on the format. next reads
// the next record that is not blank into r; the caller sets r.Row.
type recordReader interface {
	next(r *Record) error
}

// Open detects what the input is and reads up to the first record. Its errors
// explain what is wrong with the input as a whole and what to do.
func Open(in Input) (*Reader, error) { return OpenContext(context.Background(), in) }

// OpenContext is Open with a context. When it ends, all reading ends, even if
// the file has no record for a long while: OpenContext or Next then returns the
// cause.
func OpenContext(ctx context.Context, in Input) (*Reader, error) {
	return open(ctx, in, raw.BlockSize)
}

// open is OpenContext with the number of bytes to read at a time.
func open(ctx context.Context, in Input, block int) (*Reader, error) {
	r, err := begin(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := r.open(in, block); err != nil {
		r.Close()
		return nil, r.reading(err)
	}
	return r, nil
}

// begin starts to read the bytes that are stored.
func begin(ctx context.Context, in Input) (*Reader, error) {
	r := &Reader{given: in.Name, notes: &notices{}, stop: func() {}, cause: func() error { return context.Cause(ctx) }}
	if r.given == "" {
		r.given = in.Path
	}
	if r.name = r.given; r.name == "-" {
		r.name = "standard input"
	}
	var err error
	if r.stored, err = newHashingReader(in, r.name); err != nil {
		return nil, err
	}
	r.left = context.AfterFunc(ctx, r.stored.stop)
	return r, nil
}

// unpack returns what is stored, unpacked: of a workbook, a sheet as CSV.
func (r *Reader) unpack(in Input) (io.Reader, error) {
	r.packed = bufio.NewReader(r.stored)
	if is, err := r.isWorkbook(in); err != nil || is {
		if err != nil {
			return nil, err
		}
		return r.openSheet(in)
	}
	unpacked, stop, err := raw.Unpack(r.packed, r.name)
	if err != nil {
		return nil, err
	}
	r.stop = stop
	return newBounded(unpacked, r, in.maxBytes()), nil
}

func (r *Reader) open(in Input, block int) error {
	unpacked, err := r.unpack(in)
	if err != nil {
		return err
	}
	l := raw.NewLines(unpacked, block)
	sample, err := l.Peek(sampleSize)
	if err != nil {
		return r.reading(err)
	}
	if len(sample) == 0 {
		// A JSONL file of no bytes is a file of no rows; a CSV file has at
		// least a header.
		if format, err := formatOf(in, r.given, ""); err != nil || format != formatJSONL {
			return cmp.Or(err, error(&raw.Error{Place: r.name, What: "the file is empty", Remedy: "was the export complete?"}))
		}
	}
	if err := refuse(sample, r.name); err != nil {
		return err
	}
	r.framer = framer{lines: l, notes: r.notes}
	t, bom, err := raw.FindCharset(in.Encoding, r.name, sample)
	if err != nil {
		return err
	}
	if t.Unit.Width == 2 && bom > 0 {
		r.notes.add("the encoding is %s, as the byte order mark says", t.Name)
	}
	r.framer.charset, l.Unit = t, t.Unit
	r.framer.marked = bom > 0
	decoded, _ := t.Append(nil, sample[bom:])
	if err := refuseText(string(decoded), r.name); err != nil {
		return err
	}
	if r.format, err = formatOf(in, r.given, string(decoded)); err != nil {
		return err
	}
	n, err := newNames(in.Map, in.Names)
	if err != nil {
		return err
	}
	r.newline = t.Unit.Write(nil, firstLineEnd(decoded))
	l.Begin()
	l.Skip(bom)
	if r.format == formatJSONL {
		if err := refuseJSON(decoded, r.name, &n); err != nil {
			return err
		}
		if err := refuseCSV(string(decoded), r.name, &n, in.Set); err != nil {
			return err
		}
		r.header = slices.Clone(l.Record())
		// In JSON a CR is white space. It ends lines only where nothing else
		// does.
		l.LoneCR = firstLineEnd(decoded) == "\r"
		r.records = newJSONReader(r.framer, r.name, n)
		return nil
	}
	r.framer.csv, l.LoneCR = true, true
	c := &csvReader{framer: r.framer, names: &n, titles: r.sheet}
	if r.sheet {
		in.Delimiter = ","
	}
	r.records = c
	if r.header, err = c.readHeader(in, r.name, &n); err != nil {
		return r.reading(err)
	}
	if err := c.lookAhead(r.name); err != nil {
		return r.reading(err)
	}
	c.shape = newShape(&c.head, c.quotes.delimiter)
	return c.start()
}

// firstLineEnd returns the first line end in text. A CR alone counts only where
// there is no LF at all.
func firstLineEnd(text []byte) string {
	lf := slices.Index(text, '\n')
	switch {
	case lf > 0 && text[lf-1] == '\r':
		return "\r\n"
	case lf < 0 && slices.Contains(text, '\r'):
		return "\r"
	}
	return "\n"
}

// reading adds the name of the source to a read error.
func (r *Reader) reading(err error) error {
	if cause := r.cause(); cause != nil {
		return cause
	}
	var e *raw.Error
	if errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("%s: reading: %w", r.name, err)
}

// Next reads the next record into record; it returns io.EOF after the last one.
// A record that cannot be read has a Fault and is not an error: any other error
// means that the rest of the input cannot be read, and stops the run. Next
// overwrites all of record; its Raw and Rest are valid until the next call.
func (r *Reader) Next(record *Record) error {
	if r.ended != nil {
		return r.ended
	}
	if r.prefetcher == nil {
		r.prefetcher = newPrefetcher(r.records)
	}
	err := r.prefetcher.read(record)
	if err == nil {
		r.rows++
		record.Row = r.rows
		return nil
	}
	if errors.Is(err, io.EOF) {
		if r.rows == 0 {
			r.notes.add("there is no row in the file")
		}
		err = r.stored.finish(r.packed, r.name)
	}
	if err == nil {
		r.ended = io.EOF
	} else {
		r.ended = r.reading(err)
	}
	return r.ended
}

// Header returns what is before the first record, byte for byte: the byte
// order mark, a "sep=" line and the CSV header with its line end; for JSONL
// the byte order mark alone. It is empty when there is nothing.
func (r *Reader) Header() []byte { return r.header }

// Newline returns the line end of the header (of the first line for JSONL) in
// the source's encoding, to be added to a last record that has none.
func (r *Reader) Newline() []byte { return r.newline }

// BytesRead returns how many bytes of the file as stored have been read.
func (r *Reader) BytesRead() int64 { return r.stored.read.Load() }

// Size returns the size of the file as stored, -1 when it is unknown.
func (r *Reader) Size() int64 { return r.stored.size }

// Identity identifies the content of this source. It is valid once Next has
// returned io.EOF: every byte of the file has then been read.
func (r *Reader) Identity() linker.SourceIdentity {
	return linker.SourceIdentity{Name: r.given, Bytes: r.stored.read.Load(), SHA256: r.stored.sha256()}
}

// Format returns "csv" or "jsonl".
func (r *Reader) Format() string { return r.format }

// Notices returns what was detected or ignored and the user should know, in the
// order in which it was found. More may follow while records are read.
func (r *Reader) Notices() []string { return r.notes.all() }

// Doubts returns why the file may not be what it should be: cut off, or joined
// from several. It is complete once Next has returned io.EOF. What is missing
// from a doubtful file proves nothing.
func (r *Reader) Doubts() []string {
	r.notes.mu.Lock()
	defer r.notes.mu.Unlock()
	return slices.Clone(r.notes.doubts)
}

// Close frees the file. It does not close Stdin.
func (r *Reader) Close() error {
	r.left()
	r.stored.stop()
	if r.prefetcher != nil {
		r.prefetcher.close()
	}
	r.stop()
	if err := r.stored.close(); err != nil {
		return fmt.Errorf("%s: closing: %w", r.name, err)
	}
	return nil
}

// Record is one data record of a source, readable or not.
type Record struct {
	Row  int64 // data records, from 1
	Line int64 // physical line on which the record starts; the first line is 1
	// Raw is the record as it is in the source, in the source's
	// encoding, line end included. Valid until the next record is read.
	Raw []byte
	// Rest returns the bytes that follow Raw when the record is too long to be
	// kept in memory (record_too_long), and is nil otherwise. Like Raw, it is
	// valid until the next record is read, which skips the unread part of it.
	Rest io.Reader
	// Fields are the six fields as given; all empty when Fault is set.
	Fields linker.Fields
	// Fault is the reason why the record could not be read, nil when it could.
	Fault *linker.RowError
	// Stray is the text of a line that is not a row: see linker.Checked.
	Stray string
}

// Check applies the rules that need no database to the record, whether it could
// be read or not.
func (r *Record) Check(rules *linker.Rules) linker.Checked {
	if r.Fault != nil {
		return linker.Checked{Fault: r.Fault, Stray: r.Stray}
	}
	return rules.Check(r.Fields)
}
