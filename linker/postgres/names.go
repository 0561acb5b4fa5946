package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/sql"
)

// maxNamed is how many connections or organizations a message lists.
const maxNamed = 10

// UnknownError says that a command names a connection or an organization that
// the database does not have.
type UnknownError struct {
	What  string // connection or organization
	ID    string
	There []string // those there are, at most maxNamed and the number of the rest
}

func (e *UnknownError) Error() string { return fmt.Sprintf("there is no %s %q", e.What, e.ID) }

// Hint lists those there are.
func (e *UnknownError) Hint() string {
	if len(e.There) == 0 {
		return fmt.Sprintf("there is no %s at all: is it the right database?", e.What)
	}
	return "there are " + strings.Join(e.There, ", ")
}

// CheckNames returns an *UnknownError when the rules name a connection or an
// organization that does not exist. With an organization of the caller's, the
// connections of others do not exist.
func (s *Store) CheckNames(ctx context.Context, rules linker.Rules) error {
	var connections, organizations []string
	if rules.Scope != nil {
		connections, organizations = rules.Scope.Connections, rules.Scope.Organizations
	}
	if rules.Organization != "" {
		organizations = append([]string{rules.Organization}, organizations...)
	}
	if len(connections)+len(organizations) == 0 {
		return nil
	}
	conn, t, err := s.connectTexts(ctx, "look")
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	unknown, err := list(ctx, conn, t.Of("unknown_organizations"), organizations)
	if err != nil {
		return fmt.Errorf("looking for organizations: %w", err)
	}
	if len(unknown) > 0 {
		there, err := some(ctx, conn, t.Inline(`SELECT DISTINCT organization_id::text COLLATE "C" FROM platform.integration_connections AS c ORDER BY 1`))
		if err != nil {
			return fmt.Errorf("listing the organizations: %w", err)
		}
		return &UnknownError{"organization", unknown[0], there}
	}
	organization := sql.OrNull(rules.Organization)
	if unknown, err = list(ctx, conn, t.Of("unknown_connections"), connections, organization); err != nil {
		return fmt.Errorf("looking for connections: %w", err)
	}
	if len(unknown) > 0 {
		there, err := some(ctx, conn, t.Inline(`
			SELECT format('%s (%s, %s)', id, coalesce(name, 'without a name'), platform)
			FROM platform.integration_connections AS c
			WHERE $1::text IS NULL OR organization_id::text = $1
			ORDER BY id::text COLLATE "C"`), organization)
		if err != nil {
			return fmt.Errorf("listing the connections: %w", err)
		}
		return &UnknownError{"connection", unknown[0], there}
	}
	return nil
}

// some returns the first rows of a query, and how many more there are.
func some(ctx context.Context, conn *pgx.Conn, query string, args ...any) ([]string, error) {
	all, err := list(ctx, conn, query, args...)
	if more := len(all) - maxNamed; more > 0 {
		all = append(all[:maxNamed:maxNamed], fmt.Sprintf("and %d more", more))
	}
	return all, err
}

// list returns the rows of a query of one text.
func list(ctx context.Context, conn *pgx.Conn, query string, args ...any) ([]string, error) {
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
