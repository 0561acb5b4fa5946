package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"relink/linker/postgres/migrations"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
	"relink/linker/postgres/sql"
)

// Migrate brings schema relink up to date. With withPlatform true it also makes
// the platform's reference tables, in the schema that cfg names: for the local
// database, tests and demos. It does nothing to a database that is up to date,
// and waits while another process migrates the same one.
func Migrate(ctx context.Context, cfg pg.Config, withPlatform bool) error {
	c, err := cfg.PoolConfig()
	if err != nil {
		return err
	}
	conn, err := pg.Connect(ctx, cfg) // first, for an error that is not wrapped by database/sql
	if err != nil {
		return err
	}
	defer pg.Close(conn)

	if err := pg.CheckOwner(ctx, conn); err != nil {
		return err
	}
	if withPlatform {
		if err := checkRoom(ctx, conn, cfg); err != nil {
			return err
		}
	}
	db := stdlib.OpenDB(*c.ConnConfig)
	defer db.Close()
	if err := migrations.Up(ctx, db); err != nil {
		return err
	}
	place, err := pg.Locate(ctx, conn, cfg)
	if err != nil {
		return err
	}
	if err := takeOverMarks(ctx, conn, place.Schema); err != nil {
		return fmt.Errorf("taking over the marks of earlier runs: %w", err)
	}
	if !withPlatform {
		return nil
	}
	if err := createPlatformSchema(ctx, conn, place.Schema); err != nil {
		return err
	}
	if err := migrations.UpPlatform(ctx, db, place.Schema); err != nil {
		return err
	}
	return checkPlatformSchema(ctx, conn, place.Schema)
}

// OccupiedError says that the platform's reference tables were asked for in a
// schema that holds tables already.
type OccupiedError struct {
	Schema string
	There  []string // some of them, and how many more
}

func (e *OccupiedError) Error() string {
	return fmt.Sprintf("schema %q holds %s already: the reference tables are made in an empty schema only", e.Schema, strings.Join(e.There, ", "))
}

// Hint is what to do about it.
func (e *OccupiedError) Hint() string {
	return "`relink db adapt` shows relink the tables of a platform as they are; `relink db migrate` makes relink's own alone"
}

// checkRoom returns an *OccupiedError when the schema that the reference tables are
// to be made in holds anything, but for themselves and what extensions made.
func checkRoom(ctx context.Context, conn *pgx.Conn, cfg pg.Config) error {
	place, err := pg.Locate(ctx, conn, cfg)
	if err != nil {
		return err
	}
	// One statement, because another process may be making the tables.
	there, err := some(ctx, conn, `
		SELECT c.relname::text
		FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
		    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
		    AND NOT EXISTS (
		        SELECT FROM pg_class AS own
		        JOIN pg_class AS links ON links.relnamespace = n.oid AND links.relname = 'recording_links'
		        WHERE own.relnamespace = to_regnamespace('relink') AND own.relname = 'platform_migrations'
		    )
		ORDER BY c.relname COLLATE "C"`, place.Schema)
	if err != nil {
		return fmt.Errorf("looking into schema %s: %w", place.Schema, err)
	}
	if len(there) > 0 {
		return &OccupiedError{place.Schema, there}
	}
	return nil
}

// takeOverMarks copies the marks that older versions kept in columns of
// recording_links, in the schemas in which runs were made, and numbers new runs
// beyond all marks. The columns stay as they are: they are the platform's.
func takeOverMarks(ctx context.Context, conn *pgx.Conn, schema string) error {
	const marked = `
		SELECT DISTINCT n.nspname::text
		FROM pg_attribute AS a
		JOIN pg_class AS c ON c.oid = a.attrelid AND c.relname = 'recording_links' AND c.relkind IN ('r', 'p')
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE a.attname = 'linked_by_run' AND NOT a.attisdropped
		    AND (n.nspname = $1 OR n.nspname IN (SELECT platform_schema FROM relink.runs))`
	schemas, err := list(ctx, conn, marked, schema)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, s := range schemas {
			if _, err := tx.Exec(ctx, "LOCK TABLE relink.marks IN SHARE ROW EXCLUSIVE MODE"); err != nil {
				return err
			}
			t := sql.New(&platform.Platform{Schema: s}, 0)
			if _, err := tx.Exec(ctx, t.Of("take_over_marks"), s); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `
			SELECT setval(pg_get_serial_sequence('relink.runs', 'id'), m.highest)
			FROM (SELECT max(run) AS highest FROM relink.marks) AS m
			WHERE m.highest > (SELECT coalesce(max(id), 0) FROM relink.runs)`)
		return err
	})
}

// createPlatformSchema looks before it creates, because creating asks for a
// privilege even where there is nothing to create.
func createPlatformSchema(ctx context.Context, conn *pgx.Conn, schema string) error {
	var exists bool
	err := conn.QueryRow(ctx, "SELECT to_regnamespace($1) IS NOT NULL", pgx.Identifier{schema}.Sanitize()).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{schema}.Sanitize())
	}
	if err != nil {
		return fmt.Errorf("creating schema %s: %w", schema, err)
	}
	return nil
}

// checkPlatformSchema finds out whether the platform's tables stand where they
// were asked for. A database has them once: asked for in a second schema, the
// migration has nothing to do.
func checkPlatformSchema(ctx context.Context, conn *pgx.Conn, schema string) error {
	var there bool
	err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL",
		pgx.Identifier{schema, "recording_links"}.Sanitize()).Scan(&there)
	if err != nil {
		return fmt.Errorf("looking for the platform's tables: %w", err)
	}
	if !there {
		return fmt.Errorf("the platform's tables of this database were made in another schema than %q: name that one with --schema", schema)
	}
	return nil
}
