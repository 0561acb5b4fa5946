package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
)

// ErrNoRun says that no run has the id asked for.
var ErrNoRun = errors.New("there is no such run")

// ErrEnded says that a run has come to its end meanwhile.
var ErrEnded = errors.New("the run has ended")

// Begin records a new run and returns it with its id and starting time.
func (s *Store) Begin(ctx context.Context, r linker.Run) (linker.Run, error) {
	conn, err := s.Connect(ctx, "begin")
	if err != nil {
		return r, err
	}
	defer pg.Close(conn)
	if r.Database, err = s.where(ctx, conn); err != nil {
		return r, err
	}
	e, err := EnvironmentOf(ctx, conn)
	if err != nil {
		return r, err
	}
	r.Database.Environment = e.Label
	r.State, r.StagedRows, r.Host, r.PID = linker.StateStarted, -1, Hostname(), os.Getpid()
	if r.Operator, err = Operator(ctx, conn); err != nil {
		return r, err
	}
	const insert = `
		WITH run AS (
		INSERT INTO relink.runs (kind, state, dry_run, source_name, options, of_run, host, pid, version,
		    database_name, platform_schema, server_address, system_identifier, role_name, reason, operator_role, operator_user, operator_host, environment, links_table, recorded_after)
		VALUES ($1, $2, $3, $4, $5, nullif($6, 0), $7, $8, $9, $10, $11, $12, nullif($13, ''), $14,
		    nullif($15, ''), $16, $17, $18, nullif($19, ''), nullif($20, '')::oid,
		    (SELECT coalesce(max(write_order), 0) FROM relink.runs))
		RETURNING id, started_at, uid, dry_run),
		sealed AS (INSERT INTO relink.marks (run, recording_id, seal) SELECT id, '', uid FROM run WHERE NOT dry_run)
		SELECT id, started_at FROM run`
	d := r.Database
	err = conn.QueryRow(ctx, insert, r.Kind, r.State, r.DryRun, r.Source.Name, []byte(r.Options), r.OfRun, r.Host, r.PID, r.Version,
		d.Name, d.Schema, d.Server, d.SystemIdentifier, d.Role, r.Reason, r.Operator.Role, r.Operator.User, r.Operator.Host, d.Environment, d.Links).
		Scan(&r.ID, &r.StartedAt)
	if err != nil {
		return r, fmt.Errorf("recording the run: %w", err)
	}
	r.StartedAt = r.StartedAt.UTC()
	return r, nil
}

// SaveRun is Save for a run that has no session, or has one no more. It returns
// a *LockedError when a process is at work on the run: the record is then that
// process's to write. It returns ErrEnded when the run has ended meanwhile.
func (s *Store) SaveRun(ctx context.Context, r linker.Run) error {
	return pg.Explain(s.ownRun(ctx, r.ID, func(conn *pgx.Conn) error { return Save(ctx, conn, r, "") }))
}

// Abandon ends a run that is interrupted, for the reason given, and drops its
// working tables: it cannot be resumed any more. It returns a *LockedError when
// a process is at work on the run, and ErrEnded when the run has ended.
func (s *Store) Abandon(ctx context.Context, id int64, reason string) error {
	return s.ownRun(ctx, id, func(conn *pgx.Conn) error {
		const update = `
			UPDATE relink.runs
			SET state = $2, message = $3, finished_at = clock_timestamp()
			WHERE id = $1`
		if _, err := conn.Exec(ctx, update, id, string(linker.StateAbandoned), reason); err != nil {
			return fmt.Errorf("abandoning run %d: %w", id, err)
		}
		return DropTables(ctx, conn, id)
	})
}

// Forget deletes the record of a run that has ended and that no other run takes
// back, and the marks of what it did to links: it cannot be reverted any more.
func (s *Store) Forget(ctx context.Context, run int64) error {
	conn, err := s.Connect(ctx, "clean")
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var ended bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM relink.runs WHERE id = $1 AND finished_at IS NOT NULL)", run).Scan(&ended)
		if err != nil || !ended {
			return err
		}
		return deleteRun(ctx, tx, run)
	})
	if err != nil {
		return fmt.Errorf("deleting the record of run %d: %w", run, err)
	}
	return nil
}

// deleteRun deletes the record of a run with its marks.
func deleteRun(ctx context.Context, tx pgx.Tx, run int64) error {
	_, err := tx.Exec(ctx, "DELETE FROM relink.runs WHERE id = $1", run)
	if err == nil {
		_, err = tx.Exec(ctx, "DELETE FROM relink.marks WHERE run = $1", run)
	}
	return err
}

// Discard deletes the record of a run that has never had its lock, as if it had
// not been begun. Where this role may not delete records it ends the run as
// abandoned, for the reason given.
func (s *Store) Discard(ctx context.Context, id int64, reason string) error {
	err := s.ownRun(ctx, id, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return deleteRun(ctx, tx, id) })
	})
	if pg.SQLState(err) == pg.StateNoPrivilege {
		return s.Abandon(ctx, id, reason)
	}
	return err
}

// ownRun does something to a run that has not ended, with its lock in hand:
// nobody else can be at work on it.
func (s *Store) ownRun(ctx context.Context, id int64, do func(*pgx.Conn) error) error {
	conn, err := s.Connect(ctx, "record")
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	if err := lock.Wait(ctx, conn, lock.Alive, id, lock.Grace, nil); err != nil {
		return err
	}
	var ended bool
	if err := conn.QueryRow(ctx, "SELECT finished_at IS NOT NULL FROM relink.runs WHERE id = $1", id).Scan(&ended); err != nil {
		return fmt.Errorf("reading the record of run %d: %w", id, err)
	}
	if ended {
		return fmt.Errorf("run %d: %w", id, ErrEnded)
	}
	if err := do(conn); err != nil {
		return err
	}
	return lock.Unlock(ctx, conn, lock.Alive, id)
}

// Save writes down, over a connection, how far a run has come: see Session.Save of
// package engine. scopeState is the state that it leaves its scope in, "" for none.
func Save(ctx context.Context, conn *pgx.Conn, r linker.Run, scopeState string) error {
	counts, err := json.Marshal(r.Outcomes)
	if err != nil {
		return fmt.Errorf("recording run %d: %w", r.ID, err)
	}
	took, err := json.Marshal(r.Took)
	if err != nil {
		return fmt.Errorf("recording run %d: %w", r.ID, err)
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit = on"); err != nil {
			return fmt.Errorf("recording run %d: %w", r.ID, err)
		}
		const update = `
			UPDATE relink.runs
			SET state = $2, source_bytes = $3, source_sha256 = nullif($4, ''), staged_rows = nullif($5, -1),
			    counts = $6, out_dir = nullif($7, ''), message = nullif($8, ''), exit_status = $9,
			    applying_at = CASE $2 WHEN 'applying' THEN coalesce(applying_at, clock_timestamp()) WHEN 'refused' THEN NULL ELSE applying_at END,
			    write_order = CASE $2 WHEN 'applying' THEN (SELECT coalesce(max(write_order), 0) + 1 FROM relink.runs) WHEN 'refused' THEN NULL ELSE write_order END,
			    finished_at = CASE WHEN $10 THEN coalesce(finished_at, clock_timestamp()) END,
			    source_name = nullif($11, ''), took = $12, left_alone = $13, scope_state = nullif($14, ''),
			    known_refused = $15, plan_sha256 = nullif($16, ''), approved_run = nullif($17, 0)
			WHERE id = $1`
		_, err := tx.Exec(ctx, update, r.ID, string(r.State), r.Source.Bytes, r.Source.SHA256, r.StagedRows,
			counts, r.OutDir, r.Message, r.ExitStatus, r.State.Ended(), r.Source.Name, took, r.LeftAlone, scopeState, r.KnownRefused, r.PlanSHA256, r.ApprovedRun)
		if err != nil {
			return fmt.Errorf("recording run %d: %w", r.ID, err)
		}
		return nil
	})
}

const selectRun = `
	SELECT r.id, r.kind, r.state, r.dry_run, coalesce(r.source_name, ''), coalesce(r.source_bytes, 0), coalesce(r.source_sha256, ''),
	    coalesce(r.options, '{}'), coalesce(r.staged_rows, -1), coalesce(r.counts, '{}'), coalesce(r.of_run, 0),
	    coalesce(r.out_dir, ''), coalesce(r.host, ''), coalesce(r.pid, 0), coalesce(r.version, ''), r.started_at,
	    r.applying_at, r.finished_at, coalesce(r.exit_status, 0), coalesce(r.message, ''), coalesce(r.took, '{}'), r.left_alone, r.known_refused,
	    coalesce(r.database_name, ''), coalesce(r.platform_schema, ''), coalesce(r.server_address, ''),
	    coalesce(r.system_identifier, ''), coalesce(r.links_table::text, ''), coalesce(r.role_name, ''),
	    coalesce(r.reason, ''), coalesce(r.operator_role, ''), coalesce(r.operator_user, ''), coalesce(r.operator_host, ''), coalesce(r.environment, ''),
	    coalesce(r.plan_sha256, ''), coalesce(r.approved_run, 0),
	    EXISTS (
	        SELECT FROM pg_locks AS l
	        WHERE l.locktype = 'advisory'
	            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	            AND l.classid = 1919249411 AND l.objid = r.id::oid AND l.objsubid = 2 AND l.granted
	    )
	FROM relink.runs AS r`

// RunsOf returns the records of those of the runs that are recorded, by id.
func (s *Store) RunsOf(ctx context.Context, ids []int64) (map[int64]linker.Run, error) {
	found := map[int64]linker.Run{}
	if len(ids) == 0 {
		return found, nil
	}
	runs, err := s.runs(ctx, selectRun+" WHERE r.id = ANY ($1)", ids)
	for _, r := range runs {
		found[r.ID] = r
	}
	return found, err
}

// Run returns the record of one run, or ErrNoRun. A run that is neither ended
// nor alive is interrupted, whatever it last wrote down.
func (s *Store) Run(ctx context.Context, id int64) (linker.Run, error) {
	runs, err := s.runs(ctx, selectRun+" WHERE r.id = $1", id)
	if err != nil {
		return linker.Run{}, err
	}
	if len(runs) == 0 {
		return linker.Run{}, fmt.Errorf("run %d: %w", id, ErrNoRun)
	}
	return runs[0], nil
}

// Runs returns the records of the last limit runs, newest first; 0 is all. Where a
// schema was asked for they are those of its platform.
func (s *Store) Runs(ctx context.Context, limit int) ([]linker.Run, error) {
	schema := ""
	if s.cfg.Schema != "" {
		here, err := s.Where(ctx)
		if err != nil {
			return nil, err
		}
		schema = here.Schema
	}
	return s.runs(ctx, selectRun+`
		WHERE $2 = '' OR coalesce(r.platform_schema, $2) = $2
		ORDER BY r.id DESC
		LIMIT nullif($1, 0)`, limit, schema)
}

// Interrupted returns the writing runs of this platform that were neither finished
// nor abandoned and that nobody is at work on, newest first.
func (s *Store) Interrupted(ctx context.Context) ([]linker.Run, error) {
	runs, err := s.runs(ctx, selectRun+`
		WHERE r.finished_at IS NULL AND NOT r.dry_run
		ORDER BY r.id DESC`)
	kept := runs[:0]
	for _, r := range runs {
		if !r.Alive && (r.Database.Schema == "" || r.Database.Schema == s.Schema()) {
			kept = append(kept, r)
		}
	}
	return kept, err
}

// WroteAfter returns the run of the same schema that was the last to write
// since the given run last did, or since it was recorded when it never wrote; 0
// for none. A resume would then plan over that run's links.
func (s *Store) WroteAfter(ctx context.Context, run int64) (id int64, err error) {
	conn, err := s.Connect(ctx, "look")
	if err != nil {
		return 0, err
	}
	defer pg.Close(conn)
	const query = `
		SELECT later.id
		FROM relink.runs AS r
		JOIN relink.runs AS later
		    ON later.id <> r.id AND later.write_order > coalesce(r.write_order, r.recorded_after)
		    AND (later.platform_schema <> r.platform_schema) IS NOT TRUE
		WHERE r.id = $1
		ORDER BY later.write_order DESC
		LIMIT 1`
	if err := conn.QueryRow(ctx, query, run).Scan(&id); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("looking for runs after run %d: %w", run, err)
	}
	return id, nil
}

func (s *Store) runs(ctx context.Context, query string, args ...any) ([]linker.Run, error) {
	conn, err := s.Connect(ctx, "look")
	if err != nil {
		return nil, err
	}
	defer pg.Close(conn)
	var runs []linker.Run
	rows, err := conn.Query(ctx, query, args...)
	if err == nil {
		runs, err = pgx.CollectRows(rows, scanRun)
	}
	switch pg.SQLState(err) {
	case pg.StateNoTable, pg.StateNoColumn, pg.StateNoSchema:
		// The tables are of an older version, most likely: that is the
		// better thing to say.
		if err := s.Ready(ctx, 0, nil); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the records of runs: %w", err)
	}
	return runs, nil
}

func scanRun(row pgx.CollectableRow) (r linker.Run, err error) {
	var applying, finished *time.Time
	var options, counts, took []byte
	err = row.Scan(&r.ID, &r.Kind, &r.State, &r.DryRun, &r.Source.Name, &r.Source.Bytes, &r.Source.SHA256,
		&options, &r.StagedRows, &counts, &r.OfRun,
		&r.OutDir, &r.Host, &r.PID, &r.Version, &r.StartedAt,
		&applying, &finished, &r.ExitStatus, &r.Message, &took, &r.LeftAlone, &r.KnownRefused,
		&r.Database.Name, &r.Database.Schema, &r.Database.Server, &r.Database.SystemIdentifier, &r.Database.Links, &r.Database.Role,
		&r.Reason, &r.Operator.Role, &r.Operator.User, &r.Operator.Host, &r.Database.Environment,
		&r.PlanSHA256, &r.ApprovedRun, &r.Alive)
	if err != nil {
		return r, err
	}
	r.Options = options
	if err := json.Unmarshal(counts, &r.Outcomes); err != nil {
		return r, fmt.Errorf("run %d: counts: %w", r.ID, err)
	}
	if err := json.Unmarshal(took, &r.Took); err != nil {
		return r, fmt.Errorf("run %d: times: %w", r.ID, err)
	}
	r.StartedAt = r.StartedAt.UTC()
	if applying != nil {
		r.ApplyingAt = applying.UTC()
	}
	if finished != nil {
		r.FinishedAt = finished.UTC()
	}
	r.State = r.CurrentState()
	return r, nil
}
