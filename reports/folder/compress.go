package folder

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compressions are the ways in which a report can be compressed, each the end of
// its file's name.
var Compressions = []string{"gz", "zst"}

// window bounds what a compressor remembers, and with it its memory.
const window = 1 << 20

// compressor returns a writer that compresses into w in one of Compressions, or
// not at all for "". It is deterministic. Close does not close w.
func compressor(w io.Writer, how string) (io.WriteCloser, error) {
	switch how {
	case "":
		return plainWriter{w}, nil
	case "gz":
		return gzip.NewWriter(w), nil
	case "zst":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	}
	return nil, fmt.Errorf("there is no compression %q", how)
}

type plainWriter struct{ io.Writer }

func (plainWriter) Close() error { return nil }

// Unpacked returns the content of a file, decompressed if it is compressed.
// close ends the reading; the file stays open.
func Unpacked(f *os.File) (r io.Reader, close func(), err error) {
	magic := make([]byte, 4)
	n, err := f.ReadAt(magic, 0)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(magic[:n], []byte{0x1f, 0x8b}):
		r, err := gzip.NewReader(bufio.NewReader(f))
		return r, func() {}, err
	case bytes.HasPrefix(magic[:n], []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return f, func() {}, nil
}

// Decompressed returns the file itself or, when it is compressed, an unnamed
// temporary file with its content.
func Decompressed(f *os.File) (*os.File, error) {
	r, done, err := Unpacked(f)
	if err != nil || r == io.Reader(f) {
		return f, err
	}
	defer done()
	plain, err := os.CreateTemp("", "relink-expect-")
	if err != nil {
		return f, err
	}
	err = os.Remove(plain.Name())
	if err == nil {
		_, err = io.Copy(plain, r)
	}
	if err == nil {
		_, err = plain.Seek(0, io.SeekStart)
	}
	if err != nil {
		plain.Close() // it has no name any more
		return f, err
	}
	return plain, f.Close()
}
