package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"relink/linker"
)

// Input says what to read and what is known of it. The zero value of every
// field but Path means: find out.
type Input struct {
	// Path is the file; "-" reads Stdin.
	Path  string
	Stdin io.Reader
	// Name is what messages and Identity call the source. Defaults to Path.
	Name string
	// Format is "csv" or "jsonl". Defaults to what the name says, for other
	// names and standard input what the first byte says.
	Format string
	// Encoding is the label of a text encoding ("windows-1252"). Defaults to
	// what a byte order mark says, else UTF-8.
	Encoding string
	// Delimiter separates the cells of CSV. Defaults to what the header
	// shows.
	Delimiter string
	// Map names the field a header or key stands for, both matched without
	// regard to case, spaces, "_" and "-". A header mapped to "" is ignored.
	Map map[string]string
	// Set holds the values of --set. A field it fills needs no column; the
	// records are read as they stand.
	Set linker.Fields
}

// Reader reads the records of one input, in order. It is for one goroutine;
// only BytesRead, Size and Notices may be called from others.
type Reader struct {
	name    string // in messages
	given   string // in Identity
	format  string
	stored  *stored
	packed  *bufio.Reader // what is stored, before it is unpacked
	stop    func()
	notes   *notices
	framer  framer
	records records
	ahead   *ahead // nil until the first Next
	header  []byte
	newline []byte
	rows    int64
	ended   error // what ended the reading, nil until then
}

// records is the part of a Reader that knows a format. next reads a record
// that is not blank into r, but for its number.
type records interface {
	next(r *Record) error
}

// Open finds out what the input is and reads up to the first record. Its
// errors say what is wrong with the input as a whole and what to do.
func Open(in Input) (*Reader, error) { return open(in, readBlock) }

// open is Open that reads so many bytes at a time.
func open(in Input, block int) (*Reader, error) {
	s := &Reader{given: in.Name, notes: &notices{}, stop: func() {}}
	if s.given == "" {
		s.given = in.Path
	}
	if s.name = s.given; s.name == "-" {
		s.name = "standard input"
	}
	var err error
	if s.stored, err = openStored(in, s.name); err != nil {
		return nil, err
	}
	if err := s.open(in, block); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Reader) open(in Input, block int) error {
	s.packed = bufio.NewReader(s.stored)
	unpacked, stop, err := unpack(s.packed, s.name)
	if err != nil {
		return err
	}
	s.stop = stop
	l := newLines(unpacked, block)
	sample, err := l.peek(sampleSize)
	if err != nil {
		return s.reading(err)
	}
	if len(sample) == 0 {
		return &inputError{place: s.name, what: "the file is empty", hint: "was the export complete?"}
	}
	if err := refuse(sample, s.name); err != nil {
		return err
	}
	s.framer = framer{lines: l, notes: s.notes}
	t, bom, err := findText(in.Encoding, s.name, sample)
	if err != nil {
		return err
	}
	if t.unit.width == 2 && bom > 0 {
		s.notes.add("the encoding is %s, as the byte order mark says", t.name)
	}
	s.framer.text, l.unit = t, t.unit
	decoded, _ := t.append(nil, sample[bom:])
	if err := refuseText(string(decoded), s.name); err != nil {
		return err
	}
	if s.format, err = formatOf(in, s.given, string(decoded)); err != nil {
		return err
	}
	n, err := newNames(in.Map)
	if err != nil {
		return err
	}
	s.newline = t.unit.write(nil, firstLineEnd(decoded))
	l.begin()
	l.pos += bom
	if s.format == formatJSONL {
		if err := refuseJSON(string(decoded), s.name); err != nil {
			return err
		}
		if err := refuseCSV(string(decoded), s.name, &n, in.Set); err != nil {
			return err
		}
		s.header = slices.Clone(l.record())
		// In JSON a CR is white space. It ends lines only where nothing else
		// does.
		l.loneCR = firstLineEnd(decoded) == "\r"
		s.records = newJSONReader(s.framer, n)
		return nil
	}
	s.framer.csv, l.loneCR = true, true
	c := &csvReader{framer: s.framer}
	s.records = c
	if s.header, err = c.readHeader(in, s.name, &n); err != nil {
		return s.reading(err)
	}
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

// reading says where the reading was when it had to end.
func (s *Reader) reading(err error) error {
	var e *inputError
	if errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("%s: reading: %w", s.name, err)
}

// Next reads the next record into r; io.EOF says that there is none left. A
// record that cannot be read is r.Fault, not an error: any other error means
// that the input cannot be read on, and stops the run. Next overwrites all of
// r; r.Raw and r.Rest are valid until the next call.
func (s *Reader) Next(r *Record) error {
	if s.ended != nil {
		return s.ended
	}
	if s.ahead == nil {
		s.ahead = readAhead(s.records)
	}
	err := s.ahead.read(r)
	if err == nil {
		s.rows++
		r.Row = s.rows
		return nil
	}
	if errors.Is(err, io.EOF) {
		if s.rows == 0 {
			s.notes.add("there is no row in the file")
		}
		err = s.stored.finish(s.packed, s.name)
	}
	if err == nil {
		s.ended = io.EOF
	} else {
		s.ended = s.reading(err)
	}
	return s.ended
}

// Header returns what stands before the first record, byte for byte: the byte
// order mark, a "sep=" line and the CSV header with its line end; for JSONL
// the byte order mark alone. It is empty when there is nothing.
func (s *Reader) Header() []byte { return s.header }

// Newline returns the line end of the header (of the first line for JSONL) in
// the source's encoding, for a last record that has none.
func (s *Reader) Newline() []byte { return s.newline }

// BytesRead returns how many bytes of the file as stored have been read.
func (s *Reader) BytesRead() int64 { return s.stored.read.Load() }

// Size returns the size of the file as stored, -1 when it is unknown.
func (s *Reader) Size() int64 { return s.stored.size }

// Identity tells this source from others. It is valid once Next has returned
// io.EOF: every byte of the file has then been read.
func (s *Reader) Identity() linker.SourceIdentity {
	return linker.SourceIdentity{Name: s.given, Bytes: s.stored.read.Load(), SHA256: s.stored.sha256()}
}

// Format returns "csv" or "jsonl".
func (s *Reader) Format() string { return s.format }

// Notices returns what was detected or ignored and the person should know, in
// the order in which it was found. More come while records are read.
func (s *Reader) Notices() []string { return s.notes.all() }

// Close frees the file. It does not close Stdin.
func (s *Reader) Close() error {
	s.stored.quit()
	if s.ahead != nil {
		s.ahead.close()
	}
	s.stop()
	if err := s.stored.close(); err != nil {
		return fmt.Errorf("%s: closing: %w", s.name, err)
	}
	return nil
}
