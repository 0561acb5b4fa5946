package raw

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

// Charset turns lines of a source into UTF-8, one line at a time: every
// supported encoding can be cut at its line ends first.
type Charset struct {
	Name string
	Unit CodeUnit // of line ends
	// decoder is nil for UTF-8, which is read in place, and UTF-16, where a
	// lone surrogate must be detected.
	decoder *encoding.Decoder
	single  bool // each byte is a character
}

// UTF8 is the encoding of most files.
var UTF8 = Charset{Name: "utf-8", Unit: CodeUnit{Width: 1}}

// BOMs are the byte order marks and their encodings.
var BOMs = []struct {
	Mark    []byte
	Charset Charset
}{
	{[]byte{0xef, 0xbb, 0xbf}, UTF8},
	{[]byte{0xff, 0xfe}, Charset{Name: "utf-16le", Unit: CodeUnit{Width: 2}}},
	{[]byte{0xfe, 0xff}, Charset{Name: "utf-16be", Unit: CodeUnit{Width: 2, big: true}}},
}

// FindCharset returns the encoding of a source: that of its byte order mark,
// else that of the given label, else UTF-8. bom is the length of the mark.
func FindCharset(label, name string, sample []byte) (t Charset, bom int, err error) {
	asked := strings.ToLower(strings.TrimSpace(label))
	if asked != "" && asked != "utf-16" {
		if t, err = charsetNamed(asked); err != nil {
			return t, 0, err
		}
	}
	if bytes.HasPrefix(sample, []byte{0xff, 0xfe, 0, 0}) || bytes.HasPrefix(sample, []byte{0, 0, 0xfe, 0xff}) {
		return t, 0, &Error{Place: name, What: "the file is UTF-32", Remedy: "save it as UTF-8"}
	}
	for _, b := range BOMs {
		if !bytes.HasPrefix(sample, b.Mark) {
			continue
		}
		utf16 := asked == "utf-16" && b.Charset.Unit.Width == 2
		if asked != "" && !utf16 && t.Name != b.Charset.Name {
			return t, 0, &Error{
				Place: name, What: fmt.Sprintf("the byte order mark says %s, --encoding says %s", b.Charset.Name, asked),
				Remedy: "leave --encoding out",
			}
		}
		return b.Charset, len(b.Mark), nil
	}
	switch {
	case asked == "utf-16":
		return t, 0, &Error{
			Place: name, What: "the file has no byte order mark that tells the kind of UTF-16",
			Remedy: "give --encoding utf-16le (Windows) or --encoding utf-16be",
		}
	case asked != "":
		return t, 0, nil
	}
	if kind := looksUTF16(sample); kind != "" {
		return t, 0, &Error{
			Place: name, What: "the file looks like " + kind + " without a byte order mark",
			Remedy: "give --encoding " + kind,
		}
	}
	return UTF8, 0, nil
}

// charsetNamed returns the encoding for a label in lower case: the names of the
// WHATWG encoding standard, except that latin-1 means ISO 8859-1 itself.
func charsetNamed(label string) (Charset, error) {
	switch strings.NewReplacer("-", "", "_", "").Replace(label) {
	case "utf8", "utf8bom", "utf8sig":
		return UTF8, nil
	case "utf16le", "ucs2le":
		return BOMs[1].Charset, nil
	case "utf16be", "ucs2be":
		return BOMs[2].Charset, nil
	case "latin1", "iso88591":
		return Charset{Name: "latin-1", Unit: CodeUnit{Width: 1}, decoder: charmap.ISO8859_1.NewDecoder(), single: true}, nil
	}
	enc, err := htmlindex.Get(label)
	name, nameErr := "", err
	if err == nil {
		name, nameErr = htmlindex.Name(enc)
	}
	switch {
	case nameErr != nil, name == "replacement", name == "x-user-defined", strings.HasPrefix(name, "iso-2022"):
		return Charset{}, &Error{
			What:   fmt.Sprintf("--encoding %q is not an encoding that can be read", label),
			Remedy: "use utf-8, utf-16le, utf-16be, windows-1252, latin-1 or another label of the WHATWG encoding standard",
		}
	}
	_, single := enc.(*charmap.Charmap)
	return Charset{Name: name, Unit: CodeUnit{Width: 1}, decoder: enc.NewDecoder(), single: single}, nil
}

// looksUTF16 recognizes UTF-16 without a byte order mark: text in which nearly
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

// Mark is the byte order mark of the encoding, nil when it has none.
func (c *Charset) Mark() []byte {
	for _, b := range BOMs {
		if b.Charset.Name == c.Name {
			return b.Mark
		}
	}
	return nil
}

// SingleByte reports whether each byte is a character.
func (c *Charset) SingleByte() bool { return c.single }

// Plain reports whether lines are UTF-8 already, to be read in place.
func (c *Charset) Plain() bool { return c.decoder == nil && c.Unit.Width == 1 }

// Append decodes a line and appends it to dst. What cannot be decoded becomes
// U+FFFD; ok is false when that happened.
func (c *Charset) Append(dst, line []byte) (out []byte, ok bool) {
	switch {
	case c.Plain():
		return append(dst, line...), utf8.Valid(line)
	case c.Unit.Width == 2:
		return c.appendUTF16(dst, line)
	}
	// No single-byte character takes more than utf8.UTFMax bytes of UTF-8.
	from := len(dst)
	dst = slices.Grow(dst, utf8.UTFMax*len(line)+utf8.UTFMax)
	c.decoder.Reset()
	n, _, err := c.decoder.Transform(dst[from:cap(dst)], line, true)
	dst = dst[:from+n]
	return dst, err == nil && !bytes.ContainsRune(dst[from:], utf8.RuneError)
}

func (c *Charset) appendUTF16(dst, line []byte) (out []byte, ok bool) {
	ok = len(line)&1 == 0
	at := func(i int) rune {
		if c.Unit.big {
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

// Windows1252 returns the character of a byte that is not UTF-8 in the encoding
// that is most likely, "" where that has none.
func Windows1252(b byte) string {
	if r := charmap.Windows1252.DecodeByte(b); r != utf8.RuneError {
		return string(r)
	}
	return ""
}
