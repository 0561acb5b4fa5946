package conflict

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
)

// TempFile creates a file in dir, or in the system's folder when dir is "". The
// file is removed when it is closed or the program ends, even if it is killed.
func TempFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "relink-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// fileBuffer is how many bytes of a file are written at a time.
const fileBuffer = 32 << 10

// wordFile is a temporary file of records, each a fixed number of words. It is
// written first, then flushed, and can then be read any number of times. The
// file is created when the first record is written.
type wordFile struct {
	dir    string
	words  int
	count  int64 // records written
	file   *os.File
	writer *bufio.Writer
}

func (f *wordFile) write(words ...uint64) error {
	if f.file == nil {
		created, err := TempFile(f.dir)
		if err != nil {
			return err
		}
		f.file, f.writer = created, bufio.NewWriterSize(created, fileBuffer)
	}
	b := f.writer.AvailableBuffer()
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	f.count++
	_, err := f.writer.Write(b)
	return err
}

func (f *wordFile) flush() error {
	if f.file == nil {
		return nil
	}
	return f.writer.Flush()
}

// read returns a reader of the records in [from, to).
func (f *wordFile) read(from, to int64, buffer int) *wordReader {
	size := int64(8 * f.words)
	section := io.NewSectionReader(f.file, from*size, (to-from)*size)
	return &wordReader{from: bufio.NewReaderSize(section, buffer), size: int(size)}
}

func (f *wordFile) close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

// wordReader reads records.
type wordReader struct {
	from *bufio.Reader
	size int
}

// next reads a record; it returns io.EOF after the last one.
func (r *wordReader) next(words []uint64) error {
	b, err := r.from.Peek(r.size)
	if err != nil {
		return err
	}
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	_, err = r.from.Discard(r.size)
	return err
}
