package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"relink/batch/source/raw"
	"relink/linker"
)

// framer cuts a source into records and finds what is wrong with their bytes
// and quotes. Interpreting a record is up to its callers.
type framer struct {
	lines     *raw.Lines
	charset   raw.Charset
	notes     *notices
	delimiter rune
	quotes    quotes // not used for JSONL, where a record is a line
	csv       bool
	shape     *shape // of the records, nil while the header is read
	marked    bool   // the encoding is known from a byte order mark
	joined    joined // where another encoding begins
	mixed     mixed

	decoded []byte    // the text of the record, if it had to be decoded
	rest    *raw.Rest // of the previous record
}

// frame is one record, whole or broken.
type frame struct {
	line  int64
	lines int64  // number of lines it spans
	raw   []byte // valid, like text, until the next frame
	text  []byte // in UTF-8, without the last line end
	rest  *raw.Rest
	blank bool
	last  bool // no line end follows

	code     linker.Code // "" when the record can be parsed
	badText  string      // what is wrong with the encoding
	badAt    int         // where in text
	badFile  string      // what is wrong with the file from here on
	badQuote string      // what is wrong with the quotes
	column   int         // in which column
}

// record cuts the next record that is not blank and fills in its place and its
// bytes; the caller sets r.Row.
func (f *framer) record(r *Record) (frame, error) {
	for {
		cut, err := f.frame()
		if err != nil {
			return cut, err
		}
		if cut.blank {
			continue
		}
		*r = Record{Line: cut.line, Raw: cut.raw}
		if cut.rest != nil {
			r.Rest = cut.rest
		}
		return cut, nil
	}
}

// frame cuts the next record.
func (f *framer) frame() (frame, error) {
	if f.rest != nil {
		if _, err := io.Copy(io.Discard, f.rest); err != nil {
			return frame{}, err
		}
		f.rest = nil
	}
	r := frame{lines: 1}
	r.line = f.lines.Begin()
	first, err := f.lines.Next()
	if err != nil {
		return r, err
	}
	if other, is := anotherThanUTF16(first, f.charset); is {
		f.join(r.line, other.Name)
		f.lines.Recut(other.Unit)
		f.charset = other
		if first, err = f.lines.Next(); err != nil {
			return r, err
		}
	}
	if first.Long {
		return f.tooLong(r), nil
	}
	valid := f.decode(first.Text)
	f.mixed.look(f, r.line, first.Text)
	r.text, r.raw, r.last = f.recordText(first.EOL), f.lines.Record(), first.EOL == 0
	if f.csv && bytes.IndexByte(r.text, '"') >= 0 {
		size, decoded := len(r.raw), len(f.decoded)
		if r, valid, err = f.follow(r, valid, first); err != nil {
			return r, err
		}
		if r.rest != nil {
			return r, nil
		}
		if r.badQuote != "" {
			// Nothing after a stray quote is swallowed: only the first line is
			// refused, and reading continues at the second.
			f.lines.Back(size, r.line)
			f.decoded = f.decoded[:decoded]
			r.raw, r.text, r.last = f.lines.Record(), f.recordText(first.EOL), first.EOL == 0
			r.lines = 1
			valid = utf8.Valid(r.text) && (f.charset.Plain() || !bytes.ContainsRune(r.text, utf8.RuneError))
		} else if f.quotes.spaced {
			r.text = f.quotes.squeeze(r.text)
			f.notes.spaced(r.line)
		}
	}
	if f.judge(&r, valid) {
		f.lines.Back(0, r.line-1)
		return f.frame()
	}
	return r, nil
}

// follow adds lines to a record as long as a quote is open. valid reports
// whether all of them could be decoded.
func (f *framer) follow(r frame, valid bool, l raw.Line) (frame, bool, error) {
	f.quotes.open, f.quotes.column, f.quotes.spaced = false, 0, false
	r.badQuote = f.quotes.follow(r.text)
	r.column = f.quotes.column
	if r.badQuote == "" && f.quotes.open && f.shape.firstSwallows(r.text, r.column) {
		r.badQuote = swallows(r.line)
		return r, valid, nil
	}
	for r.badQuote == "" && f.quotes.open {
		opened := f.quotes.column
		if len(f.lines.Record()) > raw.MaxRecord {
			r.badQuote = fmt.Sprintf("%s within %d bytes", quoteOpen, raw.MaxRecord)
			break
		}
		if !f.charset.Plain() {
			f.decoded, _ = f.charset.Append(f.decoded, f.lines.Record()[len(f.lines.Record())-l.EOL:])
		}
		before := len(f.decoded)
		var err error
		if l, err = f.lines.Next(); errors.Is(err, io.EOF) {
			r.badQuote = quoteOpen
			break
		} else if err != nil {
			return r, false, err
		}
		ok := true
		part := l.Text
		if f.charset.Plain() {
			ok = utf8.Valid(part)
		} else {
			f.decoded, ok = f.charset.Append(f.decoded, l.Text)
			part = f.decoded[before:]
		}
		valid = valid && ok
		r.lines++
		if l.EOL == 0 {
			part = bytes.TrimRight(part, endMarks)
		}
		if r.badQuote = f.quotes.follow(part); r.badQuote == "" && f.shape.swallows(part, opened, f.quotes.open) {
			r.badQuote, r.column = swallows(f.lines.Number), opened
			return r, valid, nil
		}
		if l.Long && r.badQuote == "" {
			if !f.quotes.open {
				return f.tooLong(r), valid, nil
			}
			r.badQuote = fmt.Sprintf("%s within %d bytes", quoteOpen, raw.MaxRecord)
		}
	}
	if r.badQuote != "" && r.lines > 1 {
		r.badQuote = fmt.Sprintf("%s (looked for down to line %d)", r.badQuote, f.lines.Number)
	}
	r.column = f.quotes.column
	r.raw, r.text, r.last = f.lines.Record(), f.recordText(l.EOL), l.EOL == 0
	return r, valid, nil
}

// swallows is the fault of a quote that makes the record on the given line part
// of a cell.
func swallows(line int64) string {
	return fmt.Sprintf("the cell opens with a quote, and line %d within it looks like a record of its own; "+
		"remove the stray quote, or double the quotes inside a cell", line)
}

// decode decodes the first line of a record.
func (f *framer) decode(line []byte) (valid bool) {
	if f.charset.Plain() {
		return utf8.Valid(line)
	}
	f.decoded, valid = f.charset.Append(f.decoded[:0], line)
	return valid
}

// endMarks are the Ctrl-Z that DOS programs put at the end of a file.
const endMarks = "\x1a"

// recordText returns the text of the record cut so far, whose last line end has
// eol bytes. A byte order mark at its beginning, as found in joined files, is
// not part of it, nor is a Ctrl-Z at the end of the file.
func (f *framer) recordText(eol int) []byte {
	text := f.decoded
	if f.charset.Plain() {
		record := f.lines.Record()
		text = record[:len(record)-eol]
	}
	for len(text) > 0 && text[0] == raw.BOMs[0].Mark[0] && bytes.HasPrefix(text, raw.BOMs[0].Mark) {
		text = text[len(raw.BOMs[0].Mark):]
	}
	if eol == 0 {
		text = bytes.TrimRight(text, endMarks)
	}
	return text
}

// tooLong makes r a record that is too long to be kept in memory.
func (f *framer) tooLong(r frame) frame {
	r.raw, r.text, r.badQuote = f.lines.Record(), nil, ""
	r.code = linker.RecordTooLong
	f.rest = f.lines.Rest()
	r.rest = f.rest
	return r
}

// judge decides whether the record can be parsed. again asks for the record to
// be cut again, because lines turned out to end differently.
func (f *framer) judge(r *frame, valid bool) (again bool) {
	switch {
	case f.joined.recut:
		r.blank = len(bytes.TrimSpace(r.text)) == 0
		if !r.blank {
			r.code, r.badFile = linker.InvalidEncoding, f.joined.message()
		}
	case !valid || bytes.IndexByte(r.text, 0) >= 0 && (f.csv || f.joined.line > 0 || holdsUTF16(r.text) || missingData(r.text, r.last) != ""):
		return f.unreadable(r, valid)
	case r.badQuote != "":
		r.code = linker.MalformedRow
	case len(r.text) == 0 || r.text[0] <= ' ' || r.text[0] >= utf8.RuneSelf:
		r.blank = len(bytes.Trim(bytes.TrimSpace(r.text), endMarks)) == 0 && !(f.csv && bytes.ContainsRune(r.text, f.delimiter))
	}
	return false
}

// unreadable finds what is wrong with a record that is not text. For again, see
// judge.
func (f *framer) unreadable(r *frame, valid bool) (again bool) {
	r.code = linker.InvalidEncoding
	nul := bytes.IndexByte(r.text, 0)
	switch {
	case f.charset.Unit.Width == 1 && holdsUTF16(r.text):
		f.join(r.line, wideName(r.text))
		if again, f.lines.LoneCR = f.lines.LoneCR, false; again {
			return true // CR and LF are two bytes apart
		}
		r.badFile = f.joined.message()
	case f.joined.line > 0 && len(bytes.Trim(r.text, "\x00")) == 0:
		r.code, r.blank = "", true // half a line end
	case nul >= 0 && missingData(r.text, r.last) != "":
		r.badFile = missingData(r.text, r.last)
	case !valid:
		r.badText, r.badAt = f.invalid(r.text)
		f.notes.first("encoding", "line %d is the first that is not %s: where letters beyond ASCII are right above it, two files of different encodings were joined",
			r.line, f.charset.Name)
	default:
		r.badText, r.badAt = "a NUL character; remove it", nul
	}
	return false
}

// invalid returns the character that could not be decoded, and where it is in
// text.
func (f *framer) invalid(text []byte) (what string, at int) {
	if !f.charset.Plain() {
		return "what is not " + f.charset.Name, max(0, bytes.IndexRune(text, utf8.RuneError))
	}
	for at < len(text) {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	if at == len(text) {
		return "what is not UTF-8", 0
	}
	what = fmt.Sprintf("the byte 0x%02X, which is not UTF-8", text[at])
	if f.marked {
		// --encoding would not help: it contradicts the byte order mark.
		return what + " as the byte order mark says; two files were joined, or the file is damaged", at
	}
	if c := raw.Windows1252(text[at]); c != "" {
		what += fmt.Sprintf("; if it should read %q, give --encoding windows-1252", c)
	}
	return what, at
}

// fault describes what is wrong with the record. place converts the position of
// a byte of the text.
func (r *frame) fault(place func(at int) string, column func(i int) string) string {
	if r.badFile != "" {
		return r.badFile
	}
	if r.code == linker.RecordTooLong {
		if missing := missingData(r.raw, true); missing != "" {
			return missing
		}
		return fmt.Sprintf("the record is longer than %d bytes; is a line end missing?", raw.MaxRecord)
	}
	var all []string
	if r.badText != "" {
		all = append(all, place(r.badAt)+" holds "+r.badText)
	}
	if r.badQuote != "" {
		all = append(all, column(r.column)+": "+r.badQuote)
	}
	return strings.Join(all, "; ")
}
