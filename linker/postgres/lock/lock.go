package lock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker/text"
)

// The locks. An advisory lock has two numbers: the first is ours alone ("relink"
// and what the lock is for); the second is a platform's, or a run's id.
const (
	Run   = 0x72656c01 // held by the leader of the platform's one writing run
	Fence = 0x72656c02 // held shared by every lane that may write to the platform
	Alive = 0x72656c03 // held by a run's leader, with the run's id
	// Recordings is held for a transaction, with a number made of a recording's id.
	Recordings = 0x72656c04
	// Delivery is held while changes are sent to a receiver, with a number made of the
	// receiver and the run.
	Delivery = 0x72656c05
)

// Poll is how often a waiting leader looks again. A queued
// pg_advisory_lock would be woken sooner but cannot say whom it waits for.
const Poll = 200 * time.Millisecond

// Grace is how long a run that does not want to wait waits all the same: the
// server takes some moments to notice that a process was killed, and frees its
// locks only then.
const Grace = 500 * time.Millisecond

// LockedError says that another run holds the lock that a run needs, or a session
// that is no run of relink's.
type LockedError struct {
	Run    int64  // the run at work, 0 when it is none or could not be told
	Holder string // who that is, in words
}

func (e *LockedError) Error() string {
	if e.Run == 0 && e.Holder != justEnded {
		return "relink's lock is held by " + e.Holder
	}
	return "another run is running: " + e.Holder
}

const justEnded = "one that just ended"

// Try takes a session lock or says who has it.
func Try(ctx context.Context, conn *pgx.Conn, class int32, id int64) error {
	var got bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1, $2)", class, int32(id)).Scan(&got); err != nil {
		return fmt.Errorf("taking a run lock: %w", err)
	}
	if got {
		return nil
	}
	return holder(ctx, conn, class, id)
}

// Unlock frees a session lock. The end of the session would do it, too, but some
// moments after the client has gone on.
func Unlock(ctx context.Context, conn *pgx.Conn, class int32, id int64) error {
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1, $2)", class, int32(id)); err != nil {
		return fmt.Errorf("freeing a run lock: %w", err)
	}
	return nil
}

// holder describes the session that holds a lock. Its lock on the run's id says
// which run that is, from before it has any other lock.
func holder(ctx context.Context, conn *pgx.Conn, class int32, id int64) error {
	const query = `
		SELECT coalesce(r.id, 0), coalesce(r.kind, ''), coalesce(r.host, ''), coalesce(r.pid, 0),
		    coalesce(to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), ''), l.pid,
		    coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(host(a.client_addr), '')
		FROM pg_locks AS l
		LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
		LEFT JOIN pg_locks AS alive
		    ON alive.pid = l.pid AND alive.database = l.database
		    AND alive.locktype = 'advisory' AND alive.objsubid = 2
		    AND alive.classid = $3::bigint::oid
		LEFT JOIN relink.runs AS r ON r.id = alive.objid::bigint
		WHERE l.locktype = 'advisory'
		    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
		    AND l.classid = $1::bigint::oid AND l.objid = $2::bigint::oid AND l.objsubid = 2
		    AND l.granted AND l.pid <> pg_backend_pid()
		ORDER BY r.id
		LIMIT 1`
	var run int64
	var kind, host, started string
	var pid, backend int32
	var role, application, client string
	err := conn.QueryRow(ctx, query, class, id, Alive).
		Scan(&run, &kind, &host, &pid, &started, &backend, &role, &application, &client)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		// It was let go in between.
		return &LockedError{Holder: justEnded}
	case err != nil:
		return fmt.Errorf("asking who holds the run lock: %w", err)
	case run == 0:
		return &LockedError{Holder: sessionWords(backend, role, application, client)}
	}
	return &LockedError{Run: run, Holder: fmt.Sprintf("%s %d, started %s UTC by process %d on %s", kind, run, started, pid, host)}
}

// Wait tries until it has the lock, the wait is over, or may says that
// this holder is not worth waiting for.
func Wait(ctx context.Context, conn *pgx.Conn, class int32, id int64, wait time.Duration, may func(*LockedError) bool) error {
	deadline := time.Now().Add(wait)
	for {
		err := Try(ctx, conn, class, id)
		var locked *LockedError
		if !errors.As(err, &locked) {
			return err
		}
		if !time.Now().Before(deadline) || (may != nil && !may(locked)) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(Poll):
		}
	}
}

// NoticeSilence lets the server notice within half a minute that this host has
// gone without a word, as when its power fails. Locks would stay for two hours
// by what systems have as default. Over a local socket it does nothing.
func NoticeSilence(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `
		SELECT set_config('tcp_keepalives_idle', '10', false),
		    set_config('tcp_keepalives_interval', '5', false),
		    set_config('tcp_keepalives_count', '4', false)`)
	if err != nil {
		return fmt.Errorf("setting up the session: %w", err)
	}
	return nil
}

// sessionWords describes a session by what its owner recognises it by.
func sessionWords(pid int32, role, application, client string) string {
	words := fmt.Sprintf("session %d", pid)
	if application != "" {
		words += " (" + text.Printable(application) + ")"
	}
	if role != "" {
		words += " of role " + text.Printable(role)
	}
	if client != "" {
		words += " at " + client
	}
	return words
}
