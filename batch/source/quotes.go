package source

import "bytes"

// quotes tracks the quotes of one CSV record across its lines, by the rules of
// encoding/csv. It finds where a record ends before encoding/csv sees it.
type quotes struct {
	delimiter []byte
	open      bool // the record continues on the next line
	column    int  // the current cell, from 0
	spaced    bool // white space is around a quoted cell
}

// What can be wrong with the quotes of a record.
const (
	quoteInside = "a quote stands inside a cell that does not begin with one; put the cell in quotes and double the quotes inside"
	quoteBehind = "text follows the closing quote of the cell; double the quotes inside a quoted cell"
	quoteOpen   = "the quote that opens the cell is never closed"
	// quoteFormula replaces quoteInside when a spreadsheet wrote ="0012".
	quoteFormula = "a spreadsheet formula is wrapped around the value; write the value alone, without = and quotes"
)

// spaces counts the white space at the beginning of s, not counting white space
// that is the delimiter.
func (q *quotes) spaces(s []byte) int {
	n := 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\t') && !bytes.HasPrefix(s[n:], q.delimiter) {
		n++
	}
	return n
}

// squeeze returns the record without white space around its quoted cells, which
// encoding/csv does not accept.
func (q *quotes) squeeze(record []byte) []byte {
	squeezed := make([]byte, 0, len(record))
	for {
		if n := q.spaces(record); n < len(record) && record[n] == '"' {
			end := n + 1
			for {
				end += bytes.IndexByte(record[end:], '"') + 1
				if end == len(record) || record[end] != '"' {
					break
				}
				end++
			}
			squeezed = append(squeezed, record[n:end]...)
			record = record[end:]
			record = record[q.spaces(record):]
		} else {
			cell, _, _ := bytes.Cut(record, q.delimiter)
			squeezed = append(squeezed, cell...)
			record = record[len(cell):]
		}
		if len(record) == 0 {
			return squeezed
		}
		squeezed = append(squeezed, q.delimiter...)
		record = record[len(q.delimiter):]
	}
}

// follow processes the next line of the record, without its line end. It
// returns what is wrong, "" when nothing is.
func (q *quotes) follow(s []byte) string {
	inside := q.open
	for {
		if !inside {
			if n := q.spaces(s); n < len(s) && s[n] == '"' {
				q.spaced = q.spaced || n > 0
				s, inside = s[n+1:], true
				continue
			}
			cell, more, found := bytes.Cut(s, q.delimiter)
			if bytes.HasPrefix(cell, []byte(`="`)) {
				return quoteFormula
			}
			if bytes.IndexByte(cell, '"') >= 0 {
				return quoteInside
			}
			if !found {
				q.open = false
				return ""
			}
			q.column++
			s = more
			continue
		}
		i := bytes.IndexByte(s, '"')
		if i < 0 {
			q.open = true
			return ""
		}
		s = s[i+1:]
		if len(s) > 0 && s[0] == '"' {
			s = s[1:]
			continue
		}
		if n := q.spaces(s); n > 0 {
			q.spaced = true
			s = s[n:]
		}
		switch {
		case len(s) == 0:
			q.open = false
			return ""
		case bytes.HasPrefix(s, q.delimiter):
			s, inside = s[len(q.delimiter):], false
			q.column++
		default:
			return quoteBehind
		}
	}
}
