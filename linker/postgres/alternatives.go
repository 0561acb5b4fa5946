package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker/salesforce"
)

// CopyAlternatives copies the other forms of Salesforce ids into a working table
// with the columns row_no, rank and external_id, and returns how many there were.
// missed gives row numbers and ids; it is read over another connection than in, and
// closed.
func CopyAlternatives(ctx context.Context, in *pgx.Conn, table string, missed pgx.Rows) (int64, error) {
	defer missed.Close()
	n, err := in.CopyFrom(ctx, pgx.Identifier{"relink", table}, []string{"row_no", "rank", "external_id"}, &alternatives{missed: missed})
	if err != nil {
		return 0, fmt.Errorf("writing other forms of ids: %w", err)
	}
	return n, nil
}

// alternatives turns missed ids into their other forms, a row each.
type alternatives struct {
	missed pgx.Rows
	row    int64
	forms  []string
	rank   int32
	err    error
}

func (a *alternatives) Next() bool {
	if a.rank++; int(a.rank) < len(a.forms) {
		return true
	}
	for a.missed.Next() {
		var id string
		if a.err = a.missed.Scan(&a.row, &id); a.err != nil {
			return false
		}
		if a.forms, a.rank = salesforce.Alternatives(id), 0; len(a.forms) > 0 {
			return true
		}
	}
	a.err = a.missed.Err()
	return false
}

func (a *alternatives) Values() ([]any, error) {
	return []any{a.row, a.rank, a.forms[a.rank]}, nil
}

func (a *alternatives) Err() error { return a.err }
