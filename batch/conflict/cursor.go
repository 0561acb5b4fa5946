package conflict

import "fmt"

// Others describes how a row relates to the other rows of its recording.
type Others struct {
	// Conflict is true when the rows of the recording ask for different
	// targets.
	Conflict bool
	// Repeats is the first row that asks for the same as this one, ignoring the
	// trigger; 0 when no earlier row does, or when there is a conflict.
	Repeats int64
	// Lines are the physical lines of the first five other rows, in order, and
	// More is how many more there are.
	Lines []int64
	More  int64
}

// Cursor looks up rows in ascending order. A Finder may have many.
type Cursor struct {
	finder  *Finder
	results *merger
	words   [groupWords]uint64
}

// Cursor returns a cursor before the first row; call it after Finish. It is
// valid until the Finder is closed.
func (f *Finder) Cursor() (*Cursor, error) {
	results, err := f.results.sorted()
	if err != nil {
		return nil, fmt.Errorf("looking up compared rows: %w", err)
	}
	return &Cursor{finder: f, results: results}, nil
}

// At returns the others of a row, the zero value when its recording is in the
// file only once.
func (c *Cursor) At(row int64) (Others, error) {
	for {
		r, ok := c.results.peek()
		if !ok || int64(r[0]) > row {
			return Others{}, nil
		}
		result := *r
		if err := c.results.skip(); err != nil {
			return Others{}, fmt.Errorf("looking up row %d: %w", row, err)
		}
		if int64(result[0]) == row {
			return c.others(result)
		}
	}
}

// others joins a result with its group.
func (c *Cursor) others(result record) (o Others, err error) {
	group := int64(result[2])
	if err := c.finder.groups.read(group, group+1, 8*groupWords).next(c.words[:]); err != nil {
		return o, fmt.Errorf("looking up row %d: %w", result[0], err)
	}
	o.Conflict = c.words[0] != 0
	if !o.Conflict {
		o.Repeats = int64(result[3])
	}
	rows := int64(c.words[1])
	for _, line := range c.words[2:min(groupWords, 2+rows)] {
		if line != result[1] && len(o.Lines) < namedRows-1 {
			o.Lines = append(o.Lines, int64(line))
		}
	}
	o.More = rows - 1 - int64(len(o.Lines))
	return o, nil
}
