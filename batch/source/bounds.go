package source

import (
	"cmp"
	"fmt"
	"io"

	"relink/batch/source/raw"
)

// DefaultMaxBytes is how much is read of one input, unpacked: 500 million rows
// of a usual export.
const DefaultMaxBytes = 64 << 30

const (
	// maxRatio is how many times as large packed data may become. Exports
	// with the same words in every row reach 30; bombs of gzip have 1,000,
	// those of zstd any.
	maxRatio = 250
	// ratioFrom is how much may be unpacked before the ratio is looked at: so
	// much is soon read, and no memory is needed for it.
	ratioFrom = 384 << 20
	// maxColumns is how many cells a header may have.
	maxColumns = 10_000
)

// bounded ends the reading of an input that is larger than anybody can mean, or
// that was packed to become so.
type bounded struct {
	src    io.Reader
	reader *Reader
	packed bool
	most   int64
	read   int64
}

func newBounded(unpacked io.Reader, r *Reader, most int64) *bounded {
	return &bounded{src: unpacked, reader: r, packed: unpacked != io.Reader(r.packed), most: most}
}

func (in Input) maxBytes() int64 { return cmp.Or(in.MaxBytes, DefaultMaxBytes) }

func tooLarge(name string, most int64) error {
	return &raw.Error{
		Place: name, What: fmt.Sprintf("the file has more than %d bytes", most),
		Remedy: "raise --max-bytes if that is right",
	}
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.src.Read(p)
	b.read += int64(n)
	switch {
	case b.read > b.most:
		return 0, tooLarge(b.reader.name, b.most)
	case b.packed && b.read > ratioFrom && b.read/maxRatio > b.reader.stored.read.Load():
		return 0, &raw.Error{
			Place: b.reader.name, What: fmt.Sprintf("%d bytes of packed data become more than %d: nothing that rows are packed into does so", b.reader.stored.read.Load(), b.read),
			Remedy: "look at what is in it; a file that is right can be given unpacked",
		}
	}
	return n, err
}
