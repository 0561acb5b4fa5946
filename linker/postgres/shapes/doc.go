// Package shapes holds platforms that are not like the reference: their tables, for
// demos and tests, without rows.
package shapes

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
)

// The shapes.
const (
	// UUID has uuids for all ids, and the tables around the four that a platform has.
	UUID = "uuid"
	// Names has numbers for ids, other names and its own words for types of CRM rows.
	Names = "names"
)

//go:embed uuid.sql
var uuidSQL string

//go:embed names.sql
var namesSQL string

var statements = map[string]struct{ table, sql string }{
	UUID:  {"public.conversations", uuidSQL},
	Names: {"app.calls", namesSQL},
}

// Make makes the tables of a shape in the database that cfg names, unless they are
// there.
func Make(ctx context.Context, cfg pg.Config, shape string) error {
	s, known := statements[shape]
	if !known {
		return fmt.Errorf("there is no platform of shape %q", shape)
	}
	conn, err := pg.Connect(ctx, cfg)
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var there bool
		if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", s.table).Scan(&there); err != nil || there {
			return err
		}
		if _, err := tx.Exec(ctx, s.sql); err != nil {
			return fmt.Errorf("making the tables of shape %s: %w", shape, err)
		}
		return nil
	})
}
