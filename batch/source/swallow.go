package source

import (
	"bytes"
	"slices"
	"strings"

	"relink/linker"
)

// shape describes the records of a CSV file. It finds records that two stray
// quotes turned into part of another record's cell: such a cell is valid CSV,
// and in an ignored column it would swallow them without a notice. Only records
// of several lines are examined.
type shape struct {
	delimiter   []byte
	cells       int // of the header
	recordingID int // the column, -1 for none or several
	dataType    int
}

// newShape describes the records under a header.
func newShape(h *header, delimiter []byte) *shape {
	column := func(f linker.Field) int {
		if slices.Index(h.fields, f) != lastIndex(h.fields, f) {
			return -1
		}
		return slices.Index(h.fields, f)
	}
	return &shape{
		delimiter: delimiter, cells: len(h.cells),
		recordingID: column(linker.FieldRecordingID), dataType: column(linker.FieldDataType),
	}
}

func lastIndex(fields []linker.Field, f linker.Field) int {
	last := -1
	for i, g := range fields {
		if g == f {
			last = i
		}
	}
	return last
}

// firstSwallows reports whether the first line of a record, on which the given
// column opens with a quote and does not close, contains a record of its own
// after that quote.
func (s *shape) firstSwallows(line []byte, opened int) bool {
	if s == nil || s.recordingID <= opened {
		return false
	}
	cells := bytes.Split(line, s.delimiter)
	return len(cells) >= s.cells || s.dataType > opened && s.named(cells)
}

// swallows reports whether a later line of a record looks like a record of its
// own. opened is the column that was open when the line began; open reports
// whether a quote is still open at its end.
func (s *shape) swallows(line []byte, opened int, open bool) bool {
	if s == nil {
		return false
	}
	cells := bytes.Split(line, s.delimiter)
	if !open {
		closed := slices.IndexFunc(cells, func(c []byte) bool {
			return bytes.IndexByte(bytes.ReplaceAll(c, []byte(`""`), nil), '"') >= 0
		})
		if closed == opened && opened == 0 {
			// What follows the first column is in its place in every record:
			// nothing follows from this line.
			return false
		}
		if closed == opened && s.dataType > closed {
			// The data type belongs to the record that ends here.
			return len(cells) == s.cells
		}
	}
	return len(cells) == s.cells || s.named(cells) || len(cells) > s.cells && s.identified(cells)
}

// named reports whether there is a data type in its place, and something in the
// place of the recording id.
func (s *shape) named(cells [][]byte) bool {
	return s.dataType >= 0 && s.dataType < len(cells) && isDataType(s.cell(cells, s.dataType)) && s.cell(cells, s.recordingID) != ""
}

// identified reports whether there is an id with a digit in the place of the
// recording id.
func (s *shape) identified(cells [][]byte) bool {
	id := s.cell(cells, s.recordingID)
	return linker.PlainID(id) && strings.ContainsAny(id, "0123456789")
}

func (s *shape) cell(cells [][]byte, i int) string {
	if i < 0 || i >= len(cells) {
		return ""
	}
	return strings.Trim(string(cells[i]), " \t\"")
}
