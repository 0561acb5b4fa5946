package batch

import (
	"errors"
	"io"

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

// Source reads the records of one input, in order. It is for one goroutine;
// only BytesRead, Size and Notices may be called from others.
type Source struct{}

// Open finds out what the input is and reads up to the first record. Its
// errors say what is wrong with the input as a whole and what to do.
func Open(in Input) (*Source, error) { return nil, errors.New("not there yet") }

// Next reads the next record into r; io.EOF says that there is none left. A
// record that cannot be read is r.Fault, not an error: any other error means
// that the input cannot be read on, and stops the run. Next overwrites all of
// r; r.Raw and r.Rest are valid until the next call.
func (s *Source) Next(r *Record) error { return io.EOF }

// Header returns what stands before the first record, byte for byte: the byte
// order mark, a "sep=" line and the CSV header with its line end; for JSONL
// the byte order mark alone. It is nil when there is nothing.
func (s *Source) Header() []byte { return nil }

// Newline returns the line end of the header (of the first line for JSONL) in
// the source's encoding, for a last record that has none.
func (s *Source) Newline() []byte { return nil }

// BytesRead returns how many bytes of the file as stored have been read.
func (s *Source) BytesRead() int64 { return 0 }

// Size returns the size of the file as stored, -1 when it is unknown.
func (s *Source) Size() int64 { return -1 }

// Identity tells this source from others. It is valid once Next has returned
// io.EOF: every byte of the file has then been read.
func (s *Source) Identity() linker.SourceIdentity { return linker.SourceIdentity{} }

// Format returns "csv" or "jsonl".
func (s *Source) Format() string { return "" }

// Notices returns what was detected or ignored and the person should know, in
// the order in which it was found. More come while records are read.
func (s *Source) Notices() []string { return nil }

// Close frees the file. It does not close Stdin.
func (s *Source) Close() error { return nil }
