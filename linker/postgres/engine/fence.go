package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"relink/linker/postgres/lock"
)

// fenceNotice is how long a session waits for the fence before it gives a
// notice.
const fenceNotice = 2 * time.Second

// fence waits until no lane of a dead run can commit any more. After kill -9 of
// a client its backend finishes what it has received, including COMMIT, while
// the lock of its leader is already released. It gives up after the lock
// timeout of a statement: then the holder is a session that is not a lane.
func (x *Session) fence(ctx context.Context) error {
	since, told := time.Now(), false
	err := lock.Wait(ctx, x.leader, lock.Fence, x.platform(), x.lockWait(), func(held *lock.LockedError) bool {
		if !told && time.Since(since) > fenceNotice {
			told = true
			x.notice("waiting for the lanes of an earlier run to end: %s", held.Holder)
		}
		return true
	})
	var held *lock.LockedError
	if errors.As(err, &held) {
		return fmt.Errorf("gave up after waiting %s for the lanes of an earlier run to end: %w", x.lockWait(), err)
	}
	if err != nil {
		return err
	}
	return lock.Unlock(ctx, x.leader, lock.Fence, x.platform())
}
