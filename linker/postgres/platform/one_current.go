package platform

import (
	"context"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
)

// stateNoSuchKey is the SQLSTATE of an ON CONFLICT that no unique index serves.
const stateNoSuchKey = "42P10"

// KeepsOneCurrent reports whether a unique index keeps a recording from having two
// current links, which the server knows when it plans an insert, also through a
// view. It is true as well where this role may not insert: a privilege that is
// missing is found elsewhere.
func (p *Platform) KeepsOneCurrent(ctx context.Context, conn *pgx.Conn) (bool, error) {
	_, err := conn.Exec(ctx, "EXPLAIN INSERT INTO "+p.links()+" (recording_id) VALUES (NULL) ON CONFLICT (recording_id)"+p.onlyCurrent()+" DO NOTHING")
	switch pg.SQLState(err) {
	case stateNoSuchKey:
		return false, nil
	case pg.StateNoPrivilege, pg.StateNoColumn, pg.StateNoTable:
		return true, nil
	}
	return true, err
}
