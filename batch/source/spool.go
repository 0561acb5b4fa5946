package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Spool makes an input readable more than once: standard input, remote inputs,
// and everything else that is not a regular file are copied to a new file in
// dir, as stored. The returned input refers to the copy and keeps its name; a
// regular file is returned unchanged. The copy belongs to the caller.
//
// When ctx ends, Spool returns its cause at once. A goroutine that waits for
// standard input cannot be stopped, and ends with the next read.
func Spool(ctx context.Context, in Input, dir string) (Input, error) {
	src := in.Stdin
	name := "standard input"
	if in.Fetch != nil {
		return spool(ctx, in, dir, func(to *os.File) error { return in.Fetch(ctx, to) })
	}
	if in.Path != "-" {
		// It is opened only if it is to be copied: opening a pipe twice would
		// lose its content.
		info, err := os.Stat(in.Path)
		if err != nil || info.Mode().IsRegular() || info.IsDir() {
			return in, nil // Open reports what is wrong with it
		}
		file, _, err := openInput(in.Path)
		if err != nil {
			return in, err
		}
		defer file.Close()
		src, name = file, in.Path
	}
	if src == nil {
		return in, nil
	}
	return spool(ctx, in, dir, func(to *os.File) error {
		n, err := io.Copy(to, io.LimitReader(src, in.maxBytes()+1))
		if err != nil {
			return fmt.Errorf("copying %s to %s: %w", name, to.Name(), err)
		}
		if n > in.maxBytes() {
			return tooLarge(name, in.maxBytes())
		}
		return nil
	})
}

// spool lets copy fill a new file in dir and returns it as the input.
func spool(ctx context.Context, in Input, dir string, copy func(*os.File) error) (Input, error) {
	copied, err := os.CreateTemp(dir, "input-*")
	if err != nil {
		return in, fmt.Errorf("copying the input: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- copy(copied) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err = errors.Join(err, copied.Close()); err != nil {
		os.Remove(copied.Name())
		return in, err
	}
	if in.Name == "" {
		in.Name = in.Path
	}
	in.Path, in.Stdin, in.Fetch = copied.Name(), nil, nil
	return in, nil
}
