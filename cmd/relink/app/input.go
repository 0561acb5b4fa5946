package app

import (
	"context"
	"fmt"
	"os"

	"relink/batch/source"
	"relink/batch/source/remote"
	"relink/cmd/relink/flags"
	"relink/linker/text"
)

// Input returns the file at path, to be read as the options specify. For a
// remote object it asks the server first: a problem with the address is
// reported before anything is started.
func (a *App) Input(ctx context.Context, path string, o flags.InputOptions) (source.Input, error) {
	in := source.Input{Path: path, Stdin: a.Stdin, Format: o.Format, Encoding: o.Encoding, Sheet: o.Sheet, Values: o.Values, MaxBytes: o.MaxBytes}
	if path == "-" {
		in.Name = "standard input"
	}
	var err error
	if in.Set, err = o.Set(); err != nil {
		return in, err
	}
	if in.Map, err = o.Columns(); err != nil {
		return in, err
	}
	if in.Delimiter, err = o.Separator(); err != nil {
		return in, err
	}
	if remote.IsAddress(path) {
		err = a.elsewhere(ctx, &in, o.Remote)
	}
	return in, err
}

// elsewhere turns in into an input that is fetched from the address in its
// path. Its path becomes that address without what may be a secret.
func (a *App) elsewhere(ctx context.Context, in *source.Input, opt remote.Options) error {
	opt.MaxBytes = in.MaxBytes
	opt.Notice = func(text string) { a.Stderr.Notice("%s", text) }
	is, err := remote.Stat(ctx, in.Path, opt)
	if err != nil {
		return err
	}
	in.Path, in.Name, in.Version = is.Name, is.Name, is.Version
	in.Fetch = func(ctx context.Context, to *os.File) error {
		size := ""
		if is.Size >= 0 {
			size = fmt.Sprintf(" (%s bytes)", text.Thousands(is.Size))
		}
		a.Stderr.Notice("copying %s%s", is.Name, size)
		_, err := remote.Copy(ctx, is, to, opt)
		return err
	}
	return nil
}
