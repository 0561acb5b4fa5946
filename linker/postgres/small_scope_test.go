package postgres_test

import (
	"testing"
	"time"

	"relink/linker"
	"relink/linker/postgres/engine"
)

// A reconciliation of a small connection does not read the links of the whole
// platform, whichever way its scope is limited. (With an implied scope it does, once:
// the state that --if-changed compares is that of all links.)
func TestSmallScopeReadsLittle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const links = 50_000
	w.exec(`INSERT INTO integration_connections (id, organization_id, platform, is_active) VALUES ('big', 'o-8', 'SALESFORCE', true)`)
	w.exec(`INSERT INTO recordings (id, organization_id, created_at) SELECT 'big-' || n, 'o-8', now() FROM generate_series(1, $1::int) AS n`, links)
	w.exec(`INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
		SELECT 'big-' || n, 'ACCOUNT', 'big', 'big-' || n FROM generate_series(1, $1::int) AS n`, links)
	w.exec(`INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT 'big-' || n, 'ACCOUNT', 'big-' || n, now() FROM generate_series(1, $1::int) AS n`, links)
	w.exec(`VACUUM ANALYZE`)
	for name, c := range map[string]struct {
		organization string
		scope        linker.Scope
	}{
		"a connection":          {"", linker.Scope{Connections: []string{"c-1"}}},
		"an organization":       {"", linker.Scope{Organizations: []string{"o-1"}}},
		"the caller's":          {"o-1", linker.Scope{DataTypes: linker.DataTypes}},
		"with all to be pruned": {"", linker.Scope{Connections: []string{"c-1"}, Prune: true}},
	} {
		before := w.read()
		x := w.begin(engine.Options{Rules: linker.Rules{Scope: &c.scope, Organization: c.organization}})
		w.stage(x, []linker.Fields{byID("r-50", "e-9")})
		w.plan(x, true)
		x.Close()
		if n := w.read() - before; n > links/2 {
			t.Errorf("%s: %d rows of recording_links were read, want few of %d", name, n, links)
		}
	}
}

// read is how many links have been read in all, by sequential scans and through
// indexes. A session's reads are counted when it has ended.
func (w *world) read() (n int64) {
	w.t.Helper()
	w.within(10*time.Second, "relink's sessions have ended", func() bool {
		return one[int](w, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'relink %'") == 0
	})
	conn := w.connect()
	const query = `
		SELECT seq_tup_read + coalesce(idx_tup_fetch, 0)
		FROM pg_stat_user_tables
		WHERE relname = 'recording_links' AND schemaname = 'public'`
	if err := conn.QueryRow(w.t.Context(), query).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}
