package postgres_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// roundTrip goes every way that links are changed on a platform, and ends where it
// began.
func roundTrip(w *world, p pgtest.Platform) {
	w.t.Helper()
	current := func() string {
		return one[string](w, "SELECT string_agg(concat_ws(' ', recording, entity, word, how), E'\n' ORDER BY recording) FROM world.current")
	}
	before := current()
	first := w.record(linker.Import)
	results := w.imported(engine.Options{Run: first, CountGroups: true, Lanes: 2, BatchRows: 2}, []linker.Fields{
		byID(p.Recording(1), p.Entity(1)),
		byID(p.Recording(9), p.Entity(4)),
		byExternal(p.Recording(2), "ACCOUNT", p.Connection(1), "x-3"),
		typed("OPPORTUNITY", byID(p.Recording(7), p.Entity(28))),
		typed("LEAD", byID(p.Recording(4), p.Entity(2))),
		typed("ENGAGEMENT", byExternal(p.Recording(4), "ENGAGEMENT", p.Connection(1), "x-2")),
	})
	want := []string{"unchanged", "replaced", "created", "replaced", "rejected data_type_mismatch", "rejected entity_not_found"}
	for i, r := range results {
		if got := strings.TrimSpace(string(r.Outcome) + " " + string(r.Code)); got != want[i] {
			w.t.Errorf("row %d is %s (%s), want %s", i+1, got, r.Detail, want[i])
		}
	}
	second := w.record(linker.Reconcile)
	scope := &linker.Scope{Connections: []string{p.Connection(1)}, Prune: true}
	w.imported(engine.Options{Run: second, Rules: linker.Rules{Scope: scope}}, []linker.Fields{byID(p.Recording(9), p.Entity(5)), byID(p.Recording(1), p.Entity(1))})
	if got := one[int](w, "SELECT count(*) FROM world.current WHERE entity = $1", p.Entity(1)); got != 1 {
		w.t.Errorf("%d links to CRM row 1 after the reconciliation, want 1", got)
	}
	w.reverted(second)
	w.reverted(first)
	if got := current(); got != before {
		w.t.Errorf("links after all was taken back (-before +after):\n%s", cmp.Diff(before, got))
	}
	s, err := engine.NewSingle(w.t.Context(), pg.Config{URL: w.url, Schema: p.Schema}, 1)
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	row := linker.Check(byID(p.Recording(1), p.Entity(6)), linker.Fields{})
	if r, _, err := s.Put(w.t.Context(), p.Organization(1), row); err != nil || r.Outcome != linker.Replaced {
		w.t.Errorf("Put: %+v, %v, want the link replaced", r, err)
	}
	if removed, r, err := s.Delete(w.t.Context(), p.Organization(1), row); err != nil || !removed {
		w.t.Errorf("Delete: %v %+v, %v, want the link removed", removed, r, err)
	}
}

// Platforms that differ from those of package pgtest in one point each.
func TestOtherShapes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, platform, change string }{
		{"links without ids of their own, which a recording has one of at most", "rows", `
			ALTER TABLE studio.take_crm DROP COLUMN id CASCADE;
			ALTER TABLE studio.take_crm ADD PRIMARY KEY (take);
			CREATE VIEW relink_studio.recording_links AS
			SELECT take AS id, take AS recording_id, crm_id AS entity_id, made_at AS linked_at FROM studio.take_crm`},
		{"links without ids and times", "rows", `
			DROP VIEW relink_studio.recording_links;
			CREATE VIEW relink_studio.recording_links AS
			SELECT take || '/' || crm_id AS id, take AS recording_id, crm_id AS entity_id FROM studio.take_crm`},
		{"deleted links with types and triggers", "reference", `
			INSERT INTO relink.platforms VALUES ('deletes', 'public', '{"current": "row"}');
			ALTER TABLE recording_links DROP COLUMN cleared_at CASCADE;
			ALTER TABLE recording_links DROP COLUMN cleared_trigger;
			CREATE UNIQUE INDEX ON recording_links (recording_id);
			CREATE VIEW world.current AS SELECT recording_id AS recording, entity_id AS entity, data_type AS word, trigger AS how FROM recording_links`},
		{"an enum for CRM rows and text for links", "reference", `
			CREATE TYPE kind AS ENUM ('ACCOUNT', 'CONTACT', 'LEAD', 'OPPORTUNITY');
			ALTER TABLE crm_entities DROP CONSTRAINT crm_entities_data_type_check;
			ALTER TABLE crm_entities ALTER COLUMN data_type TYPE kind USING data_type::kind;
			INSERT INTO relink.platforms VALUES ('enum', 'public', '{}')`},
		{"two enums, one of them with words of its own", "reference", `
			CREATE TYPE kind AS ENUM ('ACCOUNT', 'CONTACT', 'LEAD', 'deal');
			CREATE TYPE link_kind AS ENUM ('ACCOUNT', 'CONTACT', 'LEAD', 'OPPORTUNITY');
			DROP VIEW world.current;
			ALTER TABLE crm_entities DROP CONSTRAINT crm_entities_data_type_check;
			ALTER TABLE recording_links DROP CONSTRAINT recording_links_data_type_check;
			ALTER TABLE crm_entities ALTER COLUMN data_type TYPE kind USING replace(data_type, 'OPPORTUNITY', 'deal')::kind;
			ALTER TABLE recording_links ALTER COLUMN data_type TYPE link_kind USING data_type::link_kind;
			CREATE VIEW world.current AS
			SELECT recording_id AS recording, entity_id AS entity, data_type AS word, trigger AS how FROM recording_links WHERE cleared_at IS NULL;
			INSERT INTO relink.platforms VALUES ('enums', 'public', '{"dataTypes": {"deal": "OPPORTUNITY"}}')`},
		{"a flag with times and triggers, through a view", "reference", `
			ALTER TABLE recording_links ADD COLUMN live boolean NOT NULL DEFAULT false;
			UPDATE recording_links SET live = true;
			DROP INDEX recording_links_current_key;
			CREATE UNIQUE INDEX ON recording_links (recording_id) WHERE live;
			INSERT INTO relink.platforms VALUES ('flag', 'shown', '{"current": "flag:is_live"}');
			CREATE SCHEMA shown;
			CREATE VIEW shown.recordings AS SELECT * FROM recordings;
			CREATE VIEW shown.integration_connections AS SELECT * FROM integration_connections;
			CREATE VIEW shown.crm_entities AS SELECT * FROM crm_entities;
			CREATE VIEW shown.recording_links AS
			SELECT id, recording_id, data_type, entity_id, trigger, linked_at, cleared_at, cleared_trigger, live AS is_live FROM recording_links`},
		{"deleted_at, as it is called elsewhere", "reference", `
			INSERT INTO relink.platforms VALUES ('deleted', 'public', '{"current": "deleted_at"}')`},
		{"triggers of an enum, with a word for each", "reference", `
			CREATE TYPE how AS ENUM ('web', 'USER_UNLINK');
			DROP VIEW world.current;
			ALTER TABLE recording_links ALTER COLUMN trigger TYPE how USING CASE trigger WHEN 'USER_LINK_WEB' THEN 'web' END::how;
			ALTER TABLE recording_links ALTER COLUMN cleared_trigger TYPE how USING NULL;
			CREATE VIEW world.current AS
			SELECT recording_id AS recording, entity_id AS entity, data_type AS word, trigger AS how FROM recording_links WHERE cleared_at IS NULL;
			INSERT INTO relink.platforms VALUES ('how', 'public', '{"triggers": {"web": "USER_LINK_WEB"}}')`},
		{"links without a type, that is NULL as a constant", "names", `
			DROP VIEW relink_calls.recording_links;
			ALTER TABLE crm.call_object_links ALTER COLUMN kind DROP NOT NULL;
			CREATE VIEW relink_calls.recording_links AS
			SELECT link_no AS id, call_id AS recording_id, NULL::text AS data_type, object_id AS entity_id, how AS trigger, since AS linked_at, until AS cleared_at FROM crm.call_object_links;
			UPDATE relink.platforms SET profile = profile || '{"absent": ["recording_links.data_type"]}';
			CREATE OR REPLACE VIEW world.current AS
			SELECT call_id::text AS recording, object_id::text AS entity, NULL::text AS word, how::text AS how FROM crm.call_object_links WHERE until IS NULL`},
		{"citext and integers", "names", `
			CREATE EXTENSION citext SCHEMA public;
			DROP SCHEMA relink_calls CASCADE;
			ALTER TABLE crm.objects ALTER COLUMN remote_id TYPE public.citext;
			CREATE SCHEMA relink_calls;
			CREATE VIEW relink_calls.recordings AS SELECT call_id AS id, tenant AS organization_id FROM app.calls WHERE removed_on IS NULL;
			CREATE VIEW relink_calls.integration_connections AS SELECT source_id AS id, tenant AS organization_id FROM crm.sources;
			CREATE VIEW relink_calls.crm_entities AS
			SELECT object_id AS id, kind AS data_type, source AS integration_connection_id, remote_id AS external_id FROM crm.objects;
			CREATE VIEW relink_calls.recording_links AS
			SELECT link_no AS id, call_id AS recording_id, kind AS data_type, object_id AS entity_id, how AS trigger,
			    since AS linked_at, until AS cleared_at FROM crm.call_object_links`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := platformCalled(test.platform)
			w := worldOn(t, p)
			change := test.change
			if strings.Contains(change, "DROP COLUMN cleared_at") {
				change = "DROP VIEW world.current;" + change
			}
			w.exec(change)
			if strings.Contains(change, "'shown'") {
				p.Schema = "shown"
			}
			w.store = postgres.NewStore(pg.Config{URL: w.url, Schema: p.Schema})
			if err := w.store.Ready(t.Context(), 0, nil); err != nil {
				t.Fatalf("Ready: %v", err)
			}
			roundTrip(w, p)
		})
	}
}

// What a profile and the tables do not agree on is said when the platform is opened.
func TestProfileThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, platform, change, want string }{
		{
			"several words and none to write", "names", `UPDATE relink.platforms SET profile = profile - 'writes'`,
			`the platform in schema "relink_calls": profile: writes.OPPORTUNITY is missing: deal and opportunity stand for it`,
		},
		{
			"a word that the enum has not", "names", `UPDATE relink.platforms SET profile = '{"dataTypes": {"big": "LEAD"}, "writes": {"LEAD": "big"}}'`,
			`profile: writes.LEAD: recording_links.data_type cannot hold "big"`,
		},
		{
			"a flag that is not there", "reference", `INSERT INTO relink.platforms VALUES ('p', 'public', '{"current": "flag:live"}')`,
			`profile: current: recording_links has no column "live"`,
		},
		{
			"a flag that is no boolean", "reference", `INSERT INTO relink.platforms VALUES ('p', 'public', '{"current": "flag:trigger"}')`,
			`profile: current: recording_links.trigger is pg_catalog.text, not boolean`,
		},
		{
			"recordings without organizations", "names", `
			DROP VIEW relink_calls.recordings;
			CREATE VIEW relink_calls.recordings AS SELECT call_id AS id FROM app.calls`,
			`recordings has no organization_id and integration_connections has one`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := platformCalled(test.platform)
			w := worldOn(t, p)
			w.exec(test.change)
			if _, err := w.store.Where(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want an error that says %q", err, test.want)
			}
			wantFindings(t, w.conn, p.Schema, "relink.platforms: ")
		})
	}
}
