package private_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"relink/linker/private"
)

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestReadTrims(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	for _, text := range []string{"abc", "abc\n", "abc\r\n", " abc \n\n", "\tabc"} {
		write(t, path, text, 0o600)
		if got, err := private.Read(t.Context(), path); err != nil || got != "abc" {
			t.Errorf("Read of %q = %q, %v; want abc", text, got, err)
		}
	}
	for _, text := range []string{"", " ", "\n\r\n"} {
		write(t, path, text, 0o600)
		if got, err := private.Read(t.Context(), path); err == nil {
			t.Errorf("Read of %q = %q, want an error", text, got)
		}
	}
}

func TestReadRefusesWhatOthersCanRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	for mode := range fs.FileMode(0o1000) {
		if mode&0o400 == 0 {
			continue
		}
		write(t, path, "abc", mode)
		_, err := private.Read(t.Context(), path)
		if refused := err != nil; refused != (mode&0o077 != 0) {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	for name, path := range map[string]string{"a folder": t.TempDir(), "a device": "/dev/zero", "nothing": filepath.Join(t.TempDir(), "none")} {
		if _, err := private.Read(t.Context(), path); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// These need root, which tests in containers are.
func TestOwners(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	write(t, path, "abc", 0o600)
	if os.Geteuid() != 0 {
		t.Log("not root: only files of this user can be tried")
		return
	}
	if err := os.Chown(path, 1234, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := private.Read(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another user (id 1234)") {
		t.Errorf("a file of another user: %v, want that it is refused", err)
	}
	if err := private.CheckOwned(path); err == nil || !strings.Contains(err.Error(), "another user (id 1234)") {
		t.Errorf("CheckOwned of another user's file: %v, want that it is refused", err)
	}
}

func TestCheckOwned(t *testing.T) {
	t.Parallel()
	for mode, good := range map[fs.FileMode]bool{0o700: true, 0o755: true, 0o750: true, 0o770: false, 0o707: false, 0o777: false, 0o720: false} {
		dir := filepath.Join(t.TempDir(), "run")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if err := private.CheckOwned(dir); (err == nil) != good {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

// A pipe is waited for, and the wait ends with the context.
func TestReadOfAPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	why := errors.New("told to stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
	if _, err := private.Read(ctx, path); !errors.Is(err, why) {
		t.Errorf("Read of a pipe that nobody writes to: %v, want %v", err, why)
	}
	another := filepath.Join(t.TempDir(), "pipe") // the first one still has its reader
	if err := syscall.Mkfifo(another, 0o600); err != nil {
		t.Fatal(err)
	}
	go os.WriteFile(another, []byte("abc\n"), 0)
	if got, err := private.Read(t.Context(), another); err != nil || got != "abc" {
		t.Errorf("Read of a pipe = %q, %v; want abc", got, err)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	if err := private.Create(path, func() (string, error) { return "abc", nil }); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if err := private.Create(path, func() (string, error) { t.Error("a secret was made in vain"); return "def", nil }); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create over a file: %v, want that it exists", err)
	}
	if got, err := private.Read(t.Context(), path); err != nil || got != "abc" {
		t.Errorf("Read = %q, %v; want abc", got, err)
	}
}

func TestCreateLeavesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	why := errors.New("no secret today")
	if err := private.Create(path, func() (string, error) { return "", why }); !errors.Is(err, why) {
		t.Errorf("Create: %v, want %v", err, why)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was left: %v", err)
	}
}

func TestEditKeepsALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	write(t, real, "one\n", 0o600)
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if err := private.Edit(link, func(text []byte) ([]byte, error) { return append(text, "two\n"...), nil }); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(real); err != nil || string(text) != "one\ntwo\n" {
		t.Errorf("the file holds %q, %v; want both lines", text, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link is %v, %v; want a link", info, err)
	}
}
