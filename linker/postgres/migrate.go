package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"relink/linker/postgres/migrations"
	"relink/linker/postgres/pg"
)

// Migrate brings schema relink up to date. With platform true it also makes
// the platform's reference tables, in the schema that cfg names: for the local
// database, tests and demos. It does nothing to a database that is up to date,
// and waits while another process migrates the same one.
func Migrate(ctx context.Context, cfg pg.Config, platform bool) error {
	c, err := cfg.PoolConfig()
	if err != nil {
		return err
	}
	conn, err := pg.Connect(ctx, cfg) // first, for an error that is not wrapped by database/sql
	if err != nil {
		return err
	}
	defer pg.Close(conn)

	db := stdlib.OpenDB(*c.ConnConfig)
	defer db.Close()
	if err := migrations.Up(ctx, db, migrations.Relink); err != nil {
		return err
	}
	if !platform {
		return nil
	}
	if err := createPlatformSchema(ctx, conn, cfg.PlatformSchema()); err != nil {
		return err
	}
	if err := migrations.Up(ctx, db, migrations.Platform); err != nil {
		return err
	}
	return checkPlatformSchema(ctx, conn, cfg.PlatformSchema())
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
