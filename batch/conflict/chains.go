package conflict

import (
	"encoding/binary"
	"errors"
	"os"
)

const (
	// fanOut is how many parts a chain is split into, by one byte of a hash.
	fanOut = 256
	// hashBytes is how often that can be done by one hash.
	hashBytes = 8
	// entrySize is what an entry takes in a file.
	entrySize = 32
	// chainBlock is how many entries of a chain are written together. Twice
	// 256 chains of them take 4 MiB while a chain is being split.
	chainBlock = 256
)

// entry is one row as Twins remembers it.
type entry struct {
	recording, target uint64 // hashes
	row, line         int64
}

// part returns the byte by which entries are split at a depth: those of the
// recording's hash, then those of the target's.
func (e *entry) part(depth int) byte {
	h := e.recording
	if depth >= hashBytes {
		h, depth = e.target, depth-hashBytes
	}
	return byte(h >> (56 - 8*depth))
}

// chains keeps lists of entries in one temporary file. Each list is written
// block by block, and each block says where the one before it is, so that
// memory holds the unwritten ends only.
type chains struct {
	file *os.File
	end  int64
	buf  []byte
}

// chain is one list of entries.
type chain struct {
	count int64
	last  int64   // where the block written last stands, plus one; 0 for none
	tail  []entry // not yet written
}

func newChains(dir string) (*chains, error) {
	file, err := TempFile(dir)
	if err != nil {
		return nil, err
	}
	return &chains{file: file, buf: make([]byte, 8+chainBlock*entrySize)}, nil
}

// TempFile returns a file that is gone when it is closed, or when the program
// is killed.
func TempFile(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "relink-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (s *chains) add(c *chain, e entry) error {
	if c.tail == nil {
		c.tail = make([]entry, 0, chainBlock)
	}
	c.tail = append(c.tail, e)
	c.count++
	if len(c.tail) < chainBlock {
		return nil
	}
	b := binary.LittleEndian.AppendUint64(s.buf[:0], uint64(c.last))
	for _, e := range c.tail {
		b = binary.LittleEndian.AppendUint64(b, e.recording)
		b = binary.LittleEndian.AppendUint64(b, e.target)
		b = binary.LittleEndian.AppendUint64(b, uint64(e.row))
		b = binary.LittleEndian.AppendUint64(b, uint64(e.line))
	}
	if _, err := s.file.WriteAt(b, s.end); err != nil {
		return err
	}
	c.last = s.end + 1
	s.end += int64(len(b))
	c.tail = c.tail[:0]
	return nil
}

// each hands over the entries of a chain block by block, in no order of rows.
// visit may reorder them.
func (s *chains) each(c *chain, visit func([]entry) error) error {
	if len(c.tail) > 0 {
		if err := visit(c.tail); err != nil {
			return err
		}
	}
	block := make([]entry, chainBlock)
	buf := make([]byte, len(s.buf))
	for at := c.last; at != 0; {
		if _, err := s.file.ReadAt(buf, at-1); err != nil {
			return err
		}
		at = int64(binary.LittleEndian.Uint64(buf))
		for i := range block {
			b := buf[8+i*entrySize:]
			block[i] = entry{
				recording: binary.LittleEndian.Uint64(b),
				target:    binary.LittleEndian.Uint64(b[8:]),
				row:       int64(binary.LittleEndian.Uint64(b[16:])),
				line:      int64(binary.LittleEndian.Uint64(b[24:])),
			}
		}
		if err := visit(block); err != nil {
			return err
		}
	}
	return nil
}

// load returns all entries of a chain, in no order.
func (s *chains) load(c *chain) ([]entry, error) {
	all := make([]entry, 0, c.count)
	err := s.each(c, func(e []entry) error {
		all = append(all, e...)
		return nil
	})
	return all, err
}

// agree reports whether all entries of a chain have the same hash.
func (s *chains) agree(c *chain, hash func(*entry) uint64) (bool, error) {
	var first *entry
	err := s.each(c, func(entries []entry) error {
		if first == nil {
			first = &entry{recording: entries[0].recording, target: entries[0].target}
		}
		for i := range entries {
			if hash(&entries[i]) != hash(first) {
				return errDiffer
			}
		}
		return nil
	})
	if errors.Is(err, errDiffer) {
		return false, nil
	}
	return err == nil, err
}

// errDiffer ends the look at a chain whose entries differ.
var errDiffer = errors.New("the entries differ")

// split makes a chain into parts by one byte.
func (s *chains) split(c *chain, depth int) (*[fanOut]chain, error) {
	parts := new([fanOut]chain)
	err := s.each(c, func(entries []entry) error {
		for _, e := range entries {
			if err := s.add(&parts[e.part(depth)], e); err != nil {
				return err
			}
		}
		return nil
	})
	return parts, err
}

func (s *chains) close() error { return s.file.Close() }
