package private

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSecret is larger than any secret, and than a tokens file of many thousand
// callers.
const maxSecret = 4 << 20

// Error reports why a file or folder is not trusted, and what to do about it.
type Error struct {
	Place  string // the path, and the line where one line is meant
	What   string
	Remedy string
}

func (e *Error) Error() string { return e.Place + ": " + e.What }

// Hint returns what to do about it.
func (e *Error) Hint() string { return e.Remedy }

// Read returns the content of the secret file at path, without white space
// around it. The file may be a pipe, so Read may block; it ends early when ctx
// does. The error is an *Error when others can read the file, when another user
// owns it, or when it is empty.
func Read(ctx context.Context, path string) (string, error) {
	type result struct {
		text []byte
		err  error
	}
	// Opening a pipe waits for its writer, which no deadline can end. The
	// goroutine is left behind when ctx ends first: the program is stopping.
	read := make(chan result, 1)
	go func() {
		text, err := readAll(path)
		read <- result{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case r := <-read:
		if r.err != nil {
			return "", r.err
		}
		secret := strings.TrimSpace(string(r.text))
		if secret == "" {
			return "", &Error{path, "the file is empty", "write the secret into it, on one line"}
		}
		return secret, nil
	}
}

// ReadAll returns every byte of the secret file at path, which must not be a
// pipe: it is read again while the program runs.
func ReadAll(path string) ([]byte, error) {
	// Opening a pipe would wait for its writer.
	if info, err := os.Stat(path); err == nil && info.Mode().Type() == fs.ModeNamedPipe {
		return nil, &Error{path, "it is a pipe", "name a regular file"}
	}
	return readAll(path)
}

func readAll(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := check(path, info); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxSecret {
		return nil, &Error{path, fmt.Sprintf("the file has more than %d bytes, which no secret has", maxSecret), "name another file"}
	}
	return text, nil
}

// check refuses a secret file that others can read, or could have written.
func check(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeNamedPipe {
		return &Error{path, "it is not a file", "name a regular file or a pipe"}
	}
	owner, self, ok := owners(info)
	if !ok {
		return nil // this system has other means than owners and modes
	}
	mode := info.Mode().Perm()
	switch {
	case owner != self && owner != 0:
		return &Error{path, fmt.Sprintf("it belongs to another user (id %d)", owner), fmt.Sprintf("chown it to user id %d, which relink runs as", self)}
	case owner == self && mode&0o077 != 0, mode&0o037 != 0:
		return &Error{path, fmt.Sprintf("others can read it (mode %04o)", mode), "chmod 600 " + path}
	}
	return nil
}

// CheckOwned refuses a file or folder that another user may have written: one
// that neither this user nor root owns, or that others can write to.
func CheckOwned(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	owner, self, ok := owners(info)
	switch mode := info.Mode().Perm(); {
	case !ok:
		return nil
	case owner != self && owner != 0:
		return &Error{path, fmt.Sprintf("it belongs to another user (id %d), who may have changed it", owner), fmt.Sprintf("run relink as that user, or chown it to user id %d when its content is yours", self)}
	case mode&0o022 != 0:
		return &Error{path, fmt.Sprintf("others can write to it (mode %04o)", mode), "look at what it holds, then chmod go-w " + path}
	}
	return nil
}

// Edit replaces the whole secret file at path by what change returns for its
// text, which is empty when the file does not exist. A concurrent reader finds
// the old text or the new one, and concurrent edits wait for each other. If
// change fails, the file stays as it is.
func Edit(path string, change func(text []byte) ([]byte, error)) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // and not a file in place of the link
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close() // ends the lock
	if err := lock(dir); err != nil {
		return fmt.Errorf("locking %s: %w", dir.Name(), err)
	}
	text, err := ReadAll(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if text, err = change(text); err != nil {
		return err
	}
	return replace(dir, path, text)
}

// Create makes a new file that only this user can read, and writes the secret
// returned by make into it. An existing file stays as it is, and make is not
// called: it may hold another secret. If make fails, no file is created.
func Create(path string, make func() (string, error)) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	secret, err := make()
	if err == nil {
		_, err = f.WriteString(secret + "\n")
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// replace writes text under a temporary name and renames it.
func replace(dir *os.File, path string, text []byte) error {
	f, err := os.CreateTemp(dir.Name(), "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // does nothing once it is renamed
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return dir.Sync()
}
