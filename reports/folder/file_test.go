package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// names lists a folder.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

func TestFileHasItsNameOnlyWhenComplete(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.csv")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("new")); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("before Commit the file holds %q, want %q", got, "old")
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "new" {
		t.Errorf("after Commit the file holds %q, want %q", got, "new")
	}
	if err := f.Abort(); err != nil {
		t.Errorf("Abort after Commit = %v, want nothing to happen", err)
	}
	if got, want := names(t, dir), "report.csv"; got != want {
		t.Errorf("folder holds %q, want %q", got, want)
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := CreateFile(filepath.Join(dir, "report.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := f.Abort(); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(t, dir); got != "" {
		t.Errorf("after Abort the folder holds %q, want nothing", got)
	}
	if err := f.Commit(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Commit after Abort = %v, want %v", err, fs.ErrClosed)
	}
}

// onFullDisk turns f into a file on a full disk: /dev/full gives the same
// error.
func onFullDisk(t *testing.T, f *File) {
	t.Helper()
	fd, err := syscall.Open("/dev/full", syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	temp := f.f.Name()
	f.f.Close()
	f.f = os.NewFile(uintptr(fd), temp)
}

func TestFullDiskNamesTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.csv")
	f, err := CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	onFullDisk(t, f)
	for err == nil {
		_, err = f.Write([]byte("1,2,created\n"))
	}
	want := "writing " + path + ": no space left on device"
	if err.Error() != want || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error on a full disk = %q, want %q", err, want)
	}
	if err := f.Commit(); err == nil || err.Error() != want {
		t.Errorf("Commit after that = %v, want %q again", err, want)
	}
	if got := names(t, dir); got != "" {
		t.Errorf("folder holds %q, want nothing", got)
	}
}

func TestFileInAFolderThatIsNotThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gone", "report.csv")
	_, err := CreateFile(path)
	want := "creating " + path + ": no such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("CreateFile = %v, want %q", err, want)
	}
}
