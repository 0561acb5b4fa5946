package workbook

import (
	"errors"
	"io"
	"strings"
)

// rowsAhead is how many rows are looked at to find out how many columns the sheet
// has: a title may stand above the header, and rows leave out what is empty at
// their end.
const rowsAhead = 40

// breaks are written as U+2028 within a cell, so that a row stays one line. In an
// id it is refused as a line break is.
var breaks = strings.NewReplacer("\r\n", "\u2028", "\n", "\u2028", "\r", "\u2028")

// Read reads the sheet as CSV.
func (s *Sheet) Read(p []byte) (int, error) {
	for len(s.line) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		s.err = s.fill()
	}
	n := copy(p, s.line)
	s.line = s.line[n:]
	return n, nil
}

// lineBlock is how much CSV is made at a time.
const lineBlock = 32 << 10

// fill makes lines of the next rows.
func (s *Sheet) fill() error {
	if s.width == 0 {
		if err := s.lookAhead(); err != nil {
			return err
		}
	}
	s.buf = s.buf[:0]
	defer func() { s.line = s.buf }()
	for len(s.buf) < lineBlock {
		r, err := s.row()
		if err != nil {
			return err
		}
		for ; s.next < r.number; s.next++ {
			s.buf = append(s.buf, '\n')
		}
		s.write(r.cells)
		s.next++
	}
	return nil
}

// lookAhead reads the first rows.
func (s *Sheet) lookAhead() error {
	s.width = 1
	for range rowsAhead {
		r, err := s.rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		s.width = max(s.width, len(r.cells))
		s.ahead = append(s.ahead, r)
	}
	return nil
}

func (s *Sheet) row() (row, error) {
	if len(s.ahead) > 0 {
		r := s.ahead[0]
		s.ahead = s.ahead[1:]
		return r, nil
	}
	return s.rows.next()
}

// write adds a row as a line. A row without a cell is a blank line.
func (s *Sheet) write(cells []string) {
	if len(cells) > 0 {
		for i := range max(s.width, len(cells)) {
			if i > 0 {
				s.buf = append(s.buf, ',')
			}
			if i < len(cells) {
				s.buf = appendCell(s.buf, cells[i])
			}
		}
	}
	s.buf = append(s.buf, '\n')
}

func appendCell(line []byte, text string) []byte {
	if strings.ContainsAny(text, "\r\n") {
		text = breaks.Replace(text)
	}
	if !strings.ContainsAny(text, `",`) {
		return append(line, text...)
	}
	line = append(line, '"')
	line = append(line, strings.ReplaceAll(text, `"`, `""`)...)
	return append(line, '"')
}
