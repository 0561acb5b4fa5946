package workbook

import (
	"bufio"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
)

// texts are the shared texts of a workbook. They stand in a temporary file, the
// place where each ends in another.
type texts struct {
	data, ends *cached
	count      int64
}

// sharedTexts copies the shared texts of the workbook.
func (b *book) sharedTexts() (t *texts, err error) {
	if b.strings == "" {
		return nil, nil
	}
	src, err := b.part(b.strings)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	t = &texts{}
	if err := t.fill(newDecoder(src)); err != nil {
		return nil, errors.Join(fmt.Errorf("reading %s of the workbook: %w", b.strings, err), t.close())
	}
	return t, nil
}

// fill copies each text: that of its runs, without the phonetic ones.
func (t *texts) fill(dec *xml.Decoder) (err error) {
	if t.data, err = newCached(); err != nil {
		return err
	}
	if t.ends, err = newCached(); err != nil {
		return err
	}
	data, ends := bufio.NewWriterSize(t.data.file, cacheBlock), bufio.NewWriterSize(t.ends.file, cacheBlock)
	var end uint64
	in, phonetic := false, false
	for {
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			in = in || token.Name.Local == "t"
			phonetic = phonetic || token.Name.Local == "rPh"
		case xml.CharData:
			if in && !phonetic {
				if _, err := data.Write(token); err != nil {
					return err
				}
				end += uint64(len(token))
			}
		case xml.EndElement:
			switch token.Name.Local {
			case "t":
				in = false
			case "rPh":
				phonetic = false
			case "si":
				t.count++
				if _, err := ends.Write(binary.BigEndian.AppendUint64(nil, end)); err != nil {
					return err
				}
			}
		}
	}
	return errors.Join(data.Flush(), ends.Flush())
}

// at returns a text by its number.
func (t *texts) at(i int64) (string, error) {
	if t == nil || i < 0 || i >= t.count {
		return "", fmt.Errorf("a cell names the shared text %d, which the workbook lacks", i)
	}
	var from uint64
	var place [16]byte
	at := max(0, 8*(i-1))
	ends := place[:8*(i+1)-at]
	if err := t.ends.read(ends, at); err != nil {
		return "", err
	}
	if i > 0 {
		from = binary.BigEndian.Uint64(ends)
	}
	to := binary.BigEndian.Uint64(ends[len(ends)-8:])
	text := make([]byte, to-from)
	err := t.data.read(text, int64(from))
	return string(text), err
}

func (t *texts) close() error {
	if t == nil {
		return nil
	}
	return errors.Join(t.data.close(), t.ends.close())
}

const (
	// cacheBlock is how much of a temporary file is read at a time.
	cacheBlock = 64 << 10
	// cacheBlocks is how many blocks are held: as many as columns are read, as
	// their texts are in different places.
	cacheBlocks = 64
)

// cached is a temporary file without a name, read in blocks.
type cached struct {
	file   *os.File
	blocks map[int64][]byte
}

func newCached() (*cached, error) {
	file, err := os.CreateTemp("", "relink-workbook-*")
	if err != nil {
		return nil, fmt.Errorf("copying the texts of the workbook: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &cached{file: file, blocks: map[int64][]byte{}}, nil
}

// read fills p from a place on.
func (c *cached) read(p []byte, at int64) error {
	for len(p) > 0 {
		block, err := c.block(at / cacheBlock)
		if err != nil {
			return err
		}
		n := 0
		if from := int(at % cacheBlock); from < len(block) {
			n = copy(p, block[from:])
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
		p, at = p[n:], at+int64(n)
	}
	return nil
}

func (c *cached) block(i int64) ([]byte, error) {
	if block, ok := c.blocks[i]; ok {
		return block, nil
	}
	var block []byte
	if len(c.blocks) < cacheBlocks {
		block = make([]byte, cacheBlock)
	} else {
		for j, old := range c.blocks { // any of them
			block = old[:cacheBlock]
			delete(c.blocks, j)
			break
		}
	}
	n, err := c.file.ReadAt(block, i*cacheBlock)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the texts of the workbook: %w", err)
	}
	c.blocks[i] = block[:n]
	return block[:n], nil
}

func (c *cached) close() error {
	if c == nil {
		return nil
	}
	return c.file.Close()
}
