package localpg

import (
	"context"
	"fmt"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how often a lock that another process holds is asked for. The
// longest that one is held is a cold start, about a second.
const lockPoll = 10 * time.Millisecond

// newLock is a lock that ends with release, or with the process, however that
// ends. Lock files are never deleted: somebody could hold a lock on the file
// that was while another one locks the file that is.
func newLock(path string) *flock.Flock { return flock.New(path, flock.SetPermissions(0o644)) }

// lockExclusive waits for the lock until ctx is done.
func lockExclusive(ctx context.Context, path string) (*flock.Flock, error) {
	lock := newLock(path)
	_, err := lock.TryLockContext(ctx, lockPoll)
	return lock, waiting(ctx, path, err)
}

// lockShared waits for the lock, beside others that share it, until ctx is done.
func lockShared(ctx context.Context, path string) (*flock.Flock, error) {
	lock := newLock(path)
	_, err := lock.TryRLockContext(ctx, lockPoll)
	return lock, waiting(ctx, path, err)
}

// waiting says why the wait for a lock ended, which the library does not.
func waiting(ctx context.Context, path string, err error) error {
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("waiting for the lock file %s: %w", path, context.Cause(ctx))
	}
	return locking(path, err)
}

func locking(path string, err error) error {
	if err != nil {
		return fmt.Errorf("locking %s: %w", path, err)
	}
	return nil
}

// release frees a lock. Its file is closed in any case, so there is nothing to
// do about an error.
func release(lock *flock.Flock) { _ = lock.Close() }
