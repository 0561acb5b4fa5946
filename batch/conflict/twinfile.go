package conflict

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
)

const (
	// twinSize is what a twin takes in a file.
	twinSize = 8 * (2 + namedLines)
	// runBuffer is what each run takes in memory while the runs are merged:
	// there are at most a few hundred.
	runBuffer = 4 << 10
)

// twin is a row that others contradict.
type twin struct {
	row, others int64
	lines       [namedLines]int64
}

// twinFile is a temporary file of twins, written as runs that are sorted by row
// and read as one.
type twinFile struct {
	file  *os.File
	w     *bufio.Writer
	ends  []int64 // where each run ends
	end   int64
	count int64

	readers twinHeap
}

func newTwinFile(dir string) (*twinFile, error) {
	file, err := TempFile(dir)
	if err != nil {
		return nil, err
	}
	return &twinFile{file: file, w: bufio.NewWriter(file)}, nil
}

// add writes one run; it sorts it.
func (r *twinFile) add(twins []twin) error {
	if len(twins) == 0 {
		return nil
	}
	slices.SortFunc(twins, func(a, b twin) int { return cmp.Compare(a.row, b.row) })
	var buf [twinSize]byte
	for _, t := range twins {
		b := binary.LittleEndian.AppendUint64(buf[:0], uint64(t.row))
		b = binary.LittleEndian.AppendUint64(b, uint64(t.others))
		for _, l := range t.lines {
			b = binary.LittleEndian.AppendUint64(b, uint64(l))
		}
		if _, err := r.w.Write(b); err != nil {
			return err
		}
	}
	r.count += int64(len(twins))
	r.end += int64(len(twins)) * twinSize
	r.ends = append(r.ends, r.end)
	return nil
}

// finish ends the writing and makes ready to read.
func (r *twinFile) finish() error {
	if err := r.w.Flush(); err != nil {
		return err
	}
	start := int64(0)
	for _, end := range r.ends {
		run := &runReader{r: bufio.NewReaderSize(io.NewSectionReader(r.file, start, end-start), runBuffer)}
		if err := run.next(); err != nil {
			return err
		}
		r.readers = append(r.readers, run)
		start = end
	}
	heap.Init(&r.readers)
	return nil
}

// at returns the twin of a row, ok false when the row has none. Rows are asked
// for in ascending order; those passed over are gone.
func (r *twinFile) at(row int64) (t twin, ok bool, err error) {
	for len(r.readers) > 0 && r.readers[0].twin.row <= row {
		run := r.readers[0]
		if run.twin.row == row {
			t, ok = run.twin, true
		}
		switch err := run.next(); {
		case errors.Is(err, io.EOF):
			heap.Pop(&r.readers)
		case err != nil:
			return twin{}, false, err
		default:
			heap.Fix(&r.readers, 0)
		}
		if ok {
			break
		}
	}
	return t, ok, nil
}

func (r *twinFile) close() error { return r.file.Close() }

// runReader reads one run.
type runReader struct {
	r    *bufio.Reader
	twin twin
	buf  [twinSize]byte
}

func (r *runReader) next() error {
	if _, err := io.ReadFull(r.r, r.buf[:]); err != nil {
		return err
	}
	get := func(i int) int64 { return int64(binary.LittleEndian.Uint64(r.buf[8*i:])) }
	r.twin.row, r.twin.others = get(0), get(1)
	for i := range r.twin.lines {
		r.twin.lines[i] = get(2 + i)
	}
	return nil
}

// twinHeap has the run with the smallest row on top.
type twinHeap []*runReader

func (h twinHeap) Len() int           { return len(h) }
func (h twinHeap) Less(i, j int) bool { return h[i].twin.row < h[j].twin.row }
func (h twinHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *twinHeap) Push(x any)        { *h = append(*h, x.(*runReader)) }
func (h *twinHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
