package postgres_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
	"relink/linker/postgres/sql"
)

// worldOn is a world on one of the platforms.
func worldOn(t *testing.T, p pgtest.Platform) *world {
	t.Helper()
	url := p.Database(t)
	w := &world{t: t, url: url, store: postgres.NewStore(pg.Config{URL: url, Schema: p.Schema})}
	w.conn = w.connect()
	return w
}

func platformCalled(name string) pgtest.Platform {
	for _, p := range pgtest.Platforms() {
		if p.Name == name {
			return p
		}
	}
	panic("there is no platform " + name)
}

// What db check finds of each platform stops no run.
func TestPlatformsAreReady(t *testing.T) {
	t.Parallel()
	for _, p := range pgtest.Platforms() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			url := p.Database(t)
			conn := connect(t, pg.Config{URL: url, Schema: p.Schema})
			var want []string
			if p.Name == "partitions" {
				want = []string{
					"recording_links: (id) has no unique key",
					"recording_links: the table has no unique index on the recording among current links",
				}
			}
			for _, f := range wantFindings(t, conn, p.Schema, want...) {
				if f.Stops {
					t.Errorf("%s stops a run", f)
				}
			}
		})
	}
}

// Runs and the HTTP operation leave one current link of a recording where no unique
// index sees to it, by locking rows, or numbers where the role may not lock rows.
func TestOneCurrentLinkWithoutAnIndex(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"rows of recordings", "numbers"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := platformCalled("partitions")
			w := worldOn(t, p)
			cfg := pg.Config{URL: w.url}
			if name == "numbers" {
				role := newRole(t, w.conn)
				w.exec(fmt.Sprintf(`
					GRANT USAGE ON SCHEMA parts TO %[1]s;
					GRANT SELECT ON ALL TABLES IN SCHEMA parts TO %[1]s;
					GRANT INSERT, UPDATE ON parts.recording_links TO %[1]s;
					GRANT USAGE ON SEQUENCE parts.links TO %[1]s;
					GRANT USAGE, CREATE ON SCHEMA relink TO %[1]s;
					GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA relink TO %[1]s`, role))
				cfg.URL = as(w.url, role)
				w.store = postgres.NewStore(cfg)
			}
			single, err := engine.NewSingle(t.Context(), cfg, 4)
			if err != nil {
				t.Fatal(err)
			}
			defer single.Close()
			// Whoever has made a link waits before he commits, so that others look for
			// current links meanwhile.
			w.exec(`
				CREATE FUNCTION world.linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_catalog.pg_sleep(0.05); RETURN NULL; END';
				CREATE TRIGGER linger AFTER INSERT ON parts.recording_links FOR EACH STATEMENT EXECUTE FUNCTION world.linger()`)
			var clients sync.WaitGroup
			for c := range 4 {
				clients.Go(func() {
					for n := 2; n <= 30; n += 2 { // recordings without a link
						f := byID(p.Recording(n), p.Entity(c+1))
						if _, _, err := single.Put(t.Context(), p.Organization(1), linker.Check(f, linker.Fields{})); err != nil {
							t.Errorf("Put: %v", err)
						}
					}
				})
			}
			var rows []linker.Fields
			for n := 30; n >= 1; n-- {
				rows = append(rows, byID(p.Recording(n), p.Entity(20)))
			}
			defer clients.Wait()
			x := w.begin(engine.Options{Lanes: 2, BatchRows: 3})
			w.stage(x, rows)
			w.plan(x, true)
			w.apply(x)
			clients.Wait()
			twice := one[int](w, `SELECT count(*) FROM (SELECT FROM world.current GROUP BY recording HAVING count(*) > 1) AS r`)
			if linked := one[int](w, "SELECT count(*) FROM world.current"); twice != 0 || linked < 45 {
				t.Errorf("%d recordings of %d links have several current ones, want 0", twice, linked)
			}
		})
	}
}

// Several current links of one recording are out of scope: a check finds them, and a
// run that meets them says so before it writes.
func TestSeveralCurrentLinks(t *testing.T) {
	t.Parallel()
	p := platformCalled("partitions")
	w := worldOn(t, p)
	w.exec("INSERT INTO parts.recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-3', 'ACCOUNT', 'e-1', now())")
	wantFindings(t, w.conn, "parts", "recording_links: (id)", "recording_links: the table has no unique index",
		"recording_links: 1 recording has more than one current link")
	x := w.begin(engine.Options{})
	w.stage(x, []linker.Fields{byID("r-2", "e-2"), byID("r-3", "e-2")})
	_, err := x.Plan(t.Context(), true, nil)
	if err == nil || !strings.Contains(err.Error(), `recording "r-3" has several current links`) {
		t.Errorf("Plan: %v, want an error that names the recording", err)
	}
}

// A lock on the table of links is known as what a run waits for, also where relink
// sees the table through a view, and on a partition.
func TestLocksOnTablesBeneathAreFound(t *testing.T) {
	t.Parallel()
	for _, p := range pgtest.Platforms() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			w := worldOn(t, p)
			tables := []string{p.Links}
			if p.Name == "partitions" {
				tables = append(tables, "parts.links_1")
			}
			conn := connect(t, pg.Config{URL: w.url, Schema: p.Schema})
			found, err := postgres.FindPlatform(t.Context(), conn, pg.Config{URL: w.url, Schema: p.Schema})
			if err != nil {
				t.Fatal(err)
			}
			exec(t, conn, "SET search_path = pg_catalog")
			for _, table := range tables {
				w.exec("BEGIN; LOCK TABLE " + table + " IN SHARE MODE")
				held, some, err := lock.OnTable(t.Context(), conn, sql.New(found, 0))
				if err != nil || !some || held.Table != table {
					t.Errorf("a lock on %s: found %v %+v, %v", table, some, held, err)
				}
				w.exec("COMMIT")
			}
			if held, some, err := lock.OnTable(t.Context(), conn, sql.New(found, 0)); some || err != nil {
				t.Errorf("without a lock: found %+v, %v", held, err)
			}
		})
	}
}

// The statements of a batch reach the platform's tables by index, however large
// these are.
func TestBatchesUseIndexes(t *testing.T) {
	t.Parallel()
	for _, p := range pgtest.Platforms() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			w := worldOn(t, p)
			w.exec(enlarge[p.Name])
			run := w.record(linker.Import)
			x := w.begin(engine.Options{Run: run})
			var rows []linker.Fields
			for n := 1; n <= 40; n++ {
				rows = append(rows, byID(p.Recording(n), p.Entity(2)))
			}
			w.stage(x, rows)
			w.plan(x, true)
			found, err := w.store.Platform(t.Context(), w.conn)
			if err != nil {
				t.Fatal(err)
			}
			w.exec("SET search_path = pg_catalog, pg_temp; SET enable_hashjoin = off; SET enable_mergejoin = off")
			texts := sql.New(found, run)
			ids := []string{p.Recording(1), p.Recording(3)}
			entities := []string{p.Entity(1), p.Entity(2)}
			for statement, args := range map[string][]any{
				"clear":           {"(0,1)", "(0,20)"},
				"link":            {run, "(0,1)", "(0,20)", false},
				"lock_targets":    {entities},
				"lock_recordings": {ids},
				"lock_links":      {[]int64{1, 2}, ids, entities, false},
				"current_links":   {[]int64{1, 2}, ids},
			} {
				if statement == "lock_targets" && p.Name == "rows" {
					continue // a view over two tables cannot be locked
				}
				if statement == "lock_recordings" && p.Name != "partitions" {
					continue
				}
				text := texts.Of(statement)
				for strings.Contains(text, fmt.Sprintf("$%d", len(args)+1)) {
					args = append(args, nil) // what limits nothing
				}
				plan := strings.Join(column[string](w, "EXPLAIN "+text, args...), "\n")
				for line := range strings.SplitSeq(plan, "\n") {
					if strings.Contains(line, "Seq Scan on") && !strings.Contains(line, "run_") && !strings.Contains(line, "(never executed)") &&
						!strings.Contains(line, "Seq Scan on "+small[p.Name]) {
						t.Errorf("%s reads a whole table:\n%s", statement, plan)
						break
					}
				}
			}
		})
	}
}

// small are the tables of connections, of which there are few.
var small = map[string]string{
	"reference": "integration_connections", "uuid": "integration_connections", "names": "sources", "partitions": "integration_connections",
	"rows": "feeds", "flag": "integration_connections",
}

// enlarge makes the tables of a platform so large that the planner must mind.
var enlarge = map[string]string{
	"reference": `
		INSERT INTO public.recordings (id, organization_id) SELECT 'm-' || n, 'o-1' FROM generate_series(1, 20000) AS n;
		INSERT INTO public.crm_entities (id, data_type, integration_connection_id, external_id) SELECT 'm-' || n, 'ACCOUNT', 'c-1', 'm-' || n FROM generate_series(1, 20000) AS n;
		INSERT INTO public.recording_links (recording_id, data_type, entity_id, linked_at) SELECT 'm-' || n, 'ACCOUNT', 'm-' || n, now() FROM generate_series(1, 20000) AS n;
		ANALYZE`,
	"uuid": `
		SET search_path = core, public;
		INSERT INTO core.recordings (id, organization_id) SELECT core.uuid(1, n), core.uuid(4, 1) FROM generate_series(1001, 21000) AS n;
		INSERT INTO core.crm_entities (id, data_type, integration_connection_id, external_id) SELECT core.uuid(2, n), 'ACCOUNT', core.uuid(3, 1), 'm-' || n FROM generate_series(1001, 21000) AS n;
		INSERT INTO core.recording_links (recording_id, data_type, entity_id, linked_at) SELECT core.uuid(1, n), 'ACCOUNT', core.uuid(2, n), now() FROM generate_series(1001, 21000) AS n;
		ANALYZE`,
	"names": `
		INSERT INTO app.calls (call_id, tenant) SELECT n, 1 FROM generate_series(1001, 21000) AS n;
		INSERT INTO crm.objects (object_id, kind, source, remote_id) SELECT 10000 + n, 'company', 10, 'm-' || n FROM generate_series(1001, 21000) AS n;
		INSERT INTO crm.call_object_links (call_id, kind, object_id, since) SELECT n, 'company', 10000 + n, now() FROM generate_series(1001, 21000) AS n;
		ANALYZE`,
	"partitions": `
		INSERT INTO parts.recordings (id, organization_id) SELECT 'm-' || n, 'o-1' FROM generate_series(1, 20000) AS n;
		INSERT INTO parts.crm_entities (id, data_type, integration_connection_id, external_id) SELECT 'm-' || n, 'ACCOUNT', 'c-1', 'm-' || n FROM generate_series(1, 20000) AS n;
		INSERT INTO parts.recording_links (recording_id, data_type, entity_id, linked_at) SELECT 'm-' || n, 'ACCOUNT', 'm-' || n, now() FROM generate_series(1, 20000) AS n;
		ANALYZE`,
	"rows": `
		INSERT INTO studio.takes SELECT 'm-' || n, 1 FROM generate_series(1, 20000) AS n;
		INSERT INTO studio.companies SELECT 'm-' || n, 'c-1', 'm-' || n FROM generate_series(1, 20000) AS n;
		INSERT INTO studio.prospects SELECT 'p-' || n, 'lead', 'c-1', 'p-' || n FROM generate_series(1, 20000) AS n;
		INSERT INTO studio.take_crm (take, crm_id) SELECT 'm-' || n, 'm-' || n FROM generate_series(1, 20000) AS n;
		ANALYZE`,
	"flag": `
		INSERT INTO flagged.recordings SELECT 'm-' || n FROM generate_series(1, 20000) AS n;
		INSERT INTO flagged.crm_entities SELECT 'm-' || n, 1, 'c-1', 'm-' || n FROM generate_series(1, 20000) AS n;
		INSERT INTO flagged.recording_links (recording_id, data_type, entity_id, linked_at, archived) SELECT 'm-' || n, 1, 'm-' || n, now(), false FROM generate_series(1, 20000) AS n;
		ANALYZE`,
}
