package send

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"relink/batch/conflict"
)

// fate is what becomes of a row of a Job: one number, so that a file of
// them can be as long as it needs to be.
type fate int64

const (
	pending     fate = 0  // to be sent
	conflicting fate = -1 // contradicts another row
	// Further down: repeats an earlier row. Above 0: answered, in the journal
	// at that offset and one.
)

func repeating(first int64) fate { return fate(-1 - first) }
func answered(at int64) fate     { return fate(at + 1) }

// repeats returns the row that does the work.
func (f fate) repeats() (first int64, ok bool) { return int64(-1 - f), f < conflicting }

// at returns where in the journal the answer is.
func (f fate) at() (offset int64, ok bool) { return int64(f) - 1, f > pending }

// fates is a temporary file with the fate of each row. It may be used by many
// goroutines, each for other rows.
type fates struct{ file *os.File }

func newFates(dir string) (*fates, error) {
	file, err := conflict.TempFile(dir)
	if err != nil {
		return nil, fmt.Errorf("making a file for what becomes of the rows: %w", err)
	}
	return &fates{file}, nil
}

const fateSize = 8

func (f *fates) set(row int64, to fate) error {
	var b [fateSize]byte
	binary.LittleEndian.PutUint64(b[:], uint64(to))
	if _, err := f.file.WriteAt(b[:], row*fateSize); err != nil {
		return fmt.Errorf("noting what becomes of row %d: %w", row, err)
	}
	return nil
}

// of returns the fate of a row; a row of which nothing was noted is pending.
func (f *fates) of(row int64) (fate, error) {
	var b [fateSize]byte
	if _, err := f.file.ReadAt(b[:], row*fateSize); err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("looking up what becomes of row %d: %w", row, err)
	}
	return fate(binary.LittleEndian.Uint64(b[:])), nil
}

func (f *fates) close() error { return f.file.Close() }
