package lock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
	"relink/linker/postgres/sql"
)

// minLockWait is how long a statement over whole tables waits for a lock even when
// the run may not wait for its database at all.
const minLockWait = 10 * time.Second

// Notice is how long a statement waits for a lock before the person is told
// for which, and who has it.
const Notice = 5 * time.Second

// Held is a lock on a table that is in the way, and the session that has it.
type Held struct {
	Table       string
	PID         int32
	role        string
	application string
	query       string
}

func (h Held) String() string {
	who := fmt.Sprintf("session %d of role %s", h.PID, h.role)
	if h.application != "" {
		who = fmt.Sprintf("session %d (%s) of role %s", h.PID, h.application, h.role)
	}
	text := fmt.Sprintf("a lock on table %s that %s holds", h.Table, who)
	if h.query != "" {
		text += ": " + h.query
	}
	return text
}

// HeldBy runs a query of locks, of which there may be none.
func HeldBy(ctx context.Context, conn *pgx.Conn, statement string, args ...any) (h Held, some bool, err error) {
	err = conn.QueryRow(ctx, statement, args...).Scan(&h.Table, &h.PID, &h.role, &h.application, &h.query)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return h, false, nil
	case err != nil:
		return h, false, fmt.Errorf("asking who holds a lock: %w", err)
	}
	return h, true, nil
}

// OnTable returns the lock of another session on the platform's tables that
// keeps links from being written.
func OnTable(ctx context.Context, conn *pgx.Conn, t *sql.Texts) (h Held, some bool, err error) {
	return HeldBy(ctx, conn, t.Of("table_locks"), t.Platform.Base(platform.Links), t.Platform.Base(platform.Entities))
}

// GaveUp says that a lock was not to be had for as long as the run may wait. It
// wraps nothing: to the caller a lock timeout would be about a row.
func GaveUp(wait time.Duration, held fmt.Stringer) error {
	return pg.NewError(
		fmt.Sprintf("gave up after waiting %s for %s", wait, held),
		pg.ServerHints[pg.StateLockNotAvailable],
	)
}

// Patience is how long a run waits for a lock that may be without its database
// for so long.
func Patience(retry time.Duration) time.Duration { return max(retry, minLockWait) }
