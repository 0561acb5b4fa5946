package source

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// text turns lines of a source into UTF-8, one line at a time: every encoding
// read here can be cut at its line ends first.
type text struct {
	name string
	unit unit
	// decoder is nil for UTF-8, which is read in place, and UTF-16, where a
	// lone surrogate must be seen.
	decoder *encoding.Decoder
}

var utf8Text = text{name: "utf-8", unit: unit{width: 1}}

// boms are the byte order marks and what they say.
var boms = []struct {
	mark []byte
	text text
}{
	{[]byte{0xef, 0xbb, 0xbf}, utf8Text},
	{[]byte{0xff, 0xfe}, text{name: "utf-16le", unit: unit{width: 2}}},
	{[]byte{0xfe, 0xff}, text{name: "utf-16be", unit: unit{width: 2, big: true}}},
}

// findText returns the encoding a source is in: what its byte order mark says,
// else the label given, else UTF-8. bom is the length of the mark.
func findText(label, name string, sample []byte) (t text, bom int, err error) {
	asked := strings.ToLower(strings.TrimSpace(label))
	if asked != "" && asked != "utf-16" {
		if t, err = textNamed(asked); err != nil {
			return t, 0, err
		}
	}
	if bytes.HasPrefix(sample, []byte{0xff, 0xfe, 0, 0}) || bytes.HasPrefix(sample, []byte{0, 0, 0xfe, 0xff}) {
		return t, 0, &inputError{place: name, what: "the file is UTF-32", hint: "save it as UTF-8"}
	}
	for _, b := range boms {
		if !bytes.HasPrefix(sample, b.mark) {
			continue
		}
		utf16 := asked == "utf-16" && b.text.unit.width == 2
		if asked != "" && !utf16 && t.name != b.text.name {
			return t, 0, &inputError{
				place: name, what: fmt.Sprintf("the byte order mark says %s, --encoding says %s", b.text.name, asked),
				hint: "leave --encoding out",
			}
		}
		return b.text, len(b.mark), nil
	}
	switch {
	case asked == "utf-16":
		return t, 0, &inputError{
			place: name, what: "the file has no byte order mark that tells the kind of UTF-16",
			hint: "give --encoding utf-16le (Windows) or --encoding utf-16be",
		}
	case asked != "":
		return t, 0, nil
	}
	if kind := looksUTF16(sample); kind != "" {
		return t, 0, &inputError{
			place: name, what: "the file looks like " + kind + " without a byte order mark",
			hint: "give --encoding " + kind,
		}
	}
	return utf8Text, 0, nil
}

// textNamed returns the encoding with a label in lower case: the names of the
// WHATWG encoding standard, but latin-1 means ISO 8859-1 itself.
func textNamed(label string) (text, error) {
	switch strings.NewReplacer("-", "", "_", "").Replace(label) {
	case "utf8", "utf8bom", "utf8sig":
		return utf8Text, nil
	case "utf16le", "ucs2le":
		return boms[1].text, nil
	case "utf16be", "ucs2be":
		return boms[2].text, nil
	case "latin1", "iso88591":
		return text{name: "latin-1", unit: unit{width: 1}, decoder: charmap.ISO8859_1.NewDecoder()}, nil
	}
	enc, err := htmlindex.Get(label)
	name, nameErr := "", err
	if err == nil {
		name, nameErr = htmlindex.Name(enc)
	}
	switch {
	case nameErr != nil, name == "replacement", name == "x-user-defined", strings.HasPrefix(name, "iso-2022"):
		return text{}, &inputError{
			what: fmt.Sprintf("--encoding %q is not an encoding that can be read", label),
			hint: "use utf-8, utf-16le, utf-16be, windows-1252, latin-1 or another label of the WHATWG encoding standard",
		}
	}
	return text{name: name, unit: unit{width: 1}, decoder: enc.NewDecoder()}, nil
}

// looksUTF16 tells UTF-16 without a byte order mark: a text in which nearly
// every other byte is NUL, and no two in a row are.
func looksUTF16(sample []byte) string {
	n := min(len(sample), 256) &^ 1
	var even, odd int
	for i := 0; i < n; i += 2 {
		if sample[i] == 0 {
			even++
		}
		if sample[i+1] == 0 {
			odd++
		}
	}
	most := n / 2 * 3 / 4
	switch {
	case n < 8:
		return ""
	case even == 0 && odd >= most:
		return "utf-16le"
	case odd == 0 && even >= most:
		return "utf-16be"
	}
	return ""
}

// plain reports whether lines are UTF-8 already, to be read where they stand.
func (t *text) plain() bool { return t.decoder == nil && t.unit.width == 1 }

// append decodes a line and appends it to dst. What cannot be decoded becomes
// U+FFFD; ok says whether there was nothing of the kind.
func (t *text) append(dst, line []byte) (out []byte, ok bool) {
	switch {
	case t.plain():
		return append(dst, line...), utf8.Valid(line)
	case t.unit.width == 2:
		return t.appendUTF16(dst, line)
	}
	// No character of one byte takes more than utf8.UTFMax of UTF-8.
	from := len(dst)
	dst = slices.Grow(dst, utf8.UTFMax*len(line)+utf8.UTFMax)
	t.decoder.Reset()
	n, _, err := t.decoder.Transform(dst[from:cap(dst)], line, true)
	dst = dst[:from+n]
	return dst, err == nil && !bytes.ContainsRune(dst[from:], utf8.RuneError)
}

func (t *text) appendUTF16(dst, line []byte) (out []byte, ok bool) {
	ok = len(line)&1 == 0
	at := func(i int) rune {
		if t.unit.big {
			return rune(line[i])<<8 | rune(line[i+1])
		}
		return rune(line[i+1])<<8 | rune(line[i])
	}
	for i := 0; i+2 <= len(line); i += 2 {
		r := at(i)
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if i+4 <= len(line) {
				pair = utf16.DecodeRune(r, at(i+2))
			}
			if r = pair; r == utf8.RuneError {
				ok = false
			} else {
				i += 2
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	if len(line)&1 != 0 {
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst, ok
}

// windows1252 shows what bytes that are not UTF-8 would be in the encoding
// they most often are in, "" where it has no such character.
func windows1252(b byte) string {
	if r := charmap.Windows1252.DecodeByte(b); r != utf8.RuneError {
		return string(r)
	}
	return ""
}
