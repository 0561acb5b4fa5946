package folder

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// CompressedFile is a File that is compressed according to its name.
type CompressedFile struct {
	*File
	z io.WriteCloser
}

// CreateCompressed starts the file path, which is compressed when its name ends
// with .gz or .zst.
func CreateCompressed(path string) (*CompressedFile, error) {
	how := strings.TrimPrefix(filepath.Ext(path), ".")
	if !slices.Contains(Compressions, how) {
		how = ""
	}
	file, err := CreateFile(path)
	if err != nil {
		return nil, err
	}
	z, err := compressor(file, how)
	if err != nil {
		return nil, errors.Join(err, file.Abort())
	}
	return &CompressedFile{file, z}, nil
}

// Write compresses p and appends it.
func (f *CompressedFile) Write(p []byte) (int, error) { return f.z.Write(p) }

// Commit ends the compressed data and gives the file its name.
func (f *CompressedFile) Commit() error {
	if err := f.z.Close(); err != nil {
		return errors.Join(err, f.File.Abort())
	}
	return f.File.Commit()
}
