package source

import "bytes"

// quotes follows the quotes of one CSV record across its lines, by the rules
// of encoding/csv. It finds where a record ends before encoding/csv sees it.
type quotes struct {
	delimiter []byte
	open      bool // the record goes on in the next line
	column    int  // the cell looked at, from 0
}

// What can be wrong with the quotes of a record.
const (
	quoteInside = "a quote stands inside a cell that does not begin with one; put the cell in quotes and double the quotes inside"
	quoteBehind = "text follows the closing quote of the cell; double the quotes inside a quoted cell"
	quoteOpen   = "the quote that opens the cell is never closed"
)

// follow goes through the next line of the record, without its line end. It
// returns what is wrong, "" when nothing is.
func (q *quotes) follow(s []byte) string {
	inside := q.open
	for {
		if !inside {
			if len(s) > 0 && s[0] == '"' {
				s, inside = s[1:], true
				continue
			}
			cell, more, found := bytes.Cut(s, q.delimiter)
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
		switch s = s[i+1:]; {
		case len(s) == 0:
			q.open = false
			return ""
		case s[0] == '"':
			s = s[1:]
		case bytes.HasPrefix(s, q.delimiter):
			s, inside = s[len(q.delimiter):], false
			q.column++
		default:
			return quoteBehind
		}
	}
}
