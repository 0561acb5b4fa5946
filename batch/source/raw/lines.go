package raw

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"
)

const (
	// MaxRecord is the length of the longest record that is read, in bytes of
	// the source without the line end. It limits how far reading goes back
	// after a quote that is never closed, and thus the memory of a source.
	MaxRecord = 1 << 20
	// BlockSize is how many bytes are requested of the source at a time: few
	// enough to stay in the processor's cache.
	BlockSize = 64 << 10
)

// Lines cuts a source into physical lines without losing a byte. Lines end with
// LF, CR LF or, with LoneCR, CR. A record is one or more lines.
type Lines struct {
	src    io.Reader
	err    error // the error that ended src, nil until then
	Unit   CodeUnit
	LoneCR bool // a CR that is not followed by LF ends a line

	buf             []byte
	start, pos, end int    // buf[start:pos] is the record so far, buf[pos:end] is unread
	lf, cr          cursor // the next LF and CR at or after pos
	offset          int64  // of buf[0] in the source
	Number          int64  // lines cut so far
	block           int    // bytes to read at a time
	long            bool   // the record is too long; its rest is still unread
}

// Line is one physical line.
type Line struct {
	Text []byte // without line end; valid until the next line is cut
	EOL  int    // bytes of the line end, 0 at the end of the source
	Long bool   // the record is longer than MaxRecord: Text ends there
}

// NewLines returns the lines of src, which is read in blocks of block bytes.
func NewLines(src io.Reader, block int) *Lines {
	return &Lines{src: src, block: block, Unit: CodeUnit{Width: 1}}
}

// Begin starts a record at the next line and returns the number of that line.
func (l *Lines) Begin() int64 {
	l.start = l.pos
	return l.Number + 1
}

// Record returns what has been cut since Begin, including line ends. Valid
// until the next line is cut.
func (l *Lines) Record() []byte { return l.buf[l.start:l.pos] }

// Next cuts the next line and adds it to the record; it returns io.EOF after the
// last one.
func (l *Lines) Next() (Line, error) {
	for {
		at, eol, found := l.lineEnd()
		if !found && errors.Is(l.err, io.EOF) {
			at, eol = l.end, 0
			if l.pos == l.end {
				return Line{}, io.EOF
			}
			found = true
		}
		if found && at-l.start <= MaxRecord {
			text := l.buf[l.pos:at]
			l.pos = at + eol
			l.Number++
			return Line{Text: text, EOL: eol}, nil
		}
		if found || l.end-l.start > MaxRecord+2*l.Unit.Width {
			text := l.buf[l.pos : l.start+MaxRecord]
			l.pos = l.start + MaxRecord
			l.Number++
			l.long = true
			return Line{Text: text, Long: true}, nil
		}
		if l.err != nil {
			return Line{}, l.err
		}
		l.fill()
	}
}

// cursor is the position of the next occurrence of a character in the buffer
// or, while it has not been found, where to continue the search once more has
// been read.
type cursor struct {
	at    int
	found bool
}

// search brings a cursor up to date with pos and end.
func (l *Lines) search(m *cursor, c byte) {
	if !m.found || m.at < l.pos {
		*m = l.Unit.find(c, l.buf[:l.end], max(m.at, l.pos), l.offset)
	}
}

// lineEnd finds the end of the line at pos in what has been read.
func (l *Lines) lineEnd() (at, eol int, found bool) {
	w := l.Unit.Width
	l.search(&l.lf, '\n')
	if l.LoneCR {
		l.search(&l.cr, '\r')
		if cr := l.cr.at; l.cr.found && (!l.lf.found || cr < l.lf.at) {
			switch {
			case l.lf.found && l.lf.at == cr+w:
				return cr, 2 * w, true
			case cr+2*w <= l.end || l.err != nil:
				return cr, w, true
			}
			return 0, 0, false // it is not known yet whether an LF follows
		}
	}
	if !l.lf.found {
		return 0, 0, false
	}
	at = l.lf.at
	if !l.LoneCR && at-w >= l.pos && l.Unit.is('\r', l.buf[at-w:]) {
		return at - w, 2 * w, true
	}
	return at, w, true
}

// Recut puts back the line just cut, the first of its record, so that it and
// the following ones are cut again with another kind of line end.
func (l *Lines) Recut(unit CodeUnit) {
	l.Unit = unit
	l.pos, l.Number, l.long = l.start, l.Number-1, false
	l.lf, l.cr = cursor{at: l.start}, cursor{at: l.start}
}

// Back puts back all lines of the record but the first, which is its first n
// bytes and has the given number: they are cut again.
func (l *Lines) Back(n int, number int64) {
	pos := l.start + n
	// The text in between was searched already: only the line ends in it are
	// new. Searching everything again and again would take quadratic time in a
	// file of stray quotes.
	for _, m := range []struct {
		*cursor
		c byte
	}{{&l.lf, '\n'}, {&l.cr, '\r'}} {
		if nearer := l.Unit.find(m.c, l.buf[:l.pos], pos, l.offset); nearer.found {
			*m.cursor = nearer
		}
	}
	l.pos, l.Number, l.long = pos, number, false
}

// fill reads another block. It moves the record to the front of the buffer when
// there is no space after it.
func (l *Lines) fill() {
	if len(l.buf)-l.end < l.block && l.start > 0 {
		n := l.start
		copy(l.buf, l.buf[n:l.end])
		l.offset += int64(n)
		l.start, l.pos, l.end = 0, l.pos-n, l.end-n
		l.lf.at, l.cr.at = l.lf.at-n, l.cr.at-n
	}
	if len(l.buf)-l.end < l.block {
		grown := make([]byte, min(2*len(l.buf), MaxRecord+8)+2*l.block)
		copy(grown, l.buf[:l.end])
		l.buf = grown
	}
	l.read(l.end)
}

// read reads into the buffer, starting at at.
func (l *Lines) read(at int) {
	const tries = 100 // as in bufio
	for range tries {
		n, err := l.src.Read(l.buf[at:min(len(l.buf), at+l.block)])
		l.end = at + n
		if err != nil {
			l.err = err
		}
		if n > 0 || err != nil {
			return
		}
	}
	l.err = io.ErrNoProgress
}

// Peek returns up to n of the following bytes, without consuming them.
func (l *Lines) Peek(n int) ([]byte, error) {
	for l.end-l.pos < n && l.err == nil {
		l.fill()
	}
	if l.err != nil && !errors.Is(l.err, io.EOF) {
		return nil, l.err
	}
	return l.buf[l.pos:min(l.end, l.pos+n)], nil
}

// Skip discards n bytes that Peek has returned: a byte order mark.
func (l *Lines) Skip(n int) { l.pos += n }

// Rest reads what follows the first MaxRecord bytes of a record that is too
// long, including its line end. The bytes of the record in the buffer stay in
// place until the next record begins.
type Rest struct {
	l    *Lines
	held int // end of the part of the record in the buffer; reading continues after it
	to   int // end of the line, -1 until it has been found
}

// Rest returns the unread rest of the record; nil when all of it is there.
func (l *Lines) Rest() *Rest {
	if !l.long {
		return nil
	}
	return &Rest{l: l, held: l.pos, to: -1}
}

func (r *Rest) Read(p []byte) (int, error) {
	l := r.l
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if r.to < 0 {
			if at, eol, found := l.lineEnd(); found {
				r.to = at + eol
			} else if errors.Is(l.err, io.EOF) {
				r.to = l.end
			}
		}
		// While the line end has not been found, the last two characters may be
		// the first half of one.
		upTo := max(l.pos, l.end-2*l.Unit.Width)
		if r.to >= 0 {
			upTo = r.to
		}
		if n := copy(p, l.buf[l.pos:upTo]); n > 0 {
			l.pos += n
			return n, nil
		}
		switch {
		case r.to >= 0:
			l.long = false
			return 0, io.EOF
		case l.err != nil:
			return 0, l.err
		}
		r.fill()
	}
}

// fill moves the few remaining bytes to just after the held part, and reads on.
func (r *Rest) fill() {
	l := r.l
	if gone := l.pos - r.held; gone > 0 {
		copy(l.buf[r.held:], l.buf[l.pos:l.end])
		l.offset += int64(gone)
		l.pos, l.end = r.held, l.end-gone
		l.lf.at, l.cr.at = l.lf.at-gone, l.cr.at-gone
	}
	if len(l.buf)-l.end < l.block {
		grown := make([]byte, l.end+l.block)
		copy(grown, l.buf[:l.end])
		l.buf = grown
	}
	l.read(l.end)
}

// CodeUnit describes how a source encodes one character of a line end.
type CodeUnit struct {
	Width int // 1, or 2 for UTF-16
	big   bool
}

// is reports whether b begins with the ASCII character c.
func (u CodeUnit) is(c byte, b []byte) bool {
	if u.Width == 1 {
		return b[0] == c
	}
	if u.big {
		return b[0] == 0 && b[1] == c
	}
	return b[0] == c && b[1] == 0
}

// ASCII returns the character of ASCII that b begins with, 0 for any other.
func (u CodeUnit) ASCII(b []byte) byte {
	c, other := b[0], byte(0)
	switch {
	case u.big:
		c, other = b[1], b[0]
	case u.Width == 2:
		other = b[1]
	}
	if other != 0 || c >= utf8.RuneSelf {
		return 0
	}
	return c
}

// find returns the first index of the ASCII character c in b at or after from.
// offset is the offset of b in the source.
func (u CodeUnit) find(c byte, b []byte, from int, offset int64) cursor {
	if u.Width == 1 {
		if i := bytes.IndexByte(b[from:], c); i >= 0 {
			return cursor{at: from + i, found: true}
		}
		return cursor{at: len(b)}
	}
	// Characters start at even offsets of the source.
	odd := int(offset & 1)
	from += (from + odd) & 1
	for from+2 <= len(b) {
		i := bytes.IndexByte(b[from:], c)
		if i < 0 {
			from = len(b)
			break
		}
		if i = from + i - (from+i+odd)&1; i+2 <= len(b) && u.is(c, b[i:]) {
			return cursor{at: i, found: true}
		}
		from = i + 2
	}
	// Half a character at the end is examined again later.
	from = min(from, len(b))
	return cursor{at: from - (from+odd)&1}
}

// Write appends the ASCII characters of s to b.
func (u CodeUnit) Write(b []byte, s string) []byte {
	for _, c := range []byte(s) {
		switch {
		case u.Width == 1:
			b = append(b, c)
		case u.big:
			b = append(b, 0, c)
		default:
			b = append(b, c, 0)
		}
	}
	return b
}
