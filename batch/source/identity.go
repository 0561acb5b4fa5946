package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"

	"relink/linker"
)

// ChangedError reports that a file is not the one that a run began with. Is may
// be "" when this was found out before the file was read to its end.
type ChangedError struct{ Path, Was, Is string }

func (e *ChangedError) Error() string {
	if e.Is == "" {
		return fmt.Sprintf("%s: the file has changed since the run read it", e.Path)
	}
	return fmt.Sprintf("%s: the file has changed since the run read it (SHA-256 was %.12s…, is %.12s…)", e.Path, e.Was, e.Is)
}

// Hint returns what to do about it.
func (e *ChangedError) Hint() string {
	return "put the file back as it was, or name a copy of it: relink resume RUN FILE (another file is another run)"
}

// Identify reads a whole file as stored, without parsing it, and returns its
// identity. It stops when ctx ends, and returns its cause.
func Identify(ctx context.Context, in Input) (is linker.SourceIdentity, err error) {
	file, _, err := in.open()
	if err != nil {
		return is, err
	}
	if in.held == nil {
		defer file.Close()
	}
	f := io.NewSectionReader(file, 0, math.MaxInt64)
	is.Name = in.Path
	sum := sha256.New()
	block := make([]byte, hashBlock)
	for ctx.Err() == nil {
		n, err := f.Read(block)
		sum.Write(block[:n])
		is.Bytes += int64(n)
		if errors.Is(err, io.EOF) {
			is.SHA256 = hex.EncodeToString(sum.Sum(nil))
			return is, nil
		}
		if err != nil {
			return is, fmt.Errorf("reading %s: %w", in.Path, err)
		}
	}
	return is, context.Cause(ctx)
}
