package expand

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres"
	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/sql"
)

// expansion is the work for one run.
type expansion struct {
	store *postgres.Store
	conn  *pgx.Conn
	texts *sql.Texts
	run   int64
}

// lockWait is how long a statement waits for a table that another session has
// locked: nothing has been done yet, and the run can be started again.
const lockWait = time.Minute

// expanded does the work of a recorded run: no other process can continue it,
// or drop its tables, in the meantime. The tables are dropped at the end.
func expanded(ctx context.Context, store *postgres.Store, run int64, do func(*expansion) error) (err error) {
	conn, err := store.Connect(ctx, fmt.Sprintf("run %d expansion", run))
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	p, err := store.Platform(ctx, conn)
	if err != nil {
		return err
	}
	if err := postgres.Tune(ctx, conn, lockWait); err != nil {
		return err
	}
	if err := lock.NoticeSilence(ctx, conn); err != nil {
		return err
	}
	if err := lock.Try(ctx, conn, lock.Alive, run); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock(context.WithoutCancel(ctx), conn, lock.Alive, run)) }()
	x := &expansion{store: store, conn: conn, texts: sql.New(p, run), run: run}
	if err := postgres.DropTables(ctx, conn, run); err != nil {
		return err
	}
	if err := do(x); err != nil {
		return pg.Explain(err)
	}
	return postgres.DropTables(ctx, conn, run)
}

// exec runs a statement of sql/expand.
func (x *expansion) exec(ctx context.Context, name string, args ...any) (rows int64, err error) {
	tag, err := x.conn.Exec(ctx, x.texts.Of(name), args...)
	if err != nil {
		return 0, fmt.Errorf("expanding, %s: %w", name, err)
	}
	return tag.RowsAffected(), nil
}

// table makes a working table and gives it statistics.
func (x *expansion) table(ctx context.Context, name, statement string, args ...any) (rows int64, err error) {
	rows, err = x.exec(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return rows, x.analyze(ctx, name)
}

func (x *expansion) analyze(ctx context.Context, table string) error {
	if _, err := x.conn.Exec(ctx, x.texts.Inline("ANALYZE run."+table)); err != nil {
		return fmt.Errorf("expanding, table %s: %w", table, err)
	}
	return nil
}

// copyTo writes what a statement copies out.
func (x *expansion) copyTo(ctx context.Context, name string, to io.Writer) error {
	if _, err := x.conn.PgConn().CopyTo(ctx, to, x.texts.Of(name)); err != nil {
		return fmt.Errorf("expanding, %s: %w", name, err)
	}
	return nil
}
