package conflict

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"relink/linker"
	"relink/linker/text"
)

// namedLines is how many of the other lines are named in a message.
const namedLines = 5

// Twins finds rows of one recording that ask for different targets, in memory
// that does not grow with the number of rows: what it is told goes to a
// temporary file. First Add every row that takes part, then Finish, then ask
// At for rows in ascending order.
type Twins struct {
	seed  maphash.Seed
	store *chains
	all   [fanOut]chain // by the first byte of the recording's hash
	size  int           // how many entries are sorted at a time

	found *twinFile
	notes []twin   // found, not yet written
	table []uint64 // of repeated
}

// Others are rows that ask for another target for the same recording.
type Others struct {
	// Lines are the physical lines of the first five, in order.
	Lines []int64
	// More is how many there are besides.
	More int64
}

// sortSize is how many entries Twins sorts at a time, 2 MiB, and how many of
// what it finds it writes at a time. With 256 parts that serves 16 M rows;
// larger parts are split once more.
const sortSize = 64 << 10

// NewTwins returns an empty Twins that keeps its temporary files in dir, ""
// for the system's folder. They hold no ids, only hashes.
func NewTwins(dir string) (*Twins, error) {
	store, err := newChains(dir)
	if err != nil {
		return nil, fmt.Errorf("making a file to compare rows: %w", err)
	}
	found, err := newTwinFile(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a file to compare rows: %w", err), store.close())
	}
	return &Twins{seed: maphash.MakeSeed(), store: store, found: found, size: sortSize}, nil
}

// Add tells of one row. The target is compared as it is given; rows come in
// ascending order.
func (t *Twins) Add(row, line int64, recordingID, target string) error {
	e := entry{
		recording: maphash.String(t.seed, recordingID),
		target:    maphash.String(t.seed, target),
		row:       row,
		line:      line,
	}
	if err := t.store.add(&t.all[e.part(0)], e); err != nil {
		return fmt.Errorf("keeping row %d to compare it: %w", row, err)
	}
	return nil
}

// Finish ends the adding and finds the twins.
func (t *Twins) Finish() error {
	for i := range t.all {
		if err := t.search(&t.all[i], 1); err != nil {
			return fmt.Errorf("comparing rows: %w", err)
		}
		t.all[i] = chain{}
	}
	err := t.found.add(t.notes)
	t.notes = nil
	if err == nil {
		err = t.found.finish()
	}
	if err != nil {
		return fmt.Errorf("comparing rows: %w", err)
	}
	return nil
}

// search finds the twins in a chain whose entries agree in the first depth
// bytes of the recording's hash.
func (t *Twins) search(c *chain, depth int) error {
	switch {
	case c.count < 2:
		return nil
	case c.count <= int64(t.size):
		entries, err := t.store.load(c)
		if err != nil {
			return err
		}
		return t.compare(entries)
	}
	if one, err := t.store.agree(c, func(e *entry) uint64 { return e.recording }); err != nil {
		return err
	} else if one {
		return t.giant(c)
	}
	parts, err := t.store.split(c, depth)
	if err != nil {
		return err
	}
	for i := range parts {
		if err := t.search(&parts[i], depth+1); err != nil {
			return err
		}
	}
	return nil
}

// compare finds the twins among entries that hold all rows of their
// recordings.
func (t *Twins) compare(entries []entry) error {
	entries = t.repeated(entries)
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.recording, b.recording), byTargetAndRow(a, b))
	})
	for rows := range chunks(entries, func(a, b entry) bool { return a.recording == b.recording }) {
		if rows[0].target == rows[len(rows)-1].target {
			continue
		}
		var first earliest
		for same := range chunks(rows, sameTarget) {
			first.add(same)
		}
		for same := range chunks(rows, sameTarget) {
			for _, e := range same {
				if err := t.note(first.note(e, int64(len(rows)-len(same)))); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// note keeps what was found, and writes it when it is much.
func (t *Twins) note(n twin) error {
	if t.notes = append(t.notes, n); len(t.notes) < t.size {
		return nil
	}
	err := t.found.add(t.notes)
	t.notes = t.notes[:0]
	return err
}

// repeated keeps the entries whose recording occurs more than once. In most
// files there are none, and looking for them in a table is much cheaper than
// sorting.
func (t *Twins) repeated(entries []entry) []entry {
	// At most half full, so that a search is short. The first byte of the
	// hash is the same in all entries, the last bits are as good as any.
	size := uint64(2)
	for size < 2*uint64(len(entries)) {
		size *= 2
	}
	if uint64(cap(t.table)) < size {
		t.table = make([]uint64, size)
	}
	table := t.table[:size]
	clear(table)
	var twice map[uint64]bool
	for i := range entries {
		h := entries[i].recording | 1 // 0 is an empty place
		at := h / 2 % size
		for table[at] != 0 && table[at] != h {
			at = (at + 1) % size
		}
		if table[at] == h {
			if twice == nil {
				twice = make(map[uint64]bool)
			}
			twice[h] = true
		}
		table[at] = h
	}
	if twice == nil {
		return nil
	}
	return slices.DeleteFunc(entries, func(e entry) bool { return !twice[e.recording|1] })
}

// giant finds the twins among more rows of one recording than fit in memory,
// as when a column of constants was taken for the recording. It goes through
// the rows twice, target by target.
func (t *Twins) giant(c *chain) error {
	var first earliest
	err := t.byTarget(c, 0, func(same []entry, _ int64) error {
		first.add(same)
		return nil
	})
	if err != nil {
		return err
	}
	return t.byTarget(c, 0, func(same []entry, count int64) error {
		if count == c.count {
			return nil // one target only
		}
		for _, e := range same {
			if err := t.note(first.note(e, c.count-count)); err != nil {
				return err
			}
		}
		return nil
	})
}

// byTarget hands over the rows of a chain in parts of one target each, sorted
// by row, with how many rows have this target. A target with more rows
// than fit in memory comes in several parts.
func (t *Twins) byTarget(c *chain, depth int, visit func(same []entry, count int64) error) error {
	switch {
	case c.count == 0:
		return nil
	case c.count <= int64(t.size):
		entries, err := t.store.load(c)
		if err != nil {
			return err
		}
		slices.SortFunc(entries, byTargetAndRow)
		for same := range chunks(entries, sameTarget) {
			if err := visit(same, int64(len(same))); err != nil {
				return err
			}
		}
		return nil
	}
	if one, err := t.store.agree(c, func(e *entry) uint64 { return e.target }); err != nil {
		return err
	} else if one {
		return t.store.each(c, func(same []entry) error {
			slices.SortFunc(same, byTargetAndRow)
			return visit(same, c.count)
		})
	}
	parts, err := t.store.split(c, hashBytes+depth)
	if err != nil {
		return err
	}
	for i := range parts {
		if err := t.byTarget(&parts[i], depth+1, visit); err != nil {
			return err
		}
	}
	return nil
}

func byTargetAndRow(a, b entry) int {
	return cmp.Or(cmp.Compare(a.target, b.target), cmp.Compare(a.row, b.row))
}

func sameTarget(a, b entry) bool { return a.target == b.target }

// chunks yields the longest runs of entries that are the same, one after the
// other.
func chunks(entries []entry, same func(a, b entry) bool) func(yield func([]entry) bool) {
	return func(yield func([]entry) bool) {
		for len(entries) > 0 {
			n := 1
			for n < len(entries) && same(entries[0], entries[n]) {
				n++
			}
			if !yield(entries[:n]) {
				return
			}
			entries = entries[n:]
		}
	}
}

// earliest holds the first rows of a recording, at most five of each target
// and ten in all: whatever target is left out, the first five of the others
// are among them.
type earliest []entry

// add takes rows of one target, in order.
func (f *earliest) add(same []entry) {
	all := append(*f, same[:min(len(same), namedLines)]...)
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.row, b.row) })
	// A target may come in parts.
	seen := 0
	all = slices.DeleteFunc(all, func(e entry) bool {
		if e.target == same[0].target {
			seen++
			return seen > namedLines
		}
		return false
	})
	*f = all[:min(len(all), 2*namedLines)]
}

// note is what there is to say of a row that others, so many, contradict.
func (f earliest) note(e entry, others int64) twin {
	n := twin{row: e.row, others: others}
	i := 0
	for _, o := range f {
		if o.target != e.target && i < namedLines {
			n.lines[i] = o.line
			i++
		}
	}
	return n
}

// Target names the CRM row that a row asks for, as it is written. The data
// type takes part where it takes part in finding the CRM row.
func Target(r *linker.Fields) string {
	if r.ID != "" {
		return r.ID
	}
	return r.DataType + "\x00" + r.IntegrationConnectionID + "\x00" + r.ExternalID
}

// Rows returns how many rows have others that ask for another target.
func (t *Twins) Rows() int64 { return t.found.count }

// At returns the others of a row, ok false when it has none. Calls ask for
// rows in ascending order.
func (t *Twins) At(row int64) (o Others, ok bool, err error) {
	n, ok, err := t.found.at(row)
	if err != nil || !ok {
		return Others{}, false, err
	}
	named := min(n.others, namedLines)
	return Others{Lines: slices.Clone(n.lines[:named]), More: n.others - named}, true, nil
}

// Message says it in words, for the report of a file that was only checked.
func (o Others) Message() string {
	return "other rows ask for another target for this recording: " + text.Lines(o.Lines, o.More)
}

// Places says it in the words of a run on a database: "the others are on lines
// 17, 42 and 3 more".
func (o Others) Places() string {
	if len(o.Lines) == 1 && o.More == 0 {
		return "the other is on " + text.Lines(o.Lines, 0)
	}
	return "the others are on " + text.Lines(o.Lines, o.More)
}

// Close removes the temporary files.
func (t *Twins) Close() error { return errors.Join(t.store.close(), t.found.close()) }
