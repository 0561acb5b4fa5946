package reports

import (
	"bufio"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"relink/linker"
)

// CSV writes report.csv: a header line, then one line an entry, as
// encoding/csv would write them, with a line end of "\n".
//
// What a spreadsheet would take for a formula gets a leading apostrophe. The cells row and line of an entry that is not a row of the
// input (extra, cleared) are empty.
//
// A report can have many millions of lines, and validate spends a good part of
// its time on them: the writer here takes 0.19 s for a million usual lines,
// encoding/csv 0.34 s, and gocsv, which looks at each field by reflection,
// 1.5 s, six times as long as reading the rows.
type CSV struct {
	w *bufio.Writer
}

// NewCSV returns a CSV that writes to w. The header is written with the first
// block, or by Close.
func NewCSV(w io.Writer) *CSV {
	c := &CSV{w: bufio.NewWriterSize(w, blockSize)}
	c.w.WriteString(strings.Join(Columns, ",") + "\n") // errors come back from Write and Close
	return c
}

// Write adds one line. An error of the underlying writer is returned by this
// and every later call.
func (c *CSV) Write(e linker.Entry) error {
	b := c.w.AvailableBuffer()
	if e.Row > 0 {
		b = strconv.AppendInt(b, e.Row, 10)
	}
	b = append(b, ',')
	if e.Line > 0 {
		b = strconv.AppendInt(b, e.Line, 10)
	}
	for _, s := range cells(&e) {
		b = append(b, ',')
		b = appendCell(b, s)
	}
	_, err := c.w.Write(append(b, '\n'))
	return err
}

// Close writes the rest. The underlying writer stays open.
func (c *CSV) Close() error { return c.w.Flush() }

// appendCell appends the cell s as encoding/csv writes it, after defusing it.
func appendCell(b []byte, s string) []byte {
	quotes := false
	if hasSpecial(s) {
		s = defused(s)
		quotes = strings.ContainsAny(s, ",\"\r\n")
	} else if s != "" && startsFormula(s) {
		s = "'" + s
	}
	if !quotes && !startsOddly(s) {
		return append(b, s...)
	}
	b = append(b, '"')
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			break
		}
		b = append(b, s[:i+1]...)
		b = append(b, '"')
		s = s[i+1:]
	}
	b = append(b, s...)
	return append(b, '"')
}

// defused returns s with an apostrophe wherever a spreadsheet would see the
// beginning of a formula: at the beginning of the cell, and after a character
// at which a spreadsheet in another locale begins a new cell. Such a
// spreadsheet treats the quotes around the whole cell as text.
func defused(s string) string {
	if s == "" {
		return s
	}
	if startsFormula(s) {
		s = "'" + s
	}
	for at := 0; ; {
		i := strings.IndexAny(s[at:], ";\t\r\n")
		if i < 0 {
			return s
		}
		at += i + 1
		if r, _ := utf8.DecodeRuneInString(strings.TrimLeft(s[at:], `"`)); isSign(r) {
			s = s[:at] + "'" + s[at:]
		}
	}
}

// startsFormula reports whether a spreadsheet takes a cell for a formula, or
// drops its first character and looks at what follows.
func startsFormula(s string) bool {
	if s[0] >= utf8.RuneSelf {
		r, _ := utf8.DecodeRuneInString(s)
		return isSign(r)
	}
	return isSign(rune(s[0])) || s[0] == '\t' || s[0] == '\r' || s[0] == '\n'
}

// isSign reports whether a formula begins with r. East Asian spreadsheets
// accept the full-width forms, too.
func isSign(r rune) bool {
	switch r {
	case '=', '+', '-', '@', '＝', '＋', '－', '＠':
		return true
	}
	return false
}

// startsOddly reports whether encoding/csv puts s in quotes for its beginning:
// `\.` alone is quoted too, because some databases take it for the end of the
// data.
func startsOddly(s string) bool {
	switch {
	case s == "":
		return false
	case s == `\.`:
		return true
	case s[0] < utf8.RuneSelf:
		return s[0] == ' ' || s[0] >= '\t' && s[0] <= '\r'
	}
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsSpace(first)
}

// hasSpecial reports whether s holds a byte that puts a cell in quotes, or at
// which a spreadsheet may begin another cell. Eight bytes at a time: byte by
// byte, this was half the time of writing a report.
func hasSpecial(s string) bool {
	for len(s) >= 8 {
		v := binary.LittleEndian.Uint64([]byte(s[:8])) // no copy on the heap
		found := zeroes(v^(ones*',')) | zeroes(v^(ones*'"')) | zeroes(v^(ones*'\r')) |
			zeroes(v^(ones*'\n')) | zeroes(v^(ones*';')) | zeroes(v^(ones*'\t'))
		if found&tops != 0 {
			return true
		}
		s = s[8:]
	}
	for i := range len(s) {
		switch s[i] {
		case ',', '"', '\r', '\n', ';', '\t':
			return true
		}
	}
	return false
}

const (
	ones = 0x0101010101010101 // times a byte: that byte eight times
	tops = 0x8080808080808080
)

// zeroes has the top bit of a byte set if and only if v holds a byte that is
// zero there or, above one, a borrow from it: enough to tell whether any is.
func zeroes(v uint64) uint64 { return (v - ones) &^ v }
