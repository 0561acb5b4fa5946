//go:build unix

package localpg

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakePrograms makes a folder of programs that say they are of a version.
func fakePrograms(t *testing.T, dir, version string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		script := "#!/bin/sh\n[ \"$1\" = --version ] && echo '" + name + " (PostgreSQL) " + version + "' && exit\necho \"" + name + " is broken\" >&2\nexit 3\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheNewestProgramsWin(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	link := filepath.Join(dir, "link")
	newest := fakePrograms(t, filepath.Join(dir, "b", "bin"), "17.10 (Debian 17.10-1)")
	if err := os.Symlink(newest, link); err != nil {
		t.Fatal(err)
	}
	found, faults := findPrograms(t.Context(), []string{
		fakePrograms(t, filepath.Join(dir, "a", "bin"), "17.9"),
		newest, link,
		fakePrograms(t, filepath.Join(dir, "c", "bin"), "14.2"),
		fakePrograms(t, filepath.Join(dir, "d", "bin"), "13.5"),
		fakePrograms(t, filepath.Join(dir, "e", "bin"), "18beta1"),
		fakePrograms(t, filepath.Join(dir, "f", "bin"), "unknown"),
		filepath.Join(dir, "nothing"),
	}, currentOwner())
	var got []string
	for _, p := range found {
		got = append(got, p.version)
	}
	if want := "18 17.10 17.9 14.2"; strings.Join(got, " ") != want {
		t.Errorf("versions found = %q, want %q", got, want)
	}
	for _, want := range []string{"holds PostgreSQL 13.5; relink needs 14 to 18", `"postgres (PostgreSQL) unknown", which has no version`} {
		if faults == nil || !strings.Contains(faults.Error(), want) {
			t.Errorf("faults = %v, want %q among them", faults, want)
		}
	}
}

func TestProgramsThatTheOwnerCannotReachAreNotUsed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("this user runs the server itself and reaches what it reaches")
		return
	}
	dir := newDir(t)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := inspect(t.Context(), fakePrograms(t, filepath.Join(dir, "bin"), "17.1"), currentOwner())
	if err == nil || !strings.Contains(err.Error(), "may not enter "+dir) {
		t.Errorf("inspect of a closed folder = %v, want an error that names it", err)
	}
}

func TestNamedProgramsAreUsedOrRefused(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	bin := fakePrograms(t, filepath.Join(dir, "bin"), "16.4")
	state, err := Status(t.Context(), Config{Dir: filepath.Join(dir, "data"), BinDir: bin})
	if err != nil || state.Version != "16.4" || state.Running {
		t.Errorf("Status with the programs of 16.4 = %+v (%v)", state, err)
	}
	_, err = Start(t.Context(), Config{Dir: filepath.Join(dir, "data"), BinDir: bin})
	if err == nil || !strings.Contains(err.Error(), "initdb is broken") {
		t.Errorf("Start with programs that fail = %v, want what initdb says", err)
	}
	_, err = Start(t.Context(), Config{Dir: filepath.Join(dir, "data"), BinDir: filepath.Join(dir, "none")})
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "none")) {
		t.Errorf("Start with a folder that is not there = %v, want an error that names it", err)
	}
}

func TestDataOfAnotherVersionIsNotPassedOver(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	data := filepath.Join(dir, "14", "data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("14\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	found := []programs{{dir: "/bin18", major: 18}, {dir: "/bin16", major: 16}}
	want := "the local database in " + filepath.Join(dir, "14") + " is of PostgreSQL 14"
	if _, err := (place{}).forData(dir, found); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("programs for data of version 14 among 18 and 16: %v, want %q", err, want)
	}
	found = append(found, programs{dir: "/bin14", major: 14})
	if got, err := (place{}).forData(dir, found); err != nil || got.major != 14 {
		t.Errorf("programs for data of version 14 = %d (%v), want 14", got.major, err)
	}
}

// TestNothingOnTheMachine hides the programs of this machine: what is left is an
// error that says what to install, and no trace on the disk.
func TestNothingOnTheMachine(t *testing.T) {
	// Not parallel: the environment and usualFolders belong to all tests.
	t.Setenv("PATH", "")
	t.Setenv(BinDirVariable, "")
	usual := usualFolders
	t.Cleanup(func() { usualFolders = usual })
	dir := newDir(t)
	usualFolders = []string{fakePrograms(t, filepath.Join(dir, "old", "bin"), "13.5")}
	data := filepath.Join(dir, "data")
	_, err := Start(t.Context(), Config{Dir: data})
	var missing *MissingError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "13.5") || !strings.Contains(missing.Hint(), "install PostgreSQL") {
		t.Errorf("Start without programs = %v, want a MissingError that names the old ones and what to install", err)
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("the data folder: %v, want none", err)
	}
}

func TestMissingProgramsTellWhatToInstall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, system, release, want string }{
		{"Debian", "linux", "ID=debian\n", "apt-get install postgresql"},
		{"Ubuntu", "linux", "NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n", "apt-get install postgresql"},
		{"Rocky", "linux", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "dnf install postgresql-server"},
		{"Alpine", "linux", "ID=alpine\n", "apk add postgresql"},
		{"Manjaro", "linux", "ID=manjaro\nID_LIKE=arch\n", "pacman -S postgresql"},
		{"openSUSE", "linux", "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n", "zypper install postgresql-server"},
		{"macOS", "darwin", "", "brew install postgresql"},
		{"another system", "linux", "ID=plan9\nNAME=\"not debian\"\n", "postgresql.org"},
	} {
		if got := installCommand(c.system, c.release); !strings.Contains(got, c.want) {
			t.Errorf("command for %s = %q, want %q", c.name, got, c.want)
		}
	}
	err := error(&MissingError{Found: errors.New("/opt/pg holds PostgreSQL 12.1")})
	for _, want := range []string{"no PostgreSQL 14 to 18 server programs", "12.1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error = %q, want %q in it", err, want)
		}
	}
	if hint := (&MissingError{}).Hint(); !strings.Contains(hint, BinDirVariable) || !strings.Contains(hint, "--database") {
		t.Errorf("hint = %q, want the ways out in it", hint)
	}
}
