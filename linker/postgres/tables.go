package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// DropWorkingTables drops the working tables of the session's run.
func (x *Session) DropWorkingTables(ctx context.Context) error {
	names, err := workingTables(ctx, x.work, fmt.Sprintf("run\\_%d\\_%%", x.opt.Run))
	if err != nil {
		return x.cause(err)
	}
	return x.cause(drop(ctx, x.work, names))
}

func workingTables(ctx context.Context, conn *pgx.Conn, like string) ([]string, error) {
	const query = `
		SELECT c.relname
		FROM pg_class AS c
		WHERE c.relnamespace = 'relink'::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'u' AND c.relname LIKE $1
		ORDER BY c.relname`
	rows, err := conn.Query(ctx, query, like)
	if err != nil {
		return nil, fmt.Errorf("looking for working tables: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("looking for working tables: %w", err)
	}
	return names, nil
}

func drop(ctx context.Context, conn *pgx.Conn, names []string) error {
	if len(names) == 0 {
		return nil
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = pgx.Identifier{"relink", name}.Sanitize()
	}
	if _, err := conn.Exec(ctx, "DROP TABLE IF EXISTS "+strings.Join(quoted, ", ")); err != nil {
		return fmt.Errorf("dropping working tables: %w", err)
	}
	return nil
}
