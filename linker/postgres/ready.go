package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/dbcheck"
	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
)

// NotReadyError says that no run should be begun on a database as it is.
type NotReadyError struct{ Findings []dbcheck.Finding }

// Error names the first finding, and how many there are.
func (e *NotReadyError) Error() string {
	text := "the database is not ready: " + e.Findings[0].String()
	if more := len(e.Findings) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// Hint is what to do about it.
func (e *NotReadyError) Hint() string {
	const all = "`relink db check` lists what is missing, with what to do about each"
	first := e.Findings[0]
	switch {
	case first.Command == dbcheck.CommandMigrate:
		return "`" + dbcheck.CommandMigrate + "` makes relink's own tables, and brings them up to date"
	case first.Command != "" && !strings.Contains(first.Problem, "is missing"):
		return "`" + first.Command + "` shows relink the platform's tables as it needs them"
	case first.Command != "":
		return pg.HintTables
	case len(e.Findings) == 1 && first.SQL != "":
		return "have it put right: " + strings.Join(strings.Fields(first.SQL), " ")
	case first.Ask != "":
		return "ask the database's administrators: " + first.Ask
	}
	return all
}

// Ready asks the catalog for what would make every run on this database fail or
// go wrong, and returns a *NotReadyError when there is anything, or pg.ErrPooled
// for a proxy that pools transactions. It takes milliseconds, but for a table that
// another session has locked: it waits for that as a run does that may be without
// its database for retry, and tells notice who it is.
func (s *Store) Ready(ctx context.Context, retry time.Duration, notice func(string)) error {
	if err := s.CheckSession(ctx); err != nil {
		return err
	}
	conn, err := s.Connect(ctx, "check")
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	if _, err := conn.Exec(ctx, "SELECT set_config('lock_timeout', $1, false)", fmt.Sprintf("%dms", lock.Notice.Milliseconds())); err != nil {
		return fmt.Errorf("setting up the session: %w", err)
	}
	findings, err := s.waitForCatalog(ctx, conn, retry, notice)
	if err != nil {
		return err
	}
	var stops []dbcheck.Finding
	for _, f := range findings {
		if f.Stops {
			stops = append(stops, f)
		}
	}
	if len(stops) > 0 {
		return &NotReadyError{stops}
	}
	return nil
}

// CheckSession makes sure that a connection is a session of the database: see
// pg.CheckSession.
func (s *Store) CheckSession(ctx context.Context) error {
	return pg.CheckSession(ctx, func(ctx context.Context) (*pgx.Conn, error) { return s.Connect(ctx, "probe") })
}

// waitForCatalog checks the catalog, which waits for tables that are locked.
func (s *Store) waitForCatalog(ctx context.Context, conn *pgx.Conn, retry time.Duration, notice func(string)) ([]dbcheck.Finding, error) {
	since := time.Now()
	for told := false; ; told = true {
		findings, err := dbcheck.CheckCatalog(ctx, conn, s.cfg)
		if pg.SQLState(err) != pg.StateLockNotAvailable {
			return findings, err
		}
		t, err := s.texts(ctx, conn)
		if err != nil {
			return nil, err
		}
		held, some, err := lock.OnTable(ctx, conn, t)
		if err != nil {
			return nil, err
		}
		var what fmt.Stringer = held
		if !some {
			what = someLock{}
		}
		if time.Since(since) >= lock.Patience(retry) {
			return nil, lock.GaveUp(lock.Patience(retry), what)
		}
		if !told && notice != nil {
			notice(fmt.Sprintf("waiting for %s", what))
		}
	}
}

// someLock is a lock that is none of those that keep links from being written.
type someLock struct{}

func (someLock) String() string {
	return "a lock on one of the platform's tables that another session holds"
}
