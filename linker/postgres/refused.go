package postgres

import (
	"context"
	"fmt"

	"relink/linker"
	"relink/linker/postgres/pg"
)

// RefusedRows returns the refused rows that a run remembered, nil when it
// remembered none.
func (s *Store) RefusedRows(ctx context.Context, run int64) (*linker.RefusedRows, error) {
	conn, err := s.Connect(ctx, "look")
	if err != nil {
		return nil, err
	}
	defer pg.Close(conn)
	var stored []byte
	if err := conn.QueryRow(ctx, "SELECT refused_rows FROM relink.runs WHERE id = $1", run).Scan(&stored); err != nil {
		return nil, fmt.Errorf("reading the refused rows of run %d: %w", run, err)
	}
	if stored == nil {
		return nil, nil
	}
	var rows linker.RefusedRows
	if err := rows.UnmarshalBinary(stored); err != nil {
		return nil, fmt.Errorf("reading those of run %d: %w", run, err)
	}
	return &rows, nil
}

// RememberRefused keeps the refused rows of a run for the next one of its scope,
// and drops those of runs that no other will be compared with.
func (s *Store) RememberRefused(ctx context.Context, run int64, rows *linker.RefusedRows, drop []int64) error {
	stored, err := rows.MarshalBinary()
	if err != nil {
		return err
	}
	conn, err := s.Connect(ctx, "remember")
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	const update = `
		UPDATE relink.runs
		SET refused_rows = CASE id WHEN $1 THEN $2::bytea END
		WHERE id = $1 OR id = ANY($3) AND refused_rows IS NOT NULL`
	if _, err := conn.Exec(ctx, update, run, stored, drop); err != nil {
		return fmt.Errorf("keeping the refused rows of run %d: %w", run, err)
	}
	return nil
}
