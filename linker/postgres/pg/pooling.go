package pg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrPooled says that something between relink and the database hands out the
// database's sessions by the transaction.
var ErrPooled = errors.New("a connection proxy in front of the database pools transactions, so that relink has no session of its own")

// poolingProbes is how often CheckSession looks. A proxy that hands out its
// sessions in turn may give the first one back by chance.
const poolingProbes = 4

// poolingPause gives a proxy the time to notice that a transaction has ended:
// some pass its end on before they take the session back.
const poolingPause = 2 * time.Millisecond

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
	defer Close(idle)
	busy, err := connect(ctx)
	if err != nil {
		return err
	}
	defer Close(busy)
	if err := checkSession(ctx, idle, busy); err != nil {
		return fmt.Errorf("making sure that a connection is a session: %w", err)
	}
	return nil
}

// checkSession gives the idle connection a mark that only its session has, and
// lets the other one start a transaction right after the idle one has said
// something. A proxy that pools gives that transaction the session which has
// just become free, or then gives the idle connection another one.
func checkSession(ctx context.Context, idle, busy *pgx.Conn) error {
	mark := rand.Text()
	// Prepare nothing: through a pooling proxy a prepared statement fails in
	// ways that say nothing of the reason.
	const unprepared = pgx.QueryExecModeExec
	var first uint32
	err := idle.QueryRow(ctx, "SELECT pg_backend_pid() FROM set_config('relink.session', $1, false)", unprepared, mark).
		Scan(&first)
	if err != nil {
		return err
	}
	for range poolingProbes {
		var pid uint32
		var found string
		time.Sleep(poolingPause)
		err := idle.QueryRow(ctx, "SELECT pg_backend_pid(), coalesce(current_setting('relink.session', true), '')", unprepared).
			Scan(&pid, &found)
		if err != nil {
			return err
		}
		if pid != first || found != mark {
			return ErrPooled
		}
		time.Sleep(poolingPause)
		if _, err := busy.Exec(ctx, "BEGIN", unprepared); err != nil {
			return err
		}
		if err := busy.QueryRow(ctx, "SELECT pg_backend_pid()", unprepared).Scan(&pid); err != nil {
			return err
		}
		// A proxy may hand the session on as it is left.
		if _, err := busy.Exec(ctx, "ROLLBACK", unprepared); err != nil {
			return err
		}
		if pid == first {
			return ErrPooled
		}
	}
	return nil
}
