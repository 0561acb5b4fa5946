package folder

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// File is a file that gets its name only when it is complete: it is written
// under a temporary name in the same folder and renamed by Commit.
type File struct {
	path string
	f    *os.File // nil after Commit and Abort
	err  error
}

// tempSuffix ends the names of incomplete files; they begin with a dot.
const tempSuffix = ".partial"

// CreateFile starts the file path. Only its user can read it, and the group of
// its folder if that can read the folder (see Share). An existing file of that
// name stays in place until Commit.
func CreateFile(path string) (*File, error) {
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", path, Cause(err))
	}
	f, err := createFile(path, 0o600)
	if err == nil && info.Mode().Perm()&0o050 == 0o050 {
		err = f.f.Chmod(0o640) // whatever the umask
	}
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", path, Cause(err))
	}
	return f, nil
}

// Compressed returns a writer that compresses what is written to it into f, in the
// way of Compressions that the name of f ends with, if any. It has to be closed
// before f is committed.
func (f *File) Compressed() (io.WriteCloser, error) {
	how := strings.TrimPrefix(filepath.Ext(f.path), ".")
	if !slices.Contains(Compressions, how) {
		how = ""
	}
	return compressor(f, how)
}

// CreateOpenFile starts the file path, readable by others as far as the umask
// allows: a file that other programs wait for.
func CreateOpenFile(path string) (*File, error) {
	f, err := createFile(path, 0o644)
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", path, Cause(err))
	}
	return f, nil
}

func createFile(path string, mode fs.FileMode) (*File, error) {
	// A name of its own for each attempt: two processes that write the
	// same report (a resume and a report command) must not share bytes.
	dir, base := filepath.Split(path)
	temp := filepath.Join(dir, "."+base+"."+rand.Text()[:8]+tempSuffix)
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	return &File{path: path, f: f}, nil
}

// Path is the name the file gets.
func (f *File) Path() string { return f.path }

// Write appends p. Once it has failed (a full disk), Commit fails too.
func (f *File) Write(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.f.Write(p)
	if err != nil {
		f.err = fmt.Errorf("writing %s: %w", f.path, Cause(err))
	}
	return n, f.err
}

// compareSize is how many bytes of two files are compared at a time.
const compareSize = 64 << 10

// Differs reports whether a file of that name already exists with content other
// than what has been written so far.
func (f *File) Differs() (bool, error) {
	if f.f == nil || f.err != nil {
		return false, f.err
	}
	there, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer there.Close()
	written, err := os.Open(f.f.Name())
	if err != nil {
		return false, err
	}
	defer written.Close()
	a, b := make([]byte, compareSize), make([]byte, compareSize)
	for {
		n, errA := io.ReadFull(there, a)
		m, errB := io.ReadFull(written, b)
		if !bytes.Equal(a[:n], b[:m]) {
			return true, nil
		}
		// Equal blocks end alike: both are full, or both are the last.
		if err := errors.Join(notEnd(errA), notEnd(errB)); err != nil || errA != nil {
			return false, err
		}
	}
}

// notEnd returns err, or nil when it only means the end of the file.
func notEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// Commit makes the file durable under its name. When it fails, nothing is left
// behind.
func (f *File) Commit() error {
	if f.f == nil {
		return fmt.Errorf("writing %s: %w", f.path, fs.ErrClosed)
	}
	if f.err != nil {
		err := f.err
		return errors.Join(err, f.Abort())
	}
	temp := f.f.Name()
	err := f.f.Sync()
	if closeErr := f.f.Close(); err == nil {
		err = closeErr
	}
	f.f = nil
	if err == nil {
		err = os.Rename(temp, f.path)
	}
	if err != nil {
		os.Remove(temp) // the error that matters is the one above
		return fmt.Errorf("writing %s: %w", f.path, Cause(err))
	}
	return syncDir(filepath.Dir(f.path))
}

// Abort removes what was written. It does nothing after Commit or a previous
// Abort, so that it can be deferred.
func (f *File) Abort() error {
	if f.f == nil {
		return nil
	}
	temp := f.f.Name()
	f.f.Close() // the bytes are not needed any more
	f.f = nil
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the unfinished %s: %w", f.path, err)
	}
	return nil
}

// Cause removes the temporary name that package os puts into its errors: the
// reader knows the file by its final name.
func Cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}

// syncDir makes the file names in a folder durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("syncing folder %s: %w", path, Cause(err))
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("syncing folder %s: %w", path, Cause(err))
	}
	return nil
}
