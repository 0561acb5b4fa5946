package pgtest_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/localpg"
	"relink/linker/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestEachDatabaseIsFreshAndItsOwn(t *testing.T) {
	t.Parallel()
	const databases = 8
	var wg sync.WaitGroup
	for i := range databases {
		url := pgtest.Database(t)
		wg.Go(func() {
			conn := connect(t, url)
			id := fmt.Sprintf("r%d", i)
			if _, err := conn.Exec(t.Context(), "INSERT INTO recordings (id, organization_id) VALUES ($1, 'o')", id); err != nil {
				t.Errorf("inserting into database %d: %v", i, err)
			}
			var got string
			err := conn.QueryRow(t.Context(), "SELECT string_agg(id, ',') FROM recordings").Scan(&got)
			if err != nil || got != id {
				t.Errorf("recordings of database %d = %q (%v), want %q", i, got, err, id)
			}
			var runs int
			err = conn.QueryRow(t.Context(), "SELECT count(*) FROM relink.runs").Scan(&runs)
			if err != nil || runs != 0 {
				t.Errorf("runs of database %d = %d (%v), want 0", i, runs, err)
			}
		})
	}
	wg.Wait()
}

func TestOneCurrentLinkIsKeptByTheDatabase(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.Database(t))
	const link = `INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at, cleared_at)
VALUES ('r', 'ACCOUNT', 'e', '2026-01-02', $1)`
	_, err := conn.Exec(t.Context(), `
INSERT INTO integration_connections VALUES ('c', 'o', 'SALESFORCE', NULL, true);
INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id) VALUES ('e', 'ACCOUNT', 'c', 'x')`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		cleared any
		ok      bool
	}{
		{"a current link", nil, true},
		{"a cleared link beside it", "2026-01-03", true},
		{"a second current link", nil, false},
		{"a link cleared before it was made", "2026-01-01", false},
	} {
		if _, err := conn.Exec(t.Context(), link, c.cleared); (err == nil) != c.ok {
			t.Errorf("inserting %s: error %v, want success %v", c.name, err, c.ok)
		}
	}
}

func TestServerComesBackAfterACrash(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	url := s.URL(localpg.Database)
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), "INSERT INTO recordings (id, organization_id) VALUES ('r', 'o')"); err != nil {
		t.Fatal(err)
	}
	if err := s.Crash(t.Context(), localpg.Immediate); err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.Connect(t.Context(), url); err == nil {
		t.Error("connecting to the crashed server succeeded, want an error")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := connect(t, url).QueryRow(t.Context(), "SELECT count(*) FROM recordings").Scan(&n); err != nil || n != 1 {
		t.Errorf("recordings after the crash = %d (%v), want 1", n, err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connecting to %s: %v", url, err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}
