package localpg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// rootDir is where the local database of root stands: a home under /root is
// closed to the user that the server runs as.
const rootDir = "/var/lib/relink"

// maxSocketPath is the longest path of a socket that every system takes (104
// bytes with the final NUL on macOS, 108 on Linux).
const maxSocketPath = 103

// socketName is the file that PostgreSQL makes in its socket folder.
const socketName = ".s.PGSQL.5432"

// UserDir returns the folder of this user's local database: relink under
// $XDG_DATA_HOME, on macOS under ~/Library/Application Support, otherwise
// under ~/.local/share. For root it is /var/lib/relink, unless $XDG_DATA_HOME
// names a place that other users can reach.
func UserDir() (string, error) {
	data := os.Getenv("XDG_DATA_HOME")
	if o := currentOwner(); o.drop {
		if data == "" || o.checkReach(data) != nil {
			return rootDir, nil
		}
	}
	if data == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding a folder for the local database: %w", err)
		}
		data = filepath.Join(home, ".local", "share")
		if runtime.GOOS == "darwin" {
			data = filepath.Join(home, "Library", "Application Support")
		}
	}
	return filepath.Join(data, "relink"), nil
}

// TempDir returns the folder for throwaway servers: the system's, or /tmp where
// that is closed to the user that the server runs as.
func TempDir() string {
	if currentOwner().checkReach(os.TempDir()) != nil {
		return "/tmp"
	}
	return os.TempDir()
}

// locate decides where the server lives and finds its programs. It leaves no
// trace.
func locate(ctx context.Context, cfg Config) (place, error) {
	if cfg.Dir == "" {
		dir, err := UserDir()
		if err != nil {
			return place{}, err
		}
		cfg.Dir = dir
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return place{}, fmt.Errorf("finding the local database: %w", err)
	}
	p := place{cfg: cfg, owner: currentOwner()}
	if p.programs, err = p.choosePrograms(ctx, dir); err != nil {
		return place{}, err
	}
	p.home = filepath.Join(dir, strconv.Itoa(p.programs.major))
	p.sockets = socketFolder(p.home)
	return p, nil
}

// makeDir makes the folder that the homes of servers and the lock files stand
// in. It belongs to us, and the server's owner must be able to pass.
func (p place) makeDir() error {
	dir := filepath.Dir(p.home)
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = p.open(dir)
	}
	if err == nil {
		err = p.owner.checkReach(dir)
	}
	if err != nil {
		return fmt.Errorf("making the folder of the local database: %w", err)
	}
	return nil
}

// open opens our folder to the server's owner, whatever the umask.
func (p place) open(dir string) error {
	f, err := openOurs(dir, os.Geteuid())
	if err != nil {
		return err
	}
	defer f.Close()
	if !p.owner.drop {
		return nil
	}
	return f.Chmod(0o755)
}

// choosePrograms returns the server programs that the configuration names, or
// else those for the data that is there already, or else the newest on this
// machine.
func (p place) choosePrograms(ctx context.Context, dir string) (programs, error) {
	binDir := p.cfg.BinDir
	if binDir == "" {
		binDir = os.Getenv(BinDirVariable)
	}
	if binDir != "" {
		found, err := inspect(ctx, binDir, p.owner)
		if err != nil {
			return programs{}, fmt.Errorf("using the server programs in %s: %w", binDir, err)
		}
		return found, nil
	}
	found, faults := findPrograms(ctx, searchFolders(), p.owner)
	chosen, err := p.forData(dir, found)
	if err != nil || chosen.dir != "" {
		return chosen, err
	}
	if len(found) == 0 {
		return programs{}, &MissingError{Found: faults}
	}
	return found[0], nil
}

// forData returns the programs for the data that is there, none when there is
// no data. Data of another version than all that were found is an error:
// starting an empty database beside it would show its user that in place of
// their own.
func (p place) forData(dir string, found []programs) (programs, error) {
	if at := slices.IndexFunc(found, func(f programs) bool { return hasData(dir, f.major) }); at >= 0 {
		return found[at], nil
	}
	for major := newestMajor; major >= oldestMajor; major-- {
		if hasData(dir, major) && !p.cfg.Throwaway {
			return programs{}, fmt.Errorf(
				"the local database in %s is of PostgreSQL %d, whose server programs are gone: install them again, or remove the folder to start with an empty database",
				filepath.Join(dir, strconv.Itoa(major)), major)
		}
	}
	return programs{}, nil
}

func hasData(dir string, major int) bool {
	_, err := os.Stat(filepath.Join(dir, strconv.Itoa(major), "data", "PG_VERSION"))
	return !errors.Is(err, os.ErrNotExist)
}

// socketFolder returns the folder for the server's socket: one inside its home,
// or, where that path is too long or would be read as a list of hosts, one in
// /tmp that is named after it.
func socketFolder(home string) string {
	inside := filepath.Join(home, "socket")
	if len(inside)+1+len(socketName) <= maxSocketPath && !strings.Contains(inside, ",") {
		return inside
	}
	sum := sha256.Sum256([]byte(home))
	return filepath.Join("/tmp", "relink-"+strconv.Itoa(os.Geteuid())+"-"+hex.EncodeToString(sum[:6]))
}
