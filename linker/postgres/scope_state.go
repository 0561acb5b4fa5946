package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/sql"
)

// Unchanged reports whether all that a reconciliation by the rules looks at in
// the database is as run r, one of the same rules, has left it. It reads the
// current links once. Times play no part in it: what a transaction wrote that was
// open when the run ended is found, and a clock may be set back.
func (s *Store) Unchanged(ctx context.Context, r linker.Run, rules linker.Rules) (bool, error) {
	conn, err := s.Connect(ctx, "look")
	if err != nil {
		return false, err
	}
	defer pg.Close(conn)
	var left string
	err = conn.QueryRow(ctx, "SELECT coalesce(scope_state, '') FROM relink.runs WHERE id = $1", r.ID).Scan(&left)
	if err != nil {
		return false, fmt.Errorf("reading what run %d has left: %w", r.ID, err)
	}
	if left == "" {
		return false, nil // others wrote while it did
	}
	t, err := s.texts(ctx, conn)
	if err != nil {
		return false, err
	}
	now, _, err := ScopeState(ctx, conn, t, rules)
	return now == left, err
}

// Limits is a scope as statements take it: nil does not limit.
type Limits struct {
	Connections, DataTypes, Organizations []string
}

// Args are the three parameters of a statement that takes a scope.
func (l Limits) Args() []any {
	return []any{l.Connections, l.DataTypes, l.Organizations}
}

// Reach returns the connections whose links can be in the scope, nil for all. A
// statement that is told them needs to read no others.
func (l Limits) Reach(ctx context.Context, conn *pgx.Conn, t *sql.Texts, organization string) ([]string, error) {
	if l.Connections == nil && l.Organizations == nil && organization == "" {
		return nil, nil
	}
	ids, err := list(ctx, conn, t.Of("reach"), l.Connections, l.Organizations, sql.OrNull(organization))
	if err != nil {
		return nil, fmt.Errorf("looking for the connections in scope: %w", err)
	}
	return append([]string{}, ids...), nil
}

// ScopeState returns the state as it is, and as it was before the run of the
// texts made and cleared links, if nobody else did.
func ScopeState(ctx context.Context, conn *pgx.Conn, t *sql.Texts, rules linker.Rules) (now, before string, err error) {
	var scope Limits
	// What is kept depends on links wherever they lead, and which
	// connections an implied scope has only the file knows.
	if x := rules.Scope; x != nil && !x.Implied && !rules.KeepExisting && len(rules.KeepTriggers) == 0 {
		scope = Limits{x.Connections, x.DataTypes, x.Organizations}
	}
	reach, err := scope.Reach(ctx, conn, t, rules.Organization)
	if err != nil {
		return "", "", err
	}
	args := append(scope.Args(), sql.OrNull(rules.Organization), t.Run, reach)
	if err := conn.QueryRow(ctx, t.Of("scope_state"), args...).Scan(&now, &before); err != nil {
		return "", "", fmt.Errorf("looking at the state of the scope: %w", err)
	}
	return now, before, nil
}
