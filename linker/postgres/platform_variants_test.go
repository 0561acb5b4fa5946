package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
)

// tour goes every way a session has: an import whose batches find what was
// planned and one whose batches do not, a reconciliation that prunes, and the
// taking back of all three. It ends where it began but for what others did.
func tour(w *world) {
	w.t.Helper()
	before := w.current()

	first := w.record(linker.Import)
	got := w.imported(engine.Options{Run: first, Rules: linker.Rules{FollowMerges: true, LastWins: true}}, []linker.Fields{
		byID("r-1", "e-1"),
		byID("r-2", "e-merged"),
		byExternal("r-3", "ACCOUNT", "c-1", "x-3"),
		byExternal("r-10", "OPPORTUNITY", "c-1", "70130000001tcyI"),
		byExternal("r-11", "ACCOUNT", "c-1", "x-lead"),
		byID("r-12", "e-4"),
		byID("r-12", "e-5"),
		byID("r-13", "f-1"),
		in("c-1", byID("R-CASE", "e-1")),
	})
	want := []linker.Result{
		unchanged("e-1", "ACCOUNT"),
		saying("e-merged is merged into e-1", replaced("e-1", "e-2", "ACCOUNT")),
		replaced("e-3", "e-lead", "LEAD"),
		saying("found as 70130000001tcyIAAQ", created("e-sf")),
		rejected(linker.EntityNotFound, "this id is a LEAD in the connection"),
		superseded("e-4", "", ""),
		created("e-5"),
		rejected(linker.OrganizationMismatch, ""),
		rejected(linker.RecordingNotFound, `"r-Case" exists, which differs in letter case`),
	}
	if diff := cmp.Diff(numbered(want), got); diff != "" {
		w.t.Errorf("import (-want +got):\n%s", diff)
	}

	second := w.record(linker.Import)
	// Each row is a batch: none is found by the company it keeps.
	x := w.begin(engine.Options{Run: second, BatchRows: 1})
	w.stage(x, []linker.Fields{byID("r-20", "e-6"), byID("r-21", "e-20"), byID("r-1", "e-7"), byID("r-22", "e-8"), byID("r-4", "e-8")})
	w.plan(x, true)
	w.exec(`UPDATE recording_links SET cleared_at = clock_timestamp() WHERE recording_id = 'r-4'`)
	w.exec(`INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-20', 'ACCOUNT', 'e-9', now())`)
	w.exec(`DELETE FROM crm_entities WHERE id = 'e-20'`)
	w.apply(x)
	want = []linker.Result{
		replaced("e-6", "e-9", "ACCOUNT"),
		{Decision: linker.Decision{Outcome: linker.Failed, Code: linker.TargetGone, EntityID: "e-20"}},
		replaced("e-7", "e-1", "ACCOUNT"),
		created("e-8"),
		created("e-8"), // the link that was to be replaced is gone
	}
	if diff := cmp.Diff(numbered(want), w.results(x)); diff != "" {
		w.t.Errorf("import with a surprise (-want +got):\n%s", diff)
	}
	x.Close()

	third := w.record(linker.Reconcile)
	scope := &linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"ACCOUNT"}, Prune: true}
	got = w.imported(engine.Options{Run: third, Rules: linker.Rules{Scope: scope}}, []linker.Fields{
		byID("r-2", "e-1"), byID("r-3", "e-10"), byID("r-22", "e-8"), byID("r-4", "e-8"),
	})
	want = append(numbered([]linker.Result{
		unchanged("e-1", "ACCOUNT"),
		replaced("e-10", "e-3", "ACCOUNT"),
		unchanged("e-8", "ACCOUNT"),
		unchanged("e-8", "ACCOUNT"),
	}),
		extra(linker.Cleared, "r-1", "e-7", "ACCOUNT"),
		extra(linker.Cleared, "r-12", "e-5", "ACCOUNT"),
		extra(linker.Cleared, "r-20", "e-6", "ACCOUNT"),
	)
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("reconcile (-want +got):\n%s", diff)
	}

	for _, run := range []int64{third, second, first} {
		w.reverted(run)
	}
	after := w.current()
	others := append(slices.DeleteFunc(before, func(link string) bool { return link == "r-4>e-two" }), "r-20>e-9")
	if diff := cmp.Diff(others, after, sortedStrings); diff != "" {
		w.t.Errorf("current links after all was taken back (-want +got):\n%s", diff)
	}
}

func numbered(results []linker.Result) []linker.Result {
	for i := range results {
		results[i].Row = int64(i + 1)
	}
	return results
}

func extra(outcome linker.Outcome, recording, entity, dataType string) linker.Result {
	return linker.Result{
		Decision:    linker.Decision{Outcome: outcome, PreviousEntityID: entity, PreviousDataType: dataType},
		RecordingID: recording,
	}
}

func TestTour(t *testing.T) {
	t.Parallel()
	tour(newWorld(t))
}

func TestTourWithEnum(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		CREATE TYPE crm_type AS ENUM ('LEAD', 'ACCOUNT', 'CONTACT', 'OPPORTUNITY', 'ENGAGEMENT');
		ALTER TABLE crm_entities
		    DROP CONSTRAINT crm_entities_data_type_check,
		    ALTER COLUMN data_type TYPE crm_type USING data_type::crm_type;
		ALTER TABLE recording_links
		    DROP CONSTRAINT recording_links_data_type_check,
		    ALTER COLUMN data_type TYPE crm_type USING data_type::crm_type`)
	tour(w)
}

func TestTourWithViews(t *testing.T) {
	t.Parallel()
	for _, key := range []bool{false, true} {
		t.Run(fmt.Sprintf("foreign key %t", key), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if !key {
				w.exec("ALTER TABLE recording_links DROP CONSTRAINT recording_links_entity_id_fkey")
			}
			w.exec(`
				ALTER TABLE recordings RENAME TO all_recordings;
				ALTER TABLE integration_connections RENAME TO all_connections;
				ALTER TABLE crm_entities RENAME TO all_entities;
				CREATE VIEW recordings AS SELECT * FROM all_recordings;
				CREATE VIEW integration_connections AS SELECT * FROM all_connections;
				CREATE VIEW crm_entities AS SELECT * FROM all_entities`)
			tour(w)
		})
	}
}

// fewPrivileges makes a role that may do what a run needs, and nothing else.
func (w *world) fewPrivileges() (role string) {
	w.t.Helper()
	role = "few_" + one[string](w, "SELECT md5(current_database())")
	w.exec(strings.ReplaceAll(`
		CREATE ROLE few LOGIN;
		GRANT USAGE ON SCHEMA public TO few;
		GRANT SELECT ON recordings, integration_connections, crm_entities TO few;
		GRANT SELECT, INSERT, UPDATE ON recording_links TO few;
		GRANT USAGE, CREATE ON SCHEMA relink TO few;
		GRANT SELECT, INSERT, UPDATE ON relink.runs TO few;
		GRANT SELECT, INSERT ON relink.marks TO few;
		GRANT SELECT ON relink.platforms, relink.environment, relink.approvals TO few`, "few", role))
	return role
}

func TestTourWithFewPrivileges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.fewPrivileges()
	w.store = postgres.NewStore(pg.Config{URL: w.url + "&role=" + role})
	tour(w)
	if got := one[string](w, "SELECT count(*)::text FROM pg_roles WHERE rolname = $1 AND NOT rolsuper", role); got != "1" {
		t.Errorf("the role is not an ordinary one")
	}
}

func TestFewerConnectionsThanLanes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.fewPrivileges()
	w.exec("ALTER ROLE " + role + " CONNECTION LIMIT 4") // two of the session, two lanes
	const rows = 1000
	w.exec(`INSERT INTO recordings (id, organization_id) SELECT 'many-' || n, 'o-1' FROM generate_series(1, $1) AS n`, rows)
	run := w.record(linker.Import)
	w.store = postgres.NewStore(pg.Config{URL: as(w.url, role)})
	var notices []string
	x := w.begin(engine.Options{Run: run, Lanes: 4, Notice: func(text string) { notices = append(notices, text) }})
	var file []linker.Fields
	for n := range rows {
		file = append(file, byID(fmt.Sprintf("many-%d", n+1), "e-1"))
	}
	w.stage(x, file)
	w.plan(x, true)
	w.apply(x)
	if got := one[int](w, "SELECT count(*) FROM relink.marks WHERE run = $1 AND made IS NOT NULL", run); got != rows {
		t.Errorf("%d of %d links are made", got, rows)
	}
	want := []string{"2 of 4 lanes apply: the server has no connection left for more"}
	if diff := cmp.Diff(want, notices); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

// refusing makes the platform refuse what the condition says, as its own rules
// may.
func (w *world) refusing(event, condition string) {
	w.t.Helper()
	w.exec(fmt.Sprintf(`
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
		    RAISE EXCEPTION 'the recording is
		under legal hold';
		END $$;
		CREATE TRIGGER refuse BEFORE %s ON recording_links
		FOR EACH ROW WHEN (%s) EXECUTE FUNCTION refuse()`, event, condition))
}

func TestPlatformRefusesARow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refusing("INSERT", "NEW.recording_id IN ('r-2', 'r-15', 'r-16')")
	began := time.Now()
	x := w.begin(engine.Options{})
	w.stage(x, []linker.Fields{
		byID("r-14", "e-1"), byID("r-15", "e-2"), byID("r-15", "e-2"), byID("r-16", "e-3"), byID("r-17", "e-4"), byID("r-2", "e-5"), byID("r-1", "e-6"),
	})
	w.plan(x, true)
	w.apply(x)
	const said = "the recording is under legal hold"
	failed := func(entity, previous, previousType string) linker.Result {
		return linker.Result{
			Decision: linker.Decision{
				Outcome: linker.Failed, Code: linker.DatabaseRefused, Detail: said,
				EntityID: entity, PreviousEntityID: previous, PreviousDataType: previousType,
			},
		}
	}
	want := numbered([]linker.Result{
		created("e-1"), failed("e-2", "", ""), failed("e-2", "", ""), failed("e-3", "", ""), created("e-4"),
		failed("e-5", "e-2", "ACCOUNT"), replaced("e-6", "e-1", "ACCOUNT"),
	})
	if diff := cmp.Diff(want, w.results(x)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"r-1>e-6", "r-14>e-1", "r-17>e-4", "r-2>e-2", "r-3>e-lead", "r-4>e-two"}, w.current()); diff != "" {
		t.Errorf("current links (-want +got):\n%s", diff)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v: what is refused for good is not worth waiting for", took)
	}
}

// A superseded row says nothing of why the row that superseded it failed.
func TestPlatformRefusesTheWinner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refusing("INSERT", "NEW.recording_id = 'r-15'")
	x := w.begin(engine.Options{Rules: linker.Rules{LastWins: true}})
	w.stage(x, []linker.Fields{byID("r-15", "e-1"), byID("r-15", "e-2")})
	w.plan(x, true)
	w.apply(x)
	want := numbered([]linker.Result{
		superseded("e-1", "", ""),
		{Decision: linker.Decision{Outcome: linker.Failed, Code: linker.DatabaseRefused, Detail: "the recording is under legal hold", EntityID: "e-2"}},
	})
	if diff := cmp.Diff(want, w.results(x)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// missed is the line of a link that was to be cleared, and is still there.
func missed(detail, recording, entity string) linker.Result {
	r := saying(detail, extra(linker.Extra, recording, entity, "ACCOUNT"))
	r.Missed = true
	return r
}

func TestPlatformRefusesAPrune(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT 'r-' || n, 'ACCOUNT', 'e-' || n, now() FROM generate_series(10, 15) AS n`)
	w.refusing("UPDATE", "NEW.recording_id IN ('r-11', 'r-13')")
	scope := &linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"ACCOUNT"}, Prune: true}
	x := w.begin(engine.Options{Rules: linker.Rules{Scope: scope}})
	w.stage(x, []linker.Fields{byID("r-1", "e-1")})
	w.plan(x, true)
	w.apply(x)
	const said = "left alone: the database refused to clear it: the recording is under legal hold"
	want := append(numbered([]linker.Result{unchanged("e-1", "ACCOUNT")}),
		extra(linker.Cleared, "r-10", "e-10", "ACCOUNT"),
		missed(said, "r-11", "e-11"),
		extra(linker.Cleared, "r-12", "e-12", "ACCOUNT"),
		missed(said, "r-13", "e-13"),
		extra(linker.Cleared, "r-14", "e-14", "ACCOUNT"),
		extra(linker.Cleared, "r-15", "e-15", "ACCOUNT"),
		extra(linker.Cleared, "r-2", "e-2", "ACCOUNT"),
	)
	if diff := cmp.Diff(want, w.results(x)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestTourInASchemaWithAnOddName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		CREATE SCHEMA "The ""Platform""";
		ALTER TABLE recordings SET SCHEMA "The ""Platform""";
		ALTER TABLE integration_connections SET SCHEMA "The ""Platform""";
		ALTER TABLE crm_entities SET SCHEMA "The ""Platform""";
		ALTER TABLE recording_links SET SCHEMA "The ""Platform""";
		SET search_path = "The ""Platform"""`)
	w.store = postgres.NewStore(pg.Config{URL: w.url, Schema: `The "Platform"`})
	tour(w)
}
