package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/pg"
)

// Environment returns what this database is called and what holds for runs in it.
func (s *Store) Environment(ctx context.Context) (linker.Environment, error) {
	conn, err := s.Connect(ctx, "look")
	if err != nil {
		return linker.Environment{}, err
	}
	defer pg.Close(conn)
	return EnvironmentOf(ctx, conn)
}

// EnvironmentOf is Store.Environment over a connection.
func EnvironmentOf(ctx context.Context, conn *pgx.Conn) (e linker.Environment, err error) {
	const query = "SELECT coalesce(label, ''), protected, require_approval FROM relink.environment"
	err = conn.QueryRow(ctx, query).Scan(&e.Label, &e.Protected, &e.RequireApproval)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return e, fmt.Errorf("reading the label of the database: %w", err)
	}
	return e, nil
}

// SetEnvironment changes the label of this database: change is given the
// current one and returns the new one. No other session can change it in
// between.
func (s *Store) SetEnvironment(ctx context.Context, change func(linker.Environment) (linker.Environment, error)) error {
	conn, err := s.Connect(ctx, "label")
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "LOCK TABLE relink.environment IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return err
		}
		e, err := EnvironmentOf(ctx, conn)
		if err == nil {
			e, err = change(e)
		}
		if err != nil {
			return err
		}
		const put = `
			INSERT INTO relink.environment (label, protected, require_approval) VALUES (nullif($1, ''), $2, $3)
			ON CONFLICT (only_row) DO UPDATE
			SET label = EXCLUDED.label, protected = EXCLUDED.protected, require_approval = EXCLUDED.require_approval,
			    changed_by = session_user, changed_at = clock_timestamp()`
		_, err = tx.Exec(ctx, put, e.Label, e.Protected, e.RequireApproval)
		return err
	})
	return pg.Explain(err)
}
