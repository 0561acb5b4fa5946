package send

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"relink/batch/conflict"
)

// answerIndex is a temporary file with the place of each row's answer in the
// journal. Goroutines may use it concurrently for different rows.
type answerIndex struct{ file *os.File }

func newAnswerIndex(dir string) (*answerIndex, error) {
	file, err := conflict.TempFile(dir)
	if err != nil {
		return nil, fmt.Errorf("creating the index of answers: %w", err)
	}
	return &answerIndex{file}, nil
}

// noAnswer is the offset of a row that has no answer.
const noAnswer = -1

const offsetSize = 8

// set records the place of a row's answer, or noAnswer.
func (x *answerIndex) set(row, offset int64) error {
	var b [offsetSize]byte
	binary.LittleEndian.PutUint64(b[:], uint64(offset+1)) // so that a gap in the file reads as noAnswer
	if _, err := x.file.WriteAt(b[:], row*offsetSize); err != nil {
		return fmt.Errorf("indexing the answer of row %d: %w", row, err)
	}
	return nil
}

// offset returns the place of a row's answer, noAnswer when there is none.
func (x *answerIndex) offset(row int64) (int64, error) {
	var b [offsetSize]byte
	if _, err := x.file.ReadAt(b[:], row*offsetSize); err != nil && !errors.Is(err, io.EOF) {
		return noAnswer, fmt.Errorf("looking up the answer of row %d: %w", row, err)
	}
	return int64(binary.LittleEndian.Uint64(b[:])) - 1, nil
}

func (x *answerIndex) close() error { return x.file.Close() }
