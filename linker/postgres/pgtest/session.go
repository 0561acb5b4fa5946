package pgtest

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/dbcheck"
	"relink/linker/postgres/pg"
)

// Connect opens a session of relink and closes it with the test.
func Connect(t *testing.T, cfg pg.Config) *pgx.Conn {
	t.Helper()
	conn, err := pg.Connect(t.Context(), cfg)
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// Exec runs statements that a test needs.
func Exec(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// NewRole makes a role that may log in and nothing else, and returns its name.
func NewRole(t *testing.T, admin *pgx.Conn) string {
	t.Helper()
	role := "r_" + strings.ToLower(rand.Text()[:12]) // roles are of the whole server
	Exec(t, admin, "CREATE ROLE "+role+" LOGIN")
	return role
}

// As returns the URL for another role.
func As(url, role string) string { return strings.Replace(url, "user=relink", "user="+role, 1) }

// WantFindings fails unless Check finds exactly what is wanted, in order, each
// as the start of "object: problem".
func WantFindings(t *testing.T, conn *pgx.Conn, schema string, want ...string) []dbcheck.Finding {
	t.Helper()
	got, err := dbcheck.Check(t.Context(), conn, schema)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("Check did not find %q", want[i])
		case i >= len(want):
			t.Errorf("Check found %q, want nothing", got[i])
		case !strings.HasPrefix(got[i].String(), want[i]):
			t.Errorf("Check found %q, want %q", got[i], want[i])
		}
	}
	return got
}
