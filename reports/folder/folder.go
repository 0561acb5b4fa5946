package folder

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// folderTime is the format of a run's start time, in UTC, in the name of its
// folder: it sorts by time and has no character that is special to a file
// system or a shell.
const folderTime = "20060102T150405Z"

func folderName(at time.Time, name string) string {
	return at.UTC().Format(folderTime) + "-" + name
}

const (
	// folderMode lets only the user who makes a run read its files.
	folderMode = 0o700
	// groupMode lets the folder's group read them. Its files inherit the group.
	groupMode = 0o750 | fs.ModeSetgid
)

// Create creates the folder of a new run under out and returns its path: the
// time and the id of the run, with -2, -3 and so on when a run of another
// database already has that name. Only its user can read its content (see
// Share). The link latest then points to it.
func Create(out string, startedAt time.Time, run int64) (string, error) {
	const tries = 100 // databases
	id := strconv.FormatInt(run, 10)
	for i := range tries {
		name := folderName(startedAt, id)
		if i > 0 {
			name += "-" + strconv.Itoa(i+1)
		}
		path := filepath.Join(out, name)
		if err := makeFolder(path); !errors.Is(err, fs.ErrExist) {
			return path, err
		}
	}
	return "", fmt.Errorf("creating a folder in %s: %d folders of this second and number are there already; choose another place with --out", out, tries)
}

// Share lets the members of a group, given by name or number, read the present
// and future content of a run's folder. Without a group it does nothing.
func Share(path, group string) error {
	if group == "" {
		return nil
	}
	id := group
	if g, err := user.LookupGroup(group); err == nil {
		id = g.Gid
	}
	gid, err := strconv.Atoi(id)
	if err != nil {
		return fmt.Errorf("there is no group %q", group)
	}
	if err := os.Chown(path, -1, gid); err != nil {
		return fmt.Errorf("giving folder %s to group %s: %w", path, group, Cause(err))
	}
	// After the chown, which clears the setgid bit.
	if err := os.Chmod(path, groupMode); err != nil {
		return fmt.Errorf("giving folder %s to group %s: %w", path, group, Cause(err))
	}
	return nil
}

// Reopen prepares the folder of a run that is continued, creating it if it was
// removed. Incomplete files of the interrupted run are deleted; complete ones
// stay until they are replaced.
func Reopen(path string) error {
	err := makeFolder(path)
	if err == nil || !errors.Is(err, fs.ErrExist) {
		return err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("opening folder %s: %w", path, Cause(err))
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && strings.HasSuffix(e.Name(), tempSuffix) {
			if err := os.Remove(filepath.Join(path, e.Name())); err != nil {
				return fmt.Errorf("clearing folder %s: %w", path, err)
			}
		}
	}
	return nil
}

// CreateForValidate creates a folder for a validation, which has no run id. If
// validations start in the same second, the later one takes the next free
// second.
func CreateForValidate(out string, at time.Time) (string, error) {
	return createDated(out, at, "validate", "validations")
}

// CreateForAPI does the same for an import through the HTTP operation, which no
// database records.
func CreateForAPI(out string, at time.Time) (string, error) {
	return createDated(out, at, "api", "imports with --api")
}

func createDated(out string, at time.Time, name, what string) (string, error) {
	// That a minute of validations all started in one second is no coincidence:
	// something is wrong with the folder.
	const tries = 60
	for i := range tries {
		path := filepath.Join(out, folderName(at.Add(time.Duration(i)*time.Second), name))
		err := makeFolder(path)
		if !errors.Is(err, fs.ErrExist) {
			return path, err
		}
	}
	return "", fmt.Errorf("creating a folder in %s: %d %s of this minute have one already; choose another place with --out", out, tries, what)
}

// makeFolder creates one folder, exclusively, and the folders above it.
func makeFolder(path string) error {
	parent := filepath.Dir(path)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("creating folder %s: %w", parent, Cause(err))
	}
	if err := os.Mkdir(path, folderMode); err != nil {
		return fmt.Errorf("creating folder %s: %w", path, Cause(err))
	}
	pointLatest(path)
	return syncDir(parent)
}

// Remove removes the folder of a run that produced nothing, unless it has
// content, and the link that points to it.
func Remove(path string) {
	if os.Remove(path) != nil {
		return
	}
	link := filepath.Join(filepath.Dir(path), latestName)
	if target, err := os.Readlink(link); err == nil && target == filepath.Base(path) {
		os.Remove(link)
	}
}

// latestName is the link next to the folders of runs that points to the newest.
const latestName = "latest"

// pointLatest makes the link point to a folder, atomically: whoever follows it
// finds either the previous one or this one. The link is a convenience and some
// file systems have no links, so a run does not fail without it.
func pointLatest(folder string) {
	link := filepath.Join(filepath.Dir(folder), latestName)
	if info, err := os.Lstat(link); err == nil && info.Mode().Type() != fs.ModeSymlink {
		return // not created by relink
	}
	temp := filepath.Join(filepath.Dir(folder), "."+latestName+"."+rand.Text()[:8]+tempSuffix)
	if os.Symlink(filepath.Base(folder), temp) == nil && os.Rename(temp, link) != nil {
		os.Remove(temp)
	}
}
