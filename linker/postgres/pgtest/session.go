package pgtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/dbcheck"
	"relink/linker/postgres/pg"
)

// Connect opens a session with the settings of relink's, whose search_path is
// the platform's schema, and closes it with the test.
func Connect(t *testing.T, cfg pg.Config) *pgx.Conn {
	t.Helper()
	conn, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// Open is Connect for callers that close the session themselves.
func Open(ctx context.Context, cfg pg.Config) (*pgx.Conn, error) {
	conn, err := pg.Connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "SET search_path = "+pgx.Identifier{cmp.Or(cfg.Schema, pg.DefaultSchema)}.Sanitize()); err != nil {
		pg.Close(conn)
		return nil, err
	}
	return conn, nil
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
// as the start of "object: problem". That tables are empty, as tests mostly leave
// them, is not counted.
func WantFindings(t *testing.T, conn *pgx.Conn, schema string, want ...string) []dbcheck.Finding {
	t.Helper()
	got, err := dbcheck.Check(t.Context(), conn, pg.Config{Schema: schema})
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	got = slices.DeleteFunc(got, func(f dbcheck.Finding) bool { return strings.HasPrefix(f.Problem, "is empty: ") })
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
