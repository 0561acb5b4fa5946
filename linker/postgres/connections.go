package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
)

// Connection is an integration connection as people know it.
type Connection struct{ ID, Platform, Name string }

// Connections returns those of the connections with the given ids that exist,
// and, unless organization is empty, belong to that organization.
func (s *Store) Connections(ctx context.Context, ids []string, organization string) ([]Connection, error) {
	conn, t, err := s.connectTexts(ctx, "look")
	if err != nil {
		return nil, err
	}
	defer pg.Close(conn)
	const query = `
		SELECT id::text, coalesce(platform::text, ''), coalesce(name::text, '')
		FROM platform.integration_connections AS c
		WHERE id::text = ANY($1) AND ($2 = '' OR organization_id::text = $2)
		ORDER BY id::text COLLATE "C"`
	rows, err := conn.Query(ctx, t.Inline(query), ids, organization)
	if err != nil {
		return nil, fmt.Errorf("reading the connections: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Connection])
	if err != nil {
		return nil, fmt.Errorf("reading the connections: %w", err)
	}
	return found, nil
}
