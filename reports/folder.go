package reports

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// folderTime is how a folder's name tells when its run started, in UTC: it
// sorts by time and holds no character that a file system or a shell minds.
const folderTime = "20060102T150405Z"

// FolderPath is the folder of a run under out: its time and its id.
func FolderPath(out string, startedAt time.Time, run int64) string {
	return filepath.Join(out, folderName(startedAt, strconv.FormatInt(run, 10)))
}

func folderName(at time.Time, name string) string {
	return at.UTC().Format(folderTime) + "-" + name
}

// CreateFolder creates the folder of a new run and returns its path. It never
// takes a folder that exists: two runs with the same number and time belong to
// two databases, and the error says so.
func CreateFolder(out string, startedAt time.Time, run int64) (string, error) {
	path := FolderPath(out, startedAt, run)
	err := makeFolder(path)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("creating folder %s: it exists already and belongs to another run; choose another place with --out", path)
	}
	return path, err
}

// ReopenFolder takes up the folder of a run that is continued, and creates it
// when somebody has removed it. Files that the interrupted run left unfinished
// are deleted, finished ones stay until they are replaced.
func ReopenFolder(path string) error {
	err := makeFolder(path)
	if err == nil || !errors.Is(err, fs.ErrExist) {
		return err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("opening folder %s: %w", path, cause(err))
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

// CreateValidateFolder creates a folder for a validation, which has no run id.
// Where validations of the same second meet, the later one takes the next
// second that is free.
func CreateValidateFolder(out string, at time.Time) (string, error) {
	return createDated(out, at, "validate", "validations")
}

// CreateAPIFolder does the same for an import through the HTTP operation, of
// which no database knows.
func CreateAPIFolder(out string, at time.Time) (string, error) {
	return createDated(out, at, "api", "imports with --api")
}

func createDated(out string, at time.Time, name, what string) (string, error) {
	// A minute of validations all started in one second is not a
	// coincidence but a folder that cannot be right.
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
		return fmt.Errorf("creating folder %s: %w", parent, cause(err))
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		return fmt.Errorf("creating folder %s: %w", path, cause(err))
	}
	return syncDir(parent)
}
