//go:build unix

package private

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// owners returns who owns a file and who this process is.
func owners(info fs.FileInfo) (owner, self int, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(stat.Uid), os.Geteuid(), true
}

// lock waits for an exclusive lock on an open file or folder, which ends when
// it is closed.
func lock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
