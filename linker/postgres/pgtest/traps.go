package pgtest

import (
	"context"
	_ "embed"
	"testing"

	"github.com/jackc/pgx/v5"
)

//go:embed traps.sql
var traps string

// SetTraps makes a stranger's functions, operators and types in schema public of
// the database at url, named like the server's own, and lets every later session
// find them first. Whatever calls one ends with the message "trap: …".
func SetTraps(t testing.TB, url string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), traps); err != nil {
		t.Fatalf("setting traps: %v", err)
	}
	const count = `
		SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosrc LIKE '%trap:%'`
	var n int
	if err := conn.QueryRow(context.Background(), count).Scan(&n); err != nil || n < 2000 {
		t.Fatalf("%d traps are set (%v), want thousands", n, err)
	}
}
