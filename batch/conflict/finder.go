package conflict

import (
	"errors"
	"fmt"
	"hash/maphash"

	"relink/linker"
	"relink/linker/bloom"
)

const (
	// runSize is how many records are sorted at a time: 2.5 MiB.
	runSize = 64 << 10
	// parts is how many files the rows are spread over, by the first bits of
	// their recordings' hashes. The filters of one part then fit in the
	// processor's cache: one filter for all of them cost 100 ns a row.
	parts    = 1 << partBits
	partBits = 4
)

// Finder finds the rows of a file that share their recording with others: those
// that ask for different targets, and those that repeat an earlier row. First
// Add every row, then call Finish, then look rows up with a Cursor. It keeps
// hashes, not ids, and is not safe for concurrent use.
//
// Most recordings are in a file only once: filters pick out the others, and
// only their rows are sorted.
type Finder struct {
	seed maphash.Seed
	buf  []byte // of hashes

	rows    [parts]wordFile // recording, request, row, target, line
	groups  wordFile        // see group.words
	results sorter          // row, line, group, row that it repeats

	conflicts, repeats int64
}

// NewFinder returns an empty Finder that keeps temporary files in dir, or in
// the system's folder when dir is "": 40 bytes a row, up to three times as much
// where rows share their recordings.
func NewFinder(dir string) *Finder { return newFinder(dir, runSize) }

// newFinder is NewFinder with the number of records that are sorted at a time.
func newFinder(dir string, size int) *Finder {
	f := &Finder{
		seed:    maphash.MakeSeed(),
		groups:  wordFile{dir: dir, words: groupWords},
		results: newSorter(dir, size),
	}
	for i := range f.rows {
		f.rows[i] = wordFile{dir: dir, words: len(record{})}
	}
	return f
}

// Add adds a row that Check accepted; rows come in ascending order. Targets are
// compared exactly as written.
func (f *Finder) Add(row, line int64, r *linker.Fields) error {
	recording := maphash.String(f.seed, r.RecordingID)
	request, target := f.hashes(r)
	part := &f.rows[recording>>(64-partBits)]
	if err := part.write(recording, request, uint64(row), target, uint64(line)); err != nil {
		return fmt.Errorf("keeping row %d to compare it: %w", row, err)
	}
	return nil
}

// hashes returns two hashes: one of everything a row asks for except the
// trigger, which does not affect whether there is anything to do, and one of
// its target, the CRM row as written. Connection and data type are included
// where they take part in finding the CRM row.
func (f *Finder) hashes(r *linker.Fields) (request, target uint64) {
	f.buf = f.buf[:0]
	for _, value := range [...]string{r.ID, r.DataType, r.IntegrationConnectionID, r.ExternalID} {
		f.buf = append(append(f.buf, value...), 0)
	}
	request = maphash.Bytes(f.seed, f.buf)
	if r.ID == "" {
		return request, request
	}
	return request, maphash.String(f.seed, r.ID)
}

// Finish ends the adding of rows and compares them.
func (f *Finder) Finish() error {
	if err := f.finish(); err != nil {
		return fmt.Errorf("comparing rows: %w", err)
	}
	return nil
}

func (f *Finder) finish() error {
	suspects := newSorter(f.groups.dir, f.results.size)
	defer suspects.close()
	for i := range f.rows {
		if err := f.search(&f.rows[i], &suspects); err != nil {
			return err
		}
	}
	return errors.Join(suspects.finish(), f.group(&suspects), f.groups.flush(), f.results.finish())
}

// search adds the rows whose recording may be in the file more than once.
func (f *Finder) search(rows *wordFile, suspects *sorter) error {
	if rows.count < 2 {
		return nil
	}
	if err := rows.flush(); err != nil {
		return err
	}
	seen, twice := bloom.New(rows.count), bloom.New(rows.count)
	found := false
	err := each(rows, func(r *record) error {
		if seen.Add(r[0]) {
			twice.Add(r[0])
			found = true
		}
		return nil
	})
	if err != nil || !found {
		return err
	}
	return each(rows, func(r *record) error {
		if !twice.Has(r[0]) {
			return nil
		}
		return suspects.add(*r)
	})
}

// each calls do with every record of a file.
func each(rows *wordFile, do func(*record) error) error {
	reader := rows.read(0, rows.count, fileBuffer)
	var r record
	for range rows.count {
		if err := reader.next(r[:]); err != nil {
			return err
		}
		if err := do(&r); err != nil {
			return err
		}
	}
	return nil
}

// group writes the results of each recording. Its rows come sorted by request,
// then by row number.
func (f *Finder) group(suspects *sorter) error {
	sorted, err := suspects.sorted()
	if err != nil {
		return err
	}
	g := &group{}
	for {
		r, ok := sorted.peek()
		if !ok {
			return f.endGroup(g)
		}
		if g.rows > 0 && r[0] != g.recording {
			if err := f.endGroup(g); err != nil {
				return err
			}
			*g = group{}
		}
		if err := f.addTo(g, r); err != nil {
			return err
		}
		if err := sorted.skip(); err != nil {
			return err
		}
	}
}

// addTo adds a row to its group and writes its result: the number of the group
// and the row that this one repeats.
func (f *Finder) addTo(g *group, r *record) error {
	row, line := r[2], r[4]
	first := uint64(0)
	switch {
	case g.rows == 0:
		g.recording, g.target = r[0], r[3]
		g.request, g.requestRow = r[1], row
	case g.request == r[1]:
		first = g.requestRow
		g.repeats++
	default:
		g.request, g.requestRow = r[1], row
	}
	g.differ = g.differ || g.target != r[3]
	g.rows++
	g.note(row, line)
	result := record{row, line, uint64(f.groups.count), first}
	if g.rows == 1 {
		g.held = result // most suspects turn out to be the only row of their recording
		return nil
	}
	if g.rows == 2 {
		if err := f.results.add(g.held); err != nil {
			return err
		}
	}
	return f.results.add(result)
}

// endGroup writes what the rows of a group have in common.
func (f *Finder) endGroup(g *group) error {
	if g.rows < 2 {
		return nil
	}
	if g.differ {
		f.conflicts += g.rows
	} else {
		f.repeats += g.repeats
	}
	words := g.words()
	return f.groups.write(words[:]...)
}

// Conflicts returns how many rows have another row that asks for a different
// target.
func (f *Finder) Conflicts() int64 { return f.conflicts }

// Repeats returns how many rows repeat an earlier one; see Others.Repeats.
func (f *Finder) Repeats() int64 { return f.repeats }

// Close removes the temporary files.
func (f *Finder) Close() error {
	err := errors.Join(f.groups.close(), f.results.close())
	for i := range f.rows {
		err = errors.Join(err, f.rows[i].close())
	}
	return err
}
