package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
)

// Clean drops working tables that no live run uses, of runs that were killed
// and of others that could not drop theirs, and returns their names. A run
// that is interrupted can still be resumed: it stages its file again.
func (s *Store) Clean(ctx context.Context) (dropped []string, err error) {
	conn, err := s.Connect(ctx, "clean")
	if err != nil {
		return nil, err
	}
	defer pg.Close(conn)
	return CleanTables(ctx, conn)
}

// CleanTables is Clean over a connection that holds no lock of a run: what another
// session of this process holds is alive.
func CleanTables(ctx context.Context, conn *pgx.Conn) (dropped []string, err error) {
	names, err := workingTables(ctx, conn, "run\\_%")
	if err != nil {
		return nil, err
	}
	tables := map[int64][]string{}
	for _, name := range names {
		var run int64
		if _, err := fmt.Sscanf(name, "run_%d_", &run); err == nil {
			tables[run] = append(tables[run], name)
		}
	}
	for _, run := range slices.Sorted(maps.Keys(tables)) {
		// With its lock in hand the run cannot come to life meanwhile.
		err := lock.Try(ctx, conn, lock.Alive, run)
		var alive *lock.LockedError
		if errors.As(err, &alive) {
			continue
		}
		if err != nil {
			return dropped, err
		}
		err = drop(ctx, conn, tables[run])
		if err == nil {
			dropped = append(dropped, tables[run]...)
		}
		if err := errors.Join(err, lock.Unlock(ctx, conn, lock.Alive, run)); err != nil {
			return dropped, err
		}
	}
	return dropped, nil
}

// DropTablesOf drops the working tables of a run that nobody is at work on: it
// returns a *LockedError when somebody is.
func (s *Store) DropTablesOf(ctx context.Context, run int64) error {
	conn, err := s.Connect(ctx, "clean")
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	if err := lock.Wait(ctx, conn, lock.Alive, run, lock.Grace, nil); err != nil {
		return err
	}
	err = DropTables(ctx, conn, run)
	return errors.Join(err, lock.Unlock(ctx, conn, lock.Alive, run))
}

// DropTables drops the working tables of a run.
func DropTables(ctx context.Context, conn *pgx.Conn, run int64) error {
	names, err := workingTables(ctx, conn, fmt.Sprintf("run\\_%d\\_%%", run))
	if err != nil {
		return err
	}
	return drop(ctx, conn, names)
}

func workingTables(ctx context.Context, conn *pgx.Conn, like string) ([]string, error) {
	const query = `
		SELECT c.relname
		FROM pg_class AS c
		WHERE c.relnamespace = 'relink'::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'u' AND c.relname LIKE $1
		ORDER BY c.relname`
	rows, err := conn.Query(ctx, query, like)
	if err != nil {
		return nil, fmt.Errorf("looking for working tables: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("looking for working tables: %w", err)
	}
	return names, nil
}

func drop(ctx context.Context, conn *pgx.Conn, names []string) error {
	if len(names) == 0 {
		return nil
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = pgx.Identifier{"relink", name}.Sanitize()
	}
	if _, err := conn.Exec(ctx, "DROP TABLE IF EXISTS "+strings.Join(quoted, ", ")); err != nil {
		return fmt.Errorf("dropping working tables: %w", err)
	}
	return nil
}
