package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
)

// DropWorkingTables drops the working tables of the session's run.
func (x *Session) DropWorkingTables(ctx context.Context) error {
	ctx, done := x.during(ctx)
	defer done()
	names, err := workingTables(ctx, x.work, workingTablesOf(x.opt.Run))
	if err != nil {
		return x.cause(err)
	}
	return x.cause(drop(ctx, x.work, names))
}

// Clean drops working tables that no live run uses, of runs that were killed
// and of others that could not drop theirs, and returns their names. A run
// that is interrupted can still be resumed: it stages its file again.
func (s *Store) Clean(ctx context.Context) (dropped []string, err error) {
	conn, err := s.connect(ctx, "clean")
	if err != nil {
		return nil, err
	}
	defer pg.Close(conn)
	return clean(ctx, conn)
}

// clean is Clean over a connection that holds no lock of a run: what another
// session of this process holds is alive.
func clean(ctx context.Context, conn *pgx.Conn) (dropped []string, err error) {
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
		err := tryLock(ctx, conn, lockAlive, run)
		var alive *LockedError
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
		if err := errors.Join(err, unlock(ctx, conn, lockAlive, run)); err != nil {
			return dropped, err
		}
	}
	return dropped, nil
}

// DropTablesOf drops the working tables of a run that nobody is at work on: it
// returns a *LockedError when somebody is.
func (s *Store) DropTablesOf(ctx context.Context, run int64) error {
	conn, err := s.connect(ctx, "clean")
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	if err := waitLock(ctx, conn, lockAlive, run, lockGrace, nil); err != nil {
		return err
	}
	names, err := workingTables(ctx, conn, workingTablesOf(run))
	if err == nil {
		err = drop(ctx, conn, names)
	}
	return errors.Join(err, unlock(ctx, conn, lockAlive, run))
}

// findOwner finds out to whom working tables are handed over: the owner of
// relink's own tables, when this role is a member. A role that lives for one
// lease alone can then be dropped, and the next one can drop the tables.
func (x *Session) findOwner(ctx context.Context) error {
	const query = `
		SELECT coalesce(quote_ident(max(o.rolname)), '')
		FROM pg_class AS c
		JOIN pg_roles AS o ON o.oid = c.relowner
		WHERE c.oid = 'relink.runs'::regclass AND o.rolname <> current_user
		    AND pg_has_role(o.oid, 'USAGE') AND pg_has_role(o.oid, 'MEMBER')
		    AND has_schema_privilege(o.oid, c.relnamespace, 'CREATE')
		    AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)`
	if err := x.work.QueryRow(ctx, query).Scan(&x.owner); err != nil {
		return fmt.Errorf("looking for the owner of relink's tables: %w", err)
	}
	return nil
}

// handOver gives a new working table to the owner of relink's own. A membership
// that does not let a role be set (PostgreSQL 16) keeps it.
func (x *Session) handOver(ctx context.Context, table string) error {
	if x.owner == "" {
		return nil
	}
	_, err := x.work.Exec(ctx, x.texts.inline("ALTER TABLE run."+table)+" OWNER TO "+x.owner)
	if pg.SQLState(err) == pg.StateNoPrivilege {
		x.owner = ""
		return nil
	}
	if err != nil {
		return fmt.Errorf("handing over table %s: %w", table, err)
	}
	return nil
}

// workingTablesOf is the LIKE pattern of a run's working tables.
func workingTablesOf(run int64) string { return fmt.Sprintf("run\\_%d\\_%%", run) }

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
