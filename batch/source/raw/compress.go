package raw

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow caps how much memory a zstd frame may ask for. zstd writes larger
// windows only with --long or --ultra.
const maxWindow = 32 << 20

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// Unpack returns the decompressed bytes of a gzip or zstd file, recognized by
// its content, and the bytes of any other file unchanged. stop frees the
// decompressor's resources.
func Unpack(stored *bufio.Reader, name string) (r io.Reader, stop func(), err error) {
	magic, err := stored.Peek(len(zstdMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("%s: reading: %w", name, err)
	}
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		z, err := gzip.NewReader(stored)
		if err != nil {
			return nil, nil, unpackError(name, "gzip", err)
		}
		return &unpacker{r: z, name: name, kind: "gzip"}, func() {}, nil
	case bytes.HasPrefix(magic, zstdMagic):
		z, err := zstd.NewReader(stored, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, unpackError(name, "zstd", err)
		}
		return &unpacker{r: z, name: name, kind: "zstd"}, z.Close, nil
	}
	return stored, func() {}, nil
}

// unpacker explains the errors of a decompressor.
type unpacker struct {
	r          io.Reader
	name, kind string
}

func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if err != nil && err != io.EOF {
		err = unpackError(u.name, u.kind, err)
	}
	return n, err
}

func unpackError(name, kind string, err error) error {
	e := &Error{Place: name, Err: err}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		e.What = "the " + kind + " data ends too early"
		e.Remedy = "the file is cut off or still being written; copy it again"
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		e.What = fmt.Sprintf("the zstd data needs a window of more than %d MiB of memory", maxWindow>>20)
		e.Remedy = "compress it again without --long and --ultra"
	case errors.Is(err, gzip.ErrHeader):
		e.What = "something that is not gzip follows the gzip data, or its header is damaged"
		e.Remedy = "copy the file again, or decompress it by hand and look at it"
	default:
		e.What = fmt.Sprintf("reading the %s data: %v", kind, err)
		e.Remedy = "the file is damaged; copy it again"
	}
	return e
}
