package postgres

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
)

// TableRows are rows for one of the platform's tables.
type TableRows struct {
	// Schema is "" for that of the platform's tables.
	Schema  string
	Table   string
	Columns []string
	Rows    [][]any
}

// Fill copies rows into the platform's tables, in the order given and all or
// nothing. A world is made only once: filled is false, and nothing is done,
// when any of the tables has a row already. It is for demos.
func Fill(ctx context.Context, cfg pg.Config, tables []TableRows) (filled bool, err error) {
	conn, err := pg.Connect(ctx, cfg)
	if err != nil {
		return false, err
	}
	defer pg.Close(conn)
	place, err := pg.Locate(ctx, conn, cfg)
	if err != nil {
		return false, err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, t := range tables {
			name := pgx.Identifier{cmp.Or(t.Schema, place.Schema), t.Table}
			// Two who fill at the same time must not both find it empty.
			if _, err := tx.Exec(ctx, "LOCK TABLE "+name.Sanitize()+" IN SHARE ROW EXCLUSIVE MODE"); err != nil {
				return fmt.Errorf("locking %s: %w", t.Table, err)
			}
			var used bool
			if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+name.Sanitize()+")").Scan(&used); err != nil {
				return fmt.Errorf("looking into %s: %w", t.Table, err)
			}
			if used {
				filled = false
				return nil
			}
		}
		// The platform's triggers look for their tables by its own search path.
		if err := pg.SetPath(ctx, tx, place.Path); err != nil {
			return err
		}
		for _, t := range tables {
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{cmp.Or(t.Schema, place.Schema), t.Table}, t.Columns, pgx.CopyFromRows(t.Rows)); err != nil {
				return fmt.Errorf("filling %s: %w", t.Table, err)
			}
		}
		filled = true
		return nil
	})
	if err != nil || !filled {
		return false, err
	}
	_, err = conn.Exec(ctx, "ANALYZE")
	return true, err
}

// EnsureDatabase makes the database that cfg names, unless it is there. The
// role must be allowed to, and to connect to the database postgres.
func EnsureDatabase(ctx context.Context, cfg pg.Config) error {
	c, err := cfg.PoolConfig()
	if err != nil {
		return err
	}
	name := c.ConnConfig.Database
	c.ConnConfig.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, c.ConnConfig)
	if err != nil {
		return fmt.Errorf("connecting to the database: %w", err)
	}
	defer pg.Close(conn)
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	}
	if err != nil {
		return fmt.Errorf("making database %s: %w", name, err)
	}
	return nil
}
