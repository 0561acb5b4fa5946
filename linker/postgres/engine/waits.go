package engine

import (
	"context"
	"errors"
	"time"

	"relink/linker"
	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
)

// waitForTable retries something that writes links as long as another session
// has the whole table locked: that is an outage, not the fault of the current
// rows. Each try ends after the lane's lock timeout, so that the other session
// gets its lock. Any other error is returned unchanged.
func (l *lane) waitForTable(ctx context.Context, do func() error) error {
	since := time.Now()
	for told := false; ; {
		err := do()
		if pg.SQLState(err) != pg.StateLockNotAvailable {
			return err
		}
		held, some, lookErr := lock.OnTable(ctx, l.conn, l.x.texts)
		if lookErr != nil {
			return lookErr
		}
		if !some {
			return err // a row is locked
		}
		waited := time.Since(since)
		if waited > lock.Notice && !told {
			told = true
			l.x.notice("waiting for %s", held)
		}
		if waited > l.x.lockWait() {
			return lock.GaveUp(l.x.lockWait(), held)
		}
		select {
		case <-l.stop:
			return linker.ErrStopped
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lock.Poll):
		}
	}
}

// explainLockWait puts into words that a statement over whole tables has waited
// for a lock as long as it may.
func (x *Session) explainLockWait(err error) error {
	var known *pg.Error
	if errors.As(err, &known) || pg.SQLState(err) != pg.StateLockNotAvailable {
		return err
	}
	if held := x.waitedFor.Load(); held != nil {
		return lock.GaveUp(x.lockWait(), held)
	}
	return err
}

// lockWait is how long a statement over whole tables waits for a lock.
func (x *Session) lockWait() time.Duration { return lock.Patience(x.opt.RetryTimeout) }

// tellLockWait prints once what the session has been waiting for.
func (x *Session) tellLockWait(ctx context.Context) error {
	held, some, err := lock.HeldBy(ctx, x.leader, x.statement("lock_waits"), int32(x.work.PgConn().PID()), lock.Notice)
	if err != nil || !some {
		return err
	}
	if last := x.waitedFor.Swap(&held); last == nil || last.Table != held.Table || last.PID != held.PID {
		x.notice("waiting for %s", held)
	}
	return nil
}
