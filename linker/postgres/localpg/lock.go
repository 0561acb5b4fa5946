package localpg

import (
	"context"
	"fmt"
	"os"
	"time"
)

// lockPoll is how often a lock that another process holds is asked for. The
// longest that one is held is a cold start, about a second.
const lockPoll = 10 * time.Millisecond

// fileLock is a lock on a file. It ends with release, or with the process,
// however that ends. Lock files are never deleted: somebody could hold a lock
// on the file that was while another one locks the file that is.
type fileLock struct{ file *os.File }

// lockFile waits for the lock until ctx is done.
func lockFile(ctx context.Context, path string, how int) (*fileLock, error) {
	for {
		lock, err := tryLockFile(path, how)
		if err != nil || lock != nil {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the lock file %s: %w", path, context.Cause(ctx))
		case <-time.After(lockPoll):
		}
	}
}

// tryLockFile returns nil and no error when another process holds the lock.
func tryLockFile(path string, how int) (*fileLock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening a lock file: %w", err)
	}
	ok, err := flock(file, how)
	if err == nil && ok {
		return &fileLock{file}, nil
	}
	file.Close()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return nil, nil
}

// tryExclusive turns a shared lock into an exclusive one, or loses it.
func (l *fileLock) tryExclusive() (bool, error) {
	ok, err := flock(l.file, exclusive)
	if err != nil {
		return false, fmt.Errorf("locking %s: %w", l.file.Name(), err)
	}
	return ok, nil
}

func (l *fileLock) release() { l.file.Close() }
