package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"relink/linker"
)

// framer cuts a source into records and says what is wrong with their bytes
// and quotes. What a record means is for its callers.
type framer struct {
	lines     *lines
	charset   charset
	notes     *notices
	delimiter rune
	quotes    quotes // not used for JSONL, where a record is a line
	csv       bool

	decoded []byte // the text of the record, where it had to be decoded
	rest    *rest  // of the record before
}

// frame is one record, whole or broken.
type frame struct {
	line  int64
	lines int64  // how many lines it spans
	raw   []byte // valid, like text, until the next frame
	text  []byte // in UTF-8, without the last line end
	rest  *rest
	blank bool

	code     linker.Code // "" when the record can be parsed
	badText  string      // what is wrong with the encoding
	badAt    int         // where in text
	badQuote string      // what is wrong with the quotes
	column   int         // in which column
}

// record cuts the next record that is not blank and fills in its place and its
// bytes; r.Row is left to the caller.
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
	r.line = f.lines.begin()
	first, err := f.lines.next()
	if err != nil {
		return r, err
	}
	if first.long {
		return f.tooLong(r), nil
	}
	valid := f.decode(first.text)
	r.text, r.raw = f.recordText(first.eol), f.lines.record()
	if f.csv && bytes.IndexByte(r.text, '"') >= 0 {
		size, length := len(r.raw), len(r.text)
		if r, valid, err = f.follow(r, valid, first); err != nil {
			return r, err
		}
		if r.rest != nil {
			return r, nil
		}
		if r.badQuote != "" {
			// Nothing behind a stray quote is swallowed: only the first line
			// is refused, reading goes on at the second.
			f.lines.back(size, r.line)
			r.raw = f.lines.record()
			if f.charset.plain() {
				r.text = r.raw[:length]
			} else {
				r.text = f.decoded[:length]
			}
			r.lines = 1
			valid = utf8.Valid(r.text) && (f.charset.plain() || !bytes.ContainsRune(r.text, utf8.RuneError))
		}
	}
	f.judge(&r, valid)
	return r, nil
}

// follow adds lines to a record for as long as a quote is open. valid says
// whether all of them could be decoded.
func (f *framer) follow(r frame, valid bool, l line) (frame, bool, error) {
	f.quotes.open, f.quotes.column = false, 0
	r.badQuote = f.quotes.follow(r.text)
	for r.badQuote == "" && f.quotes.open {
		if len(f.lines.record()) > maxRecord {
			r.badQuote = fmt.Sprintf("%s within %d bytes", quoteOpen, maxRecord)
			break
		}
		if !f.charset.plain() {
			f.decoded, _ = f.charset.append(f.decoded, f.lines.record()[len(f.lines.record())-l.eol:])
		}
		before := len(f.decoded)
		var err error
		if l, err = f.lines.next(); errors.Is(err, io.EOF) {
			r.badQuote = quoteOpen
			break
		} else if err != nil {
			return r, false, err
		}
		ok := true
		part := l.text
		if f.charset.plain() {
			ok = utf8.Valid(part)
		} else {
			f.decoded, ok = f.charset.append(f.decoded, l.text)
			part = f.decoded[before:]
		}
		valid = valid && ok
		r.lines++
		r.badQuote = f.quotes.follow(part)
		if l.long && r.badQuote == "" {
			if !f.quotes.open {
				return f.tooLong(r), valid, nil
			}
			r.badQuote = fmt.Sprintf("%s within %d bytes", quoteOpen, maxRecord)
		}
	}
	if r.badQuote != "" && r.lines > 1 {
		r.badQuote = fmt.Sprintf("%s (looked for down to line %d)", r.badQuote, f.lines.number)
	}
	r.column = f.quotes.column
	r.raw, r.text = f.lines.record(), f.recordText(l.eol)
	return r, valid, nil
}

// decode takes the first line of a record.
func (f *framer) decode(line []byte) (valid bool) {
	if f.charset.plain() {
		return utf8.Valid(line)
	}
	f.decoded, valid = f.charset.append(f.decoded[:0], line)
	return valid
}

// recordText is the text of the record cut so far, whose last line end has eol
// bytes.
func (f *framer) recordText(eol int) []byte {
	if !f.charset.plain() {
		return f.decoded
	}
	raw := f.lines.record()
	return raw[:len(raw)-eol]
}

// tooLong makes r the record that is too long to be held.
func (f *framer) tooLong(r frame) frame {
	r.raw, r.text, r.badQuote = f.lines.record(), nil, ""
	r.code = linker.RecordTooLong
	f.rest = f.lines.rest()
	r.rest = f.rest
	return r
}

// judge says whether the record can be parsed.
func (f *framer) judge(r *frame, valid bool) {
	switch {
	case !valid:
		r.code = linker.InvalidEncoding
		r.badText, r.badAt = f.invalid(r.text)
	case f.csv && bytes.IndexByte(r.text, 0) >= 0:
		r.code = linker.InvalidEncoding
		r.badText, r.badAt = "a NUL character; remove it", bytes.IndexByte(r.text, 0)
	case r.badQuote != "":
		r.code = linker.MalformedRow
	case len(r.text) == 0 || r.text[0] <= ' ' || r.text[0] >= utf8.RuneSelf:
		r.blank = len(bytes.TrimSpace(r.text)) == 0 && !(f.csv && bytes.ContainsRune(r.text, f.delimiter))
	}
}

// invalid says which character could not be decoded, and where in text.
func (f *framer) invalid(text []byte) (what string, at int) {
	if !f.charset.plain() {
		return "what is not " + f.charset.name, max(0, bytes.IndexRune(text, utf8.RuneError))
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
	if c := windows1252(text[at]); c != "" {
		what += fmt.Sprintf("; if it should read %q, give --encoding windows-1252", c)
	}
	return what, at
}

// fault tells what is wrong with the record. place names the position of a
// byte of the text.
func (r *frame) fault(place func(at int) string, column func(i int) string) string {
	if r.code == linker.RecordTooLong {
		return fmt.Sprintf("the record is longer than %d bytes; is a line end missing?", maxRecord)
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
