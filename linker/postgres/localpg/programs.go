package localpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// BinDirVariable names the folder of the server programs to use.
const BinDirVariable = "RELINK_PG_BIN"

// The major versions that relink works with.
const (
	oldestMajor = 14
	newestMajor = 18
)

// usualFolders are the places where packages put the server programs, which
// they often keep off PATH.
var usualFolders = []string{
	"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
	"/usr/pgsql-*/bin",          // packages of postgresql.org for Red Hat
	"/usr/libexec/postgresql*",  // Alpine
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
	"/opt/local/lib/postgresql*/bin", // MacPorts
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/usr/local/pgsql/bin", // built from source
}

// programs is a folder with the server programs of one version.
type programs struct {
	dir     string
	version string // as the programs say it: 15.14
	major   int
	minor   int
}

func (p programs) path(name string) string { return filepath.Join(p.dir, name) }

// findPrograms returns the programs in those folders that can be used, the
// newest version first. The error says what was found and is of no use.
func findPrograms(ctx context.Context, folders []string, o owner) ([]programs, error) {
	var found []programs
	var faults []error
	seen := map[string]bool{}
	for _, dir := range folders {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
		if seen[dir] {
			continue
		}
		seen[dir] = true
		p, err := inspect(ctx, dir, o)
		switch {
		case err == nil:
			found = append(found, p)
		case !errors.Is(err, os.ErrNotExist):
			faults = append(faults, err)
		}
	}
	slices.SortStableFunc(found, func(a, b programs) int {
		return cmp.Or(cmp.Compare(b.major, a.major), cmp.Compare(b.minor, a.minor))
	})
	return found, errors.Join(faults...)
}

// versionPattern finds the version in "postgres (PostgreSQL) 15.14 (Debian
// 15.14-0+deb12u1)" and in "postgres (PostgreSQL) 18beta1".
var versionPattern = regexp.MustCompile(`\(PostgreSQL\) ((\d+)(?:\.(\d+))?)`)

// inspect returns the programs in dir, when they are complete, of a supported
// version, and can be run by the server's owner. The error is os.ErrNotExist
// when there are none.
func inspect(ctx context.Context, dir string, o owner) (programs, error) {
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return programs{}, err
		}
	}
	if err := o.checkReach(dir); err != nil {
		return programs{}, err
	}
	p := programs{dir: dir}
	cmd := exec.CommandContext(ctx, p.path("postgres"), "--version")
	cmd.Env = environment()
	o.run(cmd)
	out, err := cmd.Output()
	if err != nil {
		return programs{}, fmt.Errorf("running %s --version: %w", p.path("postgres"), err)
	}
	match := versionPattern.FindStringSubmatch(string(out))
	if match == nil {
		return programs{}, fmt.Errorf("%s --version says %q, which has no version",
			p.path("postgres"), strings.TrimSpace(string(out)))
	}
	p.version = match[1]
	p.major, _ = strconv.Atoi(match[2])
	p.minor, _ = strconv.Atoi(match[3])
	if p.major < oldestMajor || p.major > newestMajor {
		return programs{}, fmt.Errorf("%s holds PostgreSQL %s; relink needs %d to %d",
			dir, p.version, oldestMajor, newestMajor)
	}
	return p, nil
}

// searchFolders returns where server programs may be: the folder of the initdb
// on PATH, with links resolved, and the usual places.
func searchFolders() []string {
	var folders []string
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(initdb); err == nil {
			folders = append(folders, filepath.Dir(real))
		}
	}
	for _, pattern := range usualFolders {
		found, err := filepath.Glob(pattern)
		if err == nil { // the patterns are ours, and good
			folders = append(folders, found...)
		}
	}
	return folders
}
