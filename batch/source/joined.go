package source

import (
	"bytes"
	"fmt"

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

// holdsUTF16 finds a line of UTF-16 in a file of another encoding: it begins
// with a byte order mark, or a NUL is beside nearly every other byte.
func holdsUTF16(text []byte) bool {
	for _, b := range raw.BOMs[1:] {
		if bytes.HasPrefix(text, b.Mark) {
			return true
		}
	}
	nuls := bytes.Count(text, []byte{0})
	return len(text) >= 8 && nuls >= len(text)/3 && nuls <= len(text)*2/3 && !bytes.Contains(text, []byte{0, 0})
}

// nulRun is how many NUL characters in a row cannot be an accident: a file
// system fills what it lost with whole blocks of them.
const nulRun = 8

// missingData describes where NUL characters stand for lost data, "" when none
// do. last is true at the end of the file.
func missingData(text []byte, last bool) string {
	if !bytes.Contains(text, make([]byte, nulRun)) {
		return ""
	}
	nuls := bytes.Count(text, []byte{0})
	if last && text[len(text)-1] == 0 {
		return fmt.Sprintf("the file ends in %d NUL characters: the data that belongs there is missing; get the file again", nuls)
	}
	return fmt.Sprintf("the record holds %d NUL characters: data is missing here, maybe several rows; get the file again", nuls)
}
