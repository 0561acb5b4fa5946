package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
)

const (
	// tellWait is how long a statement waits for a lock before the person is
	// told for which, and who has it.
	tellWait = 5 * time.Second
	// minLockWait is how long a statement over whole tables waits for a lock
	// even when the run may not wait for its database at all.
	minLockWait = 10 * time.Second
)

// heldLock is a lock on a table that is in the way, and the session that has it.
type heldLock struct {
	table       string
	pid         int32
	role        string
	application string
	query       string
}

func (h heldLock) String() string {
	who := fmt.Sprintf("session %d of role %s", h.pid, h.role)
	if h.application != "" {
		who = fmt.Sprintf("session %d (%s) of role %s", h.pid, h.application, h.role)
	}
	text := fmt.Sprintf("a lock on table %s that %s holds", h.table, who)
	if h.query != "" {
		text += ": " + h.query
	}
	return text
}

// heldBy runs a query of locks, of which there may be none.
func heldBy(ctx context.Context, conn *pgx.Conn, statement string, args ...any) (h heldLock, some bool, err error) {
	err = conn.QueryRow(ctx, statement, args...).Scan(&h.table, &h.pid, &h.role, &h.application, &h.query)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return h, false, nil
	case err != nil:
		return h, false, fmt.Errorf("asking who holds a lock: %w", err)
	}
	return h, true, nil
}

// tableHeldBy returns the lock of another session on the platform's tables that
// keeps links from being written.
func tableHeldBy(ctx context.Context, conn *pgx.Conn, t *texts) (h heldLock, some bool, err error) {
	return heldBy(ctx, conn, t.of("table_locks"), t.platform.Base(platform.Links), t.platform.Base(platform.Entities))
}

// waitForTable does something that writes links, again and again while another
// session has the whole table locked: that is an outage, not the fault of the
// rows that are in turn. Each try gives way after the lane's lock timeout, so
// that the other session gets its lock. Any other error is returned as it is.
func (l *lane) waitForTable(ctx context.Context, do func() error) error {
	since := time.Now()
	for told := false; ; {
		err := do()
		if pg.SQLState(err) != pg.StateLockNotAvailable {
			return err
		}
		held, some, lookErr := tableHeldBy(ctx, l.conn, l.x.texts)
		if lookErr != nil {
			return lookErr
		}
		if !some {
			return err // a row is locked
		}
		waited := time.Since(since)
		if waited > tellWait && !told {
			told = true
			l.x.notice("waiting for %s", held)
		}
		if waited > l.x.lockWait() {
			return gaveUp(l.x.lockWait(), held)
		}
		select {
		case <-l.stop:
			return linker.ErrStopped
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// gaveUp says that a lock was not to be had for as long as the run may wait. It
// wraps nothing: to the caller a lock timeout would be about a row.
func gaveUp(wait time.Duration, held fmt.Stringer) error {
	return pg.NewError(
		fmt.Sprintf("gave up after waiting %s for %s", wait, held),
		pg.ServerHints[pg.StateLockNotAvailable],
	)
}

// explainLockWait puts into words that a statement over whole tables has waited
// for a lock as long as it may.
func (x *Session) explainLockWait(err error) error {
	var known *pg.Error
	if errors.As(err, &known) || pg.SQLState(err) != pg.StateLockNotAvailable {
		return err
	}
	if held := x.waitedFor.Load(); held != nil {
		return gaveUp(x.lockWait(), held)
	}
	return err
}

// lockWait is how long a statement over whole tables waits for a lock.
func (x *Session) lockWait() time.Duration { return lockWait(x.opt.RetryTimeout) }

// lockWait is how long a run waits for a lock that may be without its database
// for so long.
func lockWait(retry time.Duration) time.Duration { return max(retry, minLockWait) }

// tellLockWait says once what the working session has been waiting for.
func (x *Session) tellLockWait(ctx context.Context) error {
	held, some, err := heldBy(ctx, x.leader, x.statement("lock_waits"), int32(x.work.PgConn().PID()), tellWait)
	if err != nil || !some {
		return err
	}
	if last := x.waitedFor.Swap(&held); last == nil || last.table != held.table || last.pid != held.pid {
		x.notice("waiting for %s", held)
	}
	return nil
}
