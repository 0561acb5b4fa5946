package postgres

import (
	"context"
	"fmt"

	"relink/linker"
	"relink/linker/postgres/pg"
)

// ChangedSince tells whether links in the scope of rules have changed since run
// r began, otherwise than by r itself, or recordings or CRM rows that they join
// have been deleted or merged. It reads the links of the platform once.
func (s *Store) ChangedSince(ctx context.Context, r linker.Run, rules linker.Rules) (changed bool, err error) {
	conn, err := s.connect(ctx, "look")
	if err != nil {
		return false, err
	}
	defer pg.Close(conn)
	var scope limits
	// What is kept depends on links wherever they lead, and which
	// connections an implied scope has only the file knows.
	if x := rules.Scope; x != nil && !x.Implied && !rules.KeepExisting && len(rules.KeepTriggers) == 0 {
		scope = limits{x.Connections, x.DataTypes, x.Organizations}
	}
	args := append(scope.args(), orNull(rules.Organization), r.ID, r.StartedAt)
	if err := conn.QueryRow(ctx, sqlFile("changed_since"), args...).Scan(&changed); err != nil {
		return false, fmt.Errorf("looking for changes since run %d: %w", r.ID, err)
	}
	return changed, nil
}
