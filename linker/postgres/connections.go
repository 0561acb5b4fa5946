package postgres

import (
	"context"
	"fmt"

	"relink/linker/postgres/pg"

	"github.com/jackc/pgx/v5"
)

// Connection is an integration connection as people know it.
type Connection struct{ ID, Platform, Name string }

// Connections returns those of the connections with the given ids that exist,
// and, unless organization is empty, belong to that organization.
func (s *Store) Connections(ctx context.Context, ids []string, organization string) ([]Connection, error) {
	conn, err := s.connect(ctx, "look")
	if err != nil {
		return nil, err
	}
	defer pg.Close(conn)
	const query = `
		SELECT id, platform, coalesce(name, '')
		FROM integration_connections
		WHERE id = ANY($1) AND ($2 = '' OR organization_id = $2)
		ORDER BY id`
	rows, err := conn.Query(ctx, query, ids, organization)
	if err != nil {
		return nil, fmt.Errorf("reading the connections: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Connection])
	if err != nil {
		return nil, fmt.Errorf("reading the connections: %w", err)
	}
	return found, nil
}
