package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/dbcheck"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// Whoever may create in a schema of the search path must not have anything of
// hers called by relink.
func TestNothingInTheSearchPathIsCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pgtest.SetTraps(t, w.url)
	conn, err := pg.Connect(t.Context(), pg.Config{URL: w.url})
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close(conn)
	if _, err := conn.Exec(t.Context(), "SELECT set_config('search_path', reset_val, false) FROM pg_settings WHERE name = 'search_path'"); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"SELECT format('%s', 1)", "SELECT lower('A')", "SELECT 1::bigint = 2::bigint", "SELECT 'a'::varchar <> 'b'::varchar", "SELECT 'a'::text", "SELECT set_config('a.b', 'c', false)",
	} {
		if _, err := conn.Exec(t.Context(), statement, pgx.QueryExecModeSimpleProtocol); err == nil || !strings.Contains(err.Error(), "trap:") {
			t.Errorf("%s: %v, want it to spring a trap in a session with the database's path", statement, err)
		}
	}

	w.store = postgres.NewStore(pg.Config{URL: w.url})
	w.conn = w.connect()
	w.exec("SET search_path = pg_catalog, public")
	tour(w)
	single, err := engine.NewSingle(t.Context(), pg.Config{URL: w.url}, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer single.Close()
	for _, row := range []linker.Fields{byID("r-30", "e-1"), byID("r-30", "e-2"), byID("r-30", "E-5"), byExternal("r-30", "LEAD", "c-1", "x-1"), byID("R-30", "e-1")} {
		if r, _, err := single.Put(t.Context(), "o-1", linker.Check(row, linker.Fields{})); err != nil || r.Outcome == linker.Failed {
			t.Errorf("Put %+v: %+v, %v", row, r, err)
		}
	}
	if removed, r, err := single.Delete(t.Context(), "o-1", linker.Check(byID("r-30", "e-2"), linker.Fields{})); err != nil || !removed {
		t.Errorf("Delete: %t, %+v, %v", removed, r, err)
	}
	if err := single.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	own, err := pg.Connect(t.Context(), pg.Config{URL: w.url})
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close(own)
	if err := postgres.Migrate(t.Context(), pg.Config{URL: w.url}, false); err != nil {
		t.Errorf("Migrate: %v", err)
	}
	if _, err := dbcheck.Check(t.Context(), own, pg.Config{URL: w.url}); err != nil {
		t.Errorf("Check: %v", err)
	}
	if err := w.store.Ready(t.Context(), 0, nil); err != nil {
		t.Errorf("Ready: %v", err)
	}
	if _, err := w.store.Runs(t.Context(), 0); err != nil {
		t.Errorf("Runs: %v", err)
	}
	if _, err := w.store.Interrupted(t.Context()); err != nil {
		t.Errorf("Interrupted: %v", err)
	}
	if _, err := w.store.Connections(t.Context(), []string{"c-1"}, "o-1"); err != nil {
		t.Errorf("Connections: %v", err)
	}
	if err := w.store.CheckNames(t.Context(), linker.Rules{Organization: "o-1", Scope: &linker.Scope{Connections: []string{"c-1"}}}); err != nil {
		t.Errorf("CheckNames: %v", err)
	}
	if _, err := w.store.Clean(t.Context()); err != nil {
		t.Errorf("Clean: %v", err)
	}
}
