package conflict

import (
	"cmp"
	"slices"

	"relink/linker"
)

// group collects what is known about one recording while its rows are read.
type group struct {
	recording           uint64
	target              uint64 // of the first row read
	differ              bool   // other rows have another
	request, requestRow uint64 // what the last row read asks for, and the first row that does
	rows, repeats       int64
	first               []place // the first rows by number
	held                record  // the result of the first row read
}

// place is where a row is.
type place struct{ row, line uint64 }

// namedRows is how many rows of a group are kept by line: enough to name the
// others of any row.
const namedRows = linker.NamedLines + 1

// groupWords is the size of a group as written: whether targets differ, how
// many rows there are, and the lines of the first ones.
const groupWords = 2 + namedRows

// note keeps a row if it is one of the first.
func (g *group) note(row, line uint64) {
	if len(g.first) == namedRows && g.first[namedRows-1].row < row {
		return
	}
	g.first = append(g.first, place{row, line})
	slices.SortFunc(g.first, func(a, b place) int { return cmp.Compare(a.row, b.row) })
	g.first = g.first[:min(len(g.first), namedRows)]
}

func (g *group) words() (words [groupWords]uint64) {
	if g.differ {
		words[0] = 1
	}
	words[1] = uint64(g.rows)
	for i, p := range g.first {
		words[2+i] = p.line
	}
	return words
}
