package folder_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"relink/reports/folder"
)

var startedAt = time.Date(2026, 1, 2, 4, 4, 5, 999, time.FixedZone("CET", 3600))

func TestFolderIsNamedByTimeAndRun(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "deep", "relink-runs")
	got, err := folder.Create(out, startedAt, 17)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(out, "20260102T030405Z-17"); got != want {
		t.Errorf("Create = %q, want %q", got, want)
	}
}

// Runs of two databases may have the same number and start in the same second.
func TestFoldersOfOneNameAreNumbered(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	var got []string
	var group sync.WaitGroup
	var mu sync.Mutex
	for range 5 {
		group.Go(func() {
			path, err := folder.Create(out, startedAt, 17)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got = append(got, filepath.Base(path))
		})
	}
	group.Wait()
	slices.Sort(got)
	const name = "20260102T030405Z-17"
	if want := []string{name, name + "-2", name + "-3", name + "-4", name + "-5"}; !slices.Equal(got, want) {
		t.Errorf("folders %v, want %v", got, want)
	}
}

func TestLatestLeadsToTheNewest(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	link := filepath.Join(out, "latest")
	leads := func(want string) {
		t.Helper()
		if got, err := os.Readlink(link); err != nil || filepath.Join(out, got) != want {
			t.Errorf("latest leads to %q, %v; want %q", got, err, want)
		}
	}
	first, err := folder.Create(out, startedAt, 17)
	if err != nil {
		t.Fatal(err)
	}
	leads(first)
	second, err := folder.CreateForValidate(out, startedAt)
	if err != nil {
		t.Fatal(err)
	}
	leads(second)
	folder.Remove(first)
	leads(second)
	folder.Remove(second)
	if _, err := os.Lstat(link); !os.IsNotExist(err) {
		t.Errorf("latest leads to a folder that is gone: %v", err)
	}
	// What is not a link was not created by relink.
	if err := os.WriteFile(link, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Create(out, startedAt, 18); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(link); err != nil || string(text) != "mine" {
		t.Errorf("the file latest holds %q, %v; want what it held", text, err)
	}
	entries, err := os.ReadDir(out)
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v, %v; want the run and the file", entries, err)
	}
}

// Not parallel: the umask is the whole process's.
func TestOnlyTheUserReadsAFolder(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		old := syscall.Umask(umask)
		path, err := folder.Create(t.TempDir(), startedAt, 17)
		if err != nil {
			t.Fatal(err)
		}
		hasMode(t, path, 0o700)
		hasMode(t, written(t, filepath.Join(path, "report.csv")), 0o600)
		if err := folder.Share(path, ""); err != nil {
			t.Fatal(err)
		}
		hasMode(t, path, 0o700)

		if err := folder.Share(path, strconv.Itoa(os.Getegid())); err != nil {
			t.Fatal(err)
		}
		hasMode(t, path, 0o750)
		hasMode(t, written(t, filepath.Join(path, "rejects.csv")), 0o640)
		syscall.Umask(old)
	}
	if err := folder.Share(t.TempDir(), "no such group"); err == nil || !strings.Contains(err.Error(), `no group "no such group"`) {
		t.Errorf("a group that is not there: %v", err)
	}
}

// The files of a shared folder belong to its group, whatever the group of the
// process.
func TestSharedFilesBelongToTheGroup(t *testing.T) {
	t.Parallel()
	path, err := folder.Create(t.TempDir(), startedAt, 17)
	if err != nil {
		t.Fatal(err)
	}
	gid := os.Getegid()
	if os.Geteuid() == 0 {
		gid = 54321 // any will do
	}
	if err := folder.Share(path, strconv.Itoa(gid)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(written(t, filepath.Join(path, "report.csv")))
	if err != nil {
		t.Fatal(err)
	}
	if got := int(info.Sys().(*syscall.Stat_t).Gid); got != gid {
		t.Errorf("the report's group is %d, want %d", got, gid)
	}
}

func hasMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != want {
		t.Errorf("%s has mode %v, %v; want %v", path, info.Mode(), err, want)
	}
}

func written(t *testing.T, path string) string {
	t.Helper()
	f, err := folder.CreateFile(path)
	if err == nil {
		err = f.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReopenedFolderLosesOnlyWhatIsUnfinished(t *testing.T) {
	t.Parallel()
	path, err := folder.Create(t.TempDir(), startedAt, 17)
	if err != nil {
		t.Fatal(err)
	}
	done, err := folder.CreateFile(filepath.Join(path, "report.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := done.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.CreateFile(filepath.Join(path, "report.html")); err != nil {
		t.Fatal(err)
	}
	if err := folder.Reopen(path); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || left[0].Name() != "report.csv" {
		t.Errorf("after Reopen the folder holds %v, want report.csv alone", left)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := folder.Reopen(path); err != nil {
		t.Errorf("Reopen of a folder that was removed = %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestValidationsOfOneSecondGetAFolderEach(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	for _, want := range []string{"20260102T030405Z-validate", "20260102T030406Z-validate"} {
		got, err := folder.CreateForValidate(out, startedAt)
		if err != nil {
			t.Fatal(err)
		}
		if got != filepath.Join(out, want) {
			t.Errorf("CreateForValidate = %q, want %q", got, want)
		}
	}
}

func TestFolderUnderAFile(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "links.csv")
	if err := os.WriteFile(out, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := folder.Create(out, startedAt, 1)
	if want := "creating folder " + out + ": not a directory"; err == nil || err.Error() != want {
		t.Errorf("Create under a file = %v, want %q", err, want)
	}
}
