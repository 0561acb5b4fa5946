package pg_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// open opens a session as relink does, and closes it with the test.
func open(t *testing.T, cfg pg.Config) *pgx.Conn {
	t.Helper()
	conn, err := pg.Connect(t.Context(), cfg)
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	t.Cleanup(func() { pg.Close(conn) })
	return conn
}

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// The helpers of pgtest, under short names.
var (
	connect = open
	exec    = pgtest.Exec
	newRole = pgtest.NewRole
	as      = pgtest.As
)
