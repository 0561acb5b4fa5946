package source

import (
	"cmp"
	"fmt"
	"io"

	"relink/batch/source/raw"
)

// DefaultMaxBytes is how many unpacked bytes are read of one input: 500 million
// rows of a typical export.
const DefaultMaxBytes = 64 << 30

const (
	// maxRatio is the largest accepted ratio of unpacked to packed size, unless
	// somebody has said how large the input may become.
	// Exports with the same words in every row reach 30; gzip bombs reach
	// 1,000, zstd bombs any ratio.
	maxRatio = 250
	// ratioFrom is how much is unpacked before the ratio is checked: this much
	// takes little time to read, and no memory.
	ratioFrom = 384 << 20
	// sheetRatioFrom is the same for the parts of a workbook: XML takes longer to
	// read.
	sheetRatioFrom = 32 << 20
	// maxColumns is how many cells a header may have.
	maxColumns = 10_000
)

// bounded stops reading an input that is larger than anyone could intend, or
// that was packed to expand enormously.
type bounded struct {
	src    io.Reader
	reader *Reader
	packed bool // and the ratio counts
	most   int64
	read   int64
}

func newBounded(unpacked io.Reader, r *Reader, most int64) *bounded {
	return &bounded{src: unpacked, reader: r, packed: unpacked != io.Reader(r.packed) && most == DefaultMaxBytes, most: most}
}

func (in Input) maxBytes() int64 { return cmp.Or(in.MaxBytes, DefaultMaxBytes) }

func tooLarge(name string, most int64) error {
	return &raw.Error{
		Place: name, What: fmt.Sprintf("the file has more than %d bytes", most),
		Remedy: "raise --max-bytes if that is right",
	}
}

// ratioFrom is how much may be unpacked before the ratio is looked at.
func (b *bounded) ratioFrom() int64 {
	if b.reader.sheet {
		return sheetRatioFrom
	}
	return ratioFrom
}

// stored is how many packed bytes became what was read. The parts of a workbook
// are read in no order.
func (b *bounded) stored() int64 {
	if b.reader.stored.size >= 0 && b.reader.sheet {
		return b.reader.stored.size
	}
	return b.reader.stored.read.Load()
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.src.Read(p)
	b.read += int64(n)
	switch {
	case b.read > b.most:
		return 0, tooLarge(b.reader.name, b.most)
	case b.packed && b.read > b.ratioFrom() && b.read/maxRatio > b.stored():
		return 0, &raw.Error{
			Place: b.reader.name, What: fmt.Sprintf("%d bytes of packed data become more than %d: nothing that rows are packed into does so", b.stored(), b.read),
			Remedy: "look at what is in it; if it is right, say with --max-bytes how large it is unpacked",
		}
	}
	return n, err
}
