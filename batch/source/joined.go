package source

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"relink/batch/source/raw"
)

// joined is the place in a file where another encoding begins.
type joined struct {
	line     int64 // 0 when there is none
	from, to string
	// recut is true when lines are cut by the second encoding from here on:
	// nothing after this place is in the first one.
	recut bool
}

func (j joined) message() string {
	return fmt.Sprintf("from line %d on the file is %s, not %s: two files were joined; convert them to one encoding, then join them", j.line, j.to, j.from)
}

// join records, once, that another encoding begins.
func (f *framer) join(line int64, to string) {
	if f.joined.line > 0 {
		return
	}
	f.joined = joined{line: line, from: f.charset.Name, to: to, recut: f.charset.Unit.Width == 2}
	f.notes.add("%s", f.joined.message())
}

// anotherThanUTF16 finds a line of UTF-16 in which another encoding begins, and
// which: UTF-8, or UTF-16 with the bytes of each character the other way round.
func anotherThanUTF16(l raw.Line, t raw.Charset) (other raw.Charset, is bool) {
	switch {
	case t.Unit.Width == 1:
		return other, false
	case holdsUTF8(l, t):
		return raw.UTF8, true
	}
	for _, b := range raw.BOMs[1:] {
		if b.Charset.Name != t.Name && swapped(l.Text, b.Charset) {
			return b.Charset, true
		}
	}
	return other, false
}

// swappedRun is how many letters, digits and delimiters of ASCII in a row are no
// accident in UTF-16 with its bytes the other way round: each would be a rare
// character of its own.
const swappedRun = 8

// swapped reports whether text begins with so many characters of ASCII in UTF-16,
// a byte order mark aside.
func swapped(text []byte, t raw.Charset) bool {
	run := 0
	for i := 0; i+2 <= len(text) && run < swappedRun; i += 2 {
		switch c := t.Unit.ASCII(text[i:]); {
		case i == 0 && bytes.HasPrefix(text, t.Mark()), c == '\n', c == '\r':
		case c >= ' ' && c < 0x7f, c == '\t':
			run++
		default:
			return false
		}
	}
	return run == swappedRun
}

// mixed finds a file in an encoding with one byte a letter, which --encoding named,
// of which a part is UTF-8. Bytes that stand for one letter there, and two or more
// for one in UTF-8, are valid in both; in files where they all read as one or the
// other, nothing follows.
type mixed struct {
	single, utf8 int64 // the first line of each, 0 for none
}

func (m *mixed) look(f *framer, line int64, text []byte) {
	if f.charset.Plain() || !f.charset.SingleByte() || m.single > 0 && m.utf8 > 0 {
		return
	}
	if !slices.ContainsFunc(text, func(c byte) bool { return c >= utf8.RuneSelf }) {
		return
	}
	first := &m.single
	if utf8.Valid(text) {
		first = &m.utf8
	}
	if *first == 0 {
		*first = line
	}
	if m.single > 0 && m.utf8 > 0 {
		found := fmt.Sprintf("letters beyond ASCII are utf-8 on line %d and %s on line %d: two files were joined; convert them to one encoding, then join them",
			m.utf8, f.charset.Name, m.single)
		f.notes.add("%s", found)
		f.notes.doubt(found)
	}
}

// utf8Run is the length of a run of plain ASCII bytes that UTF-16 does not
// contain. In Chinese text such bytes are common, so a handful proves nothing.
const utf8Run = 16

// holdsUTF8 finds a line of UTF-16 in which another encoding begins: a run of
// bytes without a NUL that read as ASCII. The search ends at the first
// character of a line that is ASCII in UTF-16, unless the line contains half a
// line end or is the last.
func holdsUTF8(l raw.Line, t raw.Charset) bool {
	mixed := l.EOL == 0 || l.Long || bytes.IndexByte(l.Text, '\n') >= 0
	run, delimiters := 0, 0
	for i, c := range l.Text {
		switch {
		case c == 0:
			if !mixed {
				return false
			}
			run, delimiters = 0, 0
		case c >= ' ' && c < 0x7f, c == '\t', c == '\r', c == '\n':
			run++
			if bytes.IndexByte([]byte(",;\t|:"), c) >= 0 {
				delimiters++
			}
			if run >= utf8Run && delimiters > 0 {
				return true
			}
		case !mixed && i > 4*utf8Run:
			return false
		default:
			run, delimiters = 0, 0
		}
	}
	return false
}

// wideName names the encoding of a line that holdsUTF16 has found.
func wideName(text []byte) string {
	if bytes.Contains(text, []byte{0, 0}) {
		return "utf-32"
	}
	return "utf-16"
}

// holdsUTF16 finds a line of UTF-16 in a file of another encoding: it begins
// with a byte order mark, or a NUL is beside nearly every other byte.
func holdsUTF16(text []byte) bool {
	for _, b := range raw.BOMs[1:] {
		if bytes.HasPrefix(text, b.Mark) {
			return true
		}
	}
	nuls := bytes.Count(text, []byte{0})
	if bytes.Contains(text, []byte{0, 0}) { // UTF-32: three NUL beside each letter
		return len(text) >= 16 && nuls >= len(text)*2/3 && nuls <= len(text)*4/5 && !bytes.Contains(text, make([]byte, 4))
	}
	return len(text) >= 8 && nuls >= len(text)/3 && nuls <= len(text)*2/3
}

// nulRun is how many NUL characters in a row cannot be an accident: a file
// system fills what it lost with whole blocks of them.
const nulRun = 8

// missingData describes where NUL characters stand for lost data, "" when none
// do. last is true at the end of the file.
func missingData(text []byte, last bool) string {
	if !bytes.Contains(text, make([]byte, nulRun)) && !(last && len(bytes.Trim(text, "\x00")) == 0) {
		return ""
	}
	nuls := bytes.Count(text, []byte{0})
	if last && len(text) > 0 && text[len(text)-1] == 0 {
		return fmt.Sprintf("the file ends in %d NUL characters: the data that belongs there is missing; get the file again", nuls)
	}
	return fmt.Sprintf("the record holds %d NUL characters: data is missing here, maybe several rows; get the file again", nuls)
}
