package postgres

import (
	"context"
	"fmt"

	"relink/linker/postgres/pg"
)

// ErrLagHidden says that this role may not see how far replicas are behind. Without
// the privilege they seem not to be behind at all.
var ErrLagHidden = pg.NewError("this role may not see how far the replicas are behind",
	"GRANT pg_read_all_stats TO the role, or leave --max-lag out")

// CheckLag returns ErrLagHidden, or an error that names the role, when it may not
// see how far replicas are behind.
func (s *Store) CheckLag(ctx context.Context) error {
	conn, err := s.Connect(ctx, "look")
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	var role string
	var may bool
	const query = "SELECT quote_ident(current_user), pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')"
	if err := conn.QueryRow(ctx, query).Scan(&role, &may); err != nil {
		return fmt.Errorf("looking at the privileges of the role: %w", err)
	}
	if !may {
		return pg.NewError(fmt.Sprintf("--max-lag: role %s may not see how far the replicas are behind", role),
			fmt.Sprintf("GRANT pg_read_all_stats TO %s", role))
	}
	return nil
}
