package source

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"
)

const (
	// storedBlock is read and hashed at a time. Hashing costs more than the
	// hand-over of a block from here on up.
	storedBlock = 128 << 10
	// storedBlocks are in use at once: one being parsed, one ready, one being
	// read and hashed.
	storedBlocks = 3
)

// stored reads the bytes of a source as they are stored, and counts and hashes
// them. It works ahead in a goroutine of its own, so that SHA-256 runs beside
// the parsing.
type stored struct {
	src  io.Reader
	file *os.File // nil for standard input
	size int64    // -1 when unknown
	time time.Time

	ready chan []byte // closed when src has ended; then err, sum are set
	free  chan []byte
	gone  chan struct{} // closed by quit
	read  atomic.Int64

	block, rest []byte // the block handed over last, and what is unread of it
	err         error
	sum         [sha256.Size]byte
}

// openStored opens the file, or takes standard input for "-".
func openStored(in Input, name string) (*stored, error) {
	s := &stored{
		size:  -1,
		ready: make(chan []byte, storedBlocks),
		free:  make(chan []byte, storedBlocks),
		gone:  make(chan struct{}),
	}
	if in.Path == "-" {
		if in.Stdin == nil {
			return nil, &inputError{place: name, what: "there is no standard input to read", hint: "name a file"}
		}
		s.src = in.Stdin
	} else {
		file, info, err := openInput(in.Path)
		if err != nil {
			return nil, err
		}
		s.src, s.file = file, file
		if info.Mode().IsRegular() {
			s.size, s.time = info.Size(), info.ModTime()
		}
	}
	for range storedBlocks {
		s.free <- make([]byte, storedBlock)
	}
	go s.run()
	return s, nil
}

// openInput opens what Path names, with the errors a person can act on.
func openInput(path string) (*os.File, os.FileInfo, error) {
	file, err := os.Open(path)
	switch {
	case path == "":
		return nil, nil, &inputError{what: "no input file is named", hint: `name a file, or "-" for standard input`}
	case errors.Is(err, os.ErrNotExist):
		return nil, nil, &inputError{place: path, what: "there is no such file", hint: `check the path; "-" reads standard input`, err: err}
	case errors.Is(err, os.ErrPermission):
		return nil, nil, &inputError{place: path, what: "reading it is not permitted", hint: "run as a user who may read the file", err: err}
	case err != nil:
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = &inputError{place: path, what: "is a directory", hint: "name one file: a run reads one input"}
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// run reads blocks until the source ends or quit is called.
func (s *stored) run() {
	defer close(s.ready)
	hash := sha256.New()
	for {
		var block []byte
		select {
		case block = <-s.free:
		case <-s.gone:
			s.err = os.ErrClosed
			return
		}
		n, err := s.src.Read(block[:storedBlock])
		hash.Write(block[:n])
		s.read.Add(int64(n))
		if n > 0 {
			s.ready <- block[:n] // never blocks: there are no more blocks than places
		} else {
			s.free <- block
		}
		if err != nil {
			s.err = err
			hash.Sum(s.sum[:0])
			return
		}
	}
}

func (s *stored) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		if s.block != nil {
			s.free <- s.block
			s.block = nil
		}
		select {
		case block, ok := <-s.ready:
			if !ok {
				return 0, s.err
			}
			s.block, s.rest = block, block
		case <-s.gone:
			return 0, os.ErrClosed
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// finish reads what is left, also of what r holds, so that the sum is of the
// whole file, and tells a file that somebody wrote to meanwhile.
func (s *stored) finish(r io.Reader, name string) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	if s.size < 0 {
		return nil
	}
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != s.size || !info.ModTime().Equal(s.time) || s.read.Load() != s.size {
		return &inputError{
			place: name, what: "the file changed while it was read",
			hint: "wait until it is complete, or work on a copy",
		}
	}
	return nil
}

// sha256 returns the hexadecimal sum; valid after finish.
func (s *stored) sha256() string { return hex.EncodeToString(s.sum[:]) }

// quit ends all reading, also one that waits for standard input.
func (s *stored) quit() { close(s.gone) }

// close frees the file; it follows quit. A goroutine that waits for standard
// input ends with its next read: closing what is not ours would be worse.
func (s *stored) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	for range s.ready { // until the goroutine is gone
	}
	return err
}
