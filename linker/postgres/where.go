package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"relink/linker"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
	"relink/linker/postgres/sql"
)

// OtherDatabaseError says that a run was made in another database, or in another
// schema, than the one at hand. Its marks mean nothing here.
type OtherDatabaseError struct {
	Run        int64
	Made, Here string // in words
	hint       string
}

func (e *OtherDatabaseError) Error() string {
	return fmt.Sprintf("run %d was made in %s, and this is %s", e.Run, e.Made, e.Here)
}

// Hint is what to do about it.
func (e *OtherDatabaseError) Hint() string { return e.hint }

// Of returns the store on which run r goes on: this database with the schema in
// which the run was made. It returns an *OtherDatabaseError when a different
// schema was asked for, or when the run was made in a database of another name
// or on another server. What a run of an older version did not record is not
// compared.
func (s *Store) Of(ctx context.Context, r linker.Run) (*Store, error) {
	made := r.Database
	if made.Schema != "" && s.cfg.Schema != "" {
		here, err := s.Where(ctx)
		if err != nil {
			return nil, err
		}
		if made.Schema != here.Schema {
			return nil, &OtherDatabaseError{
				Run: r.ID, Made: fmt.Sprintf("schema %q", made.Schema), Here: fmt.Sprintf("schema %q", here.Schema),
				hint: "leave --schema out: the schema is taken from the run",
			}
		}
	}
	cfg := s.cfg
	cfg.Schema = cmp.Or(made.Schema, cfg.Schema)
	own := NewStore(cfg)
	here, err := own.Where(ctx)
	if err != nil {
		return nil, err
	}
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	if differ(made.Name, here.Name) || differ(made.SystemIdentifier, here.SystemIdentifier) {
		return nil, &OtherDatabaseError{
			Run: r.ID, Made: databaseOn(made), Here: databaseOn(here),
			hint: "name the run's own database with --database; if this is that database after a move or an upgrade, " +
				"`relink runs adopt` makes its runs those of this one",
		}
	}
	if differ(made.Links, here.Links) {
		return nil, &OtherDatabaseError{
			Run: r.ID, Made: "an earlier table of links", Here: "one that was restored from a dump or made anew since",
			hint: "if schema relink was restored from the same dump, or the platform has copied all links with their ids, " +
				"`relink runs adopt` makes its runs those of this database; else nothing that the run did is here",
		}
	}
	return own, nil
}

func databaseOn(d linker.Database) string {
	text := fmt.Sprintf("database %q on %s", d.Name, d.Server)
	if d.SystemIdentifier != "" {
		text += " (system identifier " + d.SystemIdentifier + ")"
	}
	return text
}

// Where tells which database this is, and as whom relink works on it.
func (s *Store) Where(ctx context.Context) (linker.Database, error) {
	conn, err := s.Connect(ctx, "look")
	if err != nil {
		return linker.Database{}, err
	}
	defer pg.Close(conn)
	return s.where(ctx, conn)
}

func (s *Store) where(ctx context.Context, conn *pgx.Conn) (linker.Database, error) {
	p, err := s.Platform(ctx, conn)
	if err != nil {
		return linker.Database{}, err
	}
	t := sql.New(p, 0)
	d := linker.Database{Schema: p.Schema, Server: pg.Address(conn.Config().Host, conn.Config().Port)}
	if err := conn.QueryRow(ctx, "SELECT current_database(), current_user, coalesce(to_regclass($1)::oid::text, '')", t.Platform.Base(platform.Links)).
		Scan(&d.Name, &d.Role, &d.Links); err != nil {
		return d, fmt.Errorf("asking which database this is: %w", err)
	}
	// Some hosted servers keep it from their users.
	err = conn.QueryRow(ctx, "SELECT system_identifier::text FROM pg_control_system()").Scan(&d.SystemIdentifier)
	var refused *pgconn.PgError
	if err != nil && !errors.As(err, &refused) {
		return d, fmt.Errorf("asking which server this is: %w", err)
	}
	return d, nil
}

// Adopt makes all runs recorded in this database runs of this database, after it
// was moved to another server or renamed. It returns how many were not before.
func (s *Store) Adopt(ctx context.Context) (int64, error) {
	conn, err := s.Connect(ctx, "adopt")
	if err != nil {
		return 0, err
	}
	defer pg.Close(conn)
	here, err := s.where(ctx, conn)
	if err != nil {
		return 0, err
	}
	tag, err := conn.Exec(ctx, `
		UPDATE relink.runs
		SET database_name = $1, server_address = $2, system_identifier = nullif($3, ''), links_table = nullif($4, '')::oid
		WHERE database_name <> $1 OR system_identifier <> $3 OR (platform_schema = $5 AND links_table::text <> $4)`,
		here.Name, here.Server, here.SystemIdentifier, here.Links, here.Schema)
	if err != nil {
		return 0, fmt.Errorf("adopting the runs of this database: %w", err)
	}
	return tag.RowsAffected(), nil
}

// CheckMarks returns a *ForeignMarksError unless the marks of a run and its record
// are of one history. written says that the run may have marks.
func CheckMarks(ctx context.Context, conn *pgx.Conn, run int64, written bool) error {
	const query = `
		SELECT
		    coalesce(bool_or(m.seal = r.uid OR r.dry_run), false),
		    coalesce(bool_or(m.seal <> r.uid), false),
		    coalesce(bool_or(m.run IS NOT NULL AND m.seal IS NULL), false)
		FROM relink.runs AS r
		LEFT JOIN relink.marks AS m ON m.run = r.id
		WHERE r.id = $1`
	var own, foreign, any bool
	if err := conn.QueryRow(ctx, query, run).Scan(&own, &foreign, &any); err != nil {
		return fmt.Errorf("looking for the marks of run %d: %w", run, err)
	}
	if !own || foreign || any && !written {
		return &ForeignMarksError{run}
	}
	return nil
}

// ForeignMarksError says that the record of a run and the marks with its number are
// of different histories, as when one of the two was restored from a dump.
type ForeignMarksError struct{ Run int64 }

func (e *ForeignMarksError) Error() string {
	return fmt.Sprintf("what relink.marks holds for run %d is not what this run did", e.Run)
}

// Hint is what to do about it.
func (e *ForeignMarksError) Hint() string {
	return "relink.runs and relink.marks must come from one dump: restore both; `relink db migrate` numbers new runs beyond all marks"
}
