package source

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"relink/batch/source/raw"
)

const (
	// hashBlock is how many bytes are read and hashed at a time. From this
	// size on, hashing costs more than passing a block between goroutines.
	hashBlock = 128 << 10
	// hashBlocks is how many blocks are in use: one being parsed, one ready,
	// one being read and hashed.
	hashBlocks = 3
)

// hashingReader reads, counts and hashes the bytes of an input as they are
// stored. It reads ahead in its own goroutine, so that SHA-256 runs in parallel
// with the parsing.
type hashingReader struct {
	src  io.Reader
	file *os.File // nil for standard input
	held bool     // file is not ours to close
	size int64    // -1 when unknown
	time time.Time

	ready   chan []byte // closed when src has ended; then err, sum are set
	free    chan []byte
	stopped chan struct{} // closed by stop
	once    sync.Once
	read    atomic.Int64

	block, rest []byte // the block received last, and its unread part
	err         error
	sum         [sha256.Size]byte
}

// newHashingReader opens the file, or uses standard input for "-".
func newHashingReader(in Input, name string) (*hashingReader, error) {
	h := &hashingReader{
		size:    -1,
		ready:   make(chan []byte, hashBlocks),
		free:    make(chan []byte, hashBlocks),
		stopped: make(chan struct{}),
	}
	if in.Path == "-" {
		if in.Stdin == nil {
			return nil, &raw.Error{Place: name, What: "there is no standard input to read", Remedy: "name a file"}
		}
		h.src = in.Stdin
	} else if err := h.open(in); err != nil {
		return nil, err
	}
	for range hashBlocks {
		h.free <- make([]byte, hashBlock)
	}
	go h.run()
	return h, nil
}

// open starts reading the input's file.
func (h *hashingReader) open(in Input) error {
	file, info, err := in.open()
	if err != nil {
		return err
	}
	h.src, h.file, h.held = file, file, in.held != nil
	if h.held { // other readers share its offset
		h.src = io.NewSectionReader(file, 0, math.MaxInt64)
	}
	if info.Mode().IsRegular() {
		h.size, h.time = info.Size(), info.ModTime()
	}
	return nil
}

// open opens the file of an input, or uses the one that is held open.
func (in Input) open() (*os.File, os.FileInfo, error) {
	if in.held == nil {
		return openInput(in.Path)
	}
	info, err := in.held.Stat()
	return in.held, info, err
}

// Hold opens the input's file once for all later readings: they read the same
// file even if another one takes its name. An input that is not a regular file
// is returned unchanged. The caller calls release when the last Reader is
// closed.
func Hold(in Input) (held Input, release func() error, err error) {
	if in.Path == "-" {
		return in, func() error { return nil }, nil
	}
	file, info, err := openInput(in.Path)
	if err != nil {
		return in, nil, err
	}
	if !info.Mode().IsRegular() {
		return in, func() error { return nil }, file.Close()
	}
	in.held = file
	return in, file.Close, nil
}

// openInput opens the file at path; its errors have a hint.
func openInput(path string) (*os.File, os.FileInfo, error) {
	file, err := os.Open(path)
	switch {
	case path == "":
		return nil, nil, &raw.Error{What: "no input file is named", Remedy: `name a file, or "-" for standard input`}
	case errors.Is(err, os.ErrNotExist):
		return nil, nil, &raw.Error{Place: path, What: "there is no such file", Remedy: `check the path; "-" reads standard input`, Err: err}
	case errors.Is(err, os.ErrPermission):
		return nil, nil, &raw.Error{Place: path, What: "reading it is not permitted", Remedy: "run as a user who may read the file", Err: err}
	case err != nil:
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = &raw.Error{Place: path, What: "is a directory", Remedy: "name one file: a run reads one input"}
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// run reads blocks until the source ends or stop is called.
func (h *hashingReader) run() {
	defer close(h.ready)
	sum := sha256.New()
	for {
		var block []byte
		select {
		case block = <-h.free:
		case <-h.stopped:
			h.err = os.ErrClosed
			return
		}
		n, err := h.src.Read(block[:hashBlock])
		sum.Write(block[:n])
		h.read.Add(int64(n))
		if n > 0 {
			h.ready <- block[:n] // never blocks: there are no more blocks than slots
		} else {
			h.free <- block
		}
		if err != nil {
			h.err = err
			sum.Sum(h.sum[:0])
			return
		}
	}
}

func (h *hashingReader) Read(p []byte) (int, error) {
	if len(h.rest) == 0 {
		select {
		case <-h.stopped: // even when there is more to read
			return 0, os.ErrClosed
		default:
		}
		if h.block != nil {
			h.free <- h.block
			h.block = nil
		}
		select {
		case block, ok := <-h.ready:
			if !ok {
				return 0, h.err
			}
			h.block, h.rest = block, block
		case <-h.stopped:
			return 0, os.ErrClosed
		}
	}
	n := copy(p, h.rest)
	h.rest = h.rest[n:]
	return n, nil
}

// finish reads the rest, including what r has buffered, so that the sum covers
// the whole file. It returns an error when the file has changed in the
// meantime.
func (h *hashingReader) finish(r io.Reader, name string) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	if h.size < 0 {
		return nil
	}
	info, err := h.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != h.size || !info.ModTime().Equal(h.time) || h.read.Load() != h.size {
		return &raw.Error{
			Place: name, What: "the file changed while it was read",
			Remedy: "wait until it is complete, or work on a copy",
		}
	}
	return nil
}

// sha256 returns the sum in hexadecimal; valid after finish.
func (h *hashingReader) sha256() string { return hex.EncodeToString(h.sum[:]) }

// stop ends all reading, even a Read that waits for standard input. It may be
// called more than once, and from any goroutine.
func (h *hashingReader) stop() { h.once.Do(func() { close(h.stopped) }) }

// close frees the file; call it after stop. A goroutine that waits for standard
// input ends with its next read: closing standard input is not up to us.
func (h *hashingReader) close() error {
	if h.file == nil {
		return nil
	}
	var err error
	if !h.held {
		err = h.file.Close()
	}
	for range h.ready { // until the goroutine has ended
	}
	return err
}
