package conflict

import (
	"container/heap"
	"errors"
	"io"
	"slices"
)

// record is what is sorted, comparing word by word from the left.
type record [5]uint64

func compare(a, b record) int { return slices.Compare(a[:], b[:]) }

// runBuffer is how much memory each run uses while the runs are merged; ten
// million records make 153 runs.
const runBuffer = 4 << 10

// sorter is an external merge sort: records are sorted in runs that fit in
// memory, written to a file, and merged when they are read.
type sorter struct {
	size int      // how many records are sorted at a time
	run  []record // not yet written
	file wordFile
	ends []int64 // where each run ends in the file
}

func newSorter(dir string, size int) sorter {
	return sorter{size: size, file: wordFile{dir: dir, words: len(record{})}}
}

func (s *sorter) add(r record) error {
	s.run = append(s.run, r)
	if len(s.run) < s.size {
		return nil
	}
	return s.writeRun()
}

// writeRun sorts the records in memory and writes them to the file.
func (s *sorter) writeRun() error {
	slices.SortFunc(s.run, compare)
	for i := range s.run {
		if err := s.file.write(s.run[i][:]...); err != nil {
			return err
		}
	}
	s.run = s.run[:0]
	s.ends = append(s.ends, s.file.count)
	return nil
}

// finish ends the adding of records; sorted may then be called any number of
// times.
func (s *sorter) finish() error {
	err := s.writeRun()
	s.run = nil
	return errors.Join(err, s.file.flush())
}

// sorted returns all records in order.
func (s *sorter) sorted() (*merger, error) {
	m := &merger{}
	start := int64(0)
	for _, end := range s.ends {
		if start < end {
			m.runs = append(m.runs, &run{wordReader: s.file.read(start, end, runBuffer)})
			if err := m.runs[len(m.runs)-1].advance(); err != nil {
				return nil, err
			}
		}
		start = end
	}
	heap.Init(&m.runs)
	return m, nil
}

func (s *sorter) close() error { return s.file.close() }

// merger reads sorted runs as one.
type merger struct{ runs runHeap }

// peek returns the smallest remaining record, and false when there is none.
func (m *merger) peek() (*record, bool) {
	if len(m.runs) == 0 {
		return nil, false
	}
	return &m.runs[0].first, true
}

// skip moves past the record that peek returned.
func (m *merger) skip() error {
	switch err := m.runs[0].advance(); {
	case errors.Is(err, io.EOF):
		heap.Pop(&m.runs)
	case err != nil:
		return err
	default:
		heap.Fix(&m.runs, 0)
	}
	return nil
}

// run is the rest of a sorted run.
type run struct {
	*wordReader
	first record
}

func (r *run) advance() error { return r.next(r.first[:]) }

// runHeap has the run with the smallest record on top.
type runHeap []*run

func (h runHeap) Len() int           { return len(h) }
func (h runHeap) Less(i, j int) bool { return compare(h[i].first, h[j].first) < 0 }
func (h runHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)        { *h = append(*h, x.(*run)) }
func (h *runHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
