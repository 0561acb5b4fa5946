package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ErrPooled says that something between relink and the database hands out the
// database's sessions by the transaction.
var ErrPooled = errors.New("a connection proxy in front of the database pools transactions, so that relink has no session of its own")

// poolingProbes is how often CheckSession looks. A proxy that hands out its
// sessions in turn may give the first one back by chance.
const poolingProbes = 4

// CheckSession makes sure that a connection is a session of the database. It
// returns an error that is ErrPooled when it is not: then two connections can
// share a session, and locks and settings that belong to one connection are
// lost or, worse, end up with another one. connect opens connections as the run
// will; CheckSession closes them.
func CheckSession(ctx context.Context, connect func(context.Context) (*pgx.Conn, error)) error {
	idle, err := connect(ctx)
	if err != nil {
		return err
	}
	defer closeConn(idle)
	busy, err := connect(ctx)
	if err != nil {
		return err
	}
	defer closeConn(busy)
	if err := checkSession(ctx, idle, busy); err != nil {
		return fmt.Errorf("making sure that a connection is a session: %w", err)
	}
	return nil
}

// checkSession gives the idle connection a mark that only its session has, and
// lets the other one start transactions. A proxy that pools gives those the
// session that idles, or then gives the idle connection another one.
func checkSession(ctx context.Context, idle, busy *pgx.Conn) error {
	mark := rand.Text()
	var idlePID, pid uint32
	var found string
	// The simple protocol prepares no statement: through a pooling proxy a
	// prepared one fails in ways that say nothing of the reason.
	const simple = pgx.QueryExecModeSimpleProtocol
	err := idle.QueryRow(ctx, "SELECT pg_backend_pid(), set_config('relink.session', $1, false)", simple, mark).
		Scan(&idlePID, &found)
	if err != nil {
		return err
	}
	for range poolingProbes {
		if _, err := busy.Exec(ctx, "BEGIN", simple); err != nil {
			return err
		}
		if err := busy.QueryRow(ctx, "SELECT pg_backend_pid()", simple).Scan(&pid); err != nil {
			return err
		}
		if pid == idlePID {
			// While the other transaction lasts, the idle connection would
			// wait for its session for ever: do not ask it.
			return ErrPooled
		}
		err := idle.QueryRow(ctx, "SELECT pg_backend_pid(), coalesce(current_setting('relink.session', true), '')", simple).
			Scan(&pid, &found)
		if err != nil {
			return err
		}
		if pid != idlePID || found != mark {
			return ErrPooled
		}
		if _, err := busy.Exec(ctx, "ROLLBACK", simple); err != nil {
			return err
		}
	}
	return nil
}
