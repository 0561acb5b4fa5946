package postgres_test

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relink/linker"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
)

// idKind is a type that a platform may give its ids.
type idKind struct {
	name string
	// sql and of write the id that stands for a name of the model.
	sql  string
	of   func(name string) string
	odd  func(id string) string // another way to write it
	link string                 // how the platform numbers its links
}

var idKinds = []idKind{
	{
		name: "uuid", sql: "md5($1)::uuid::text",
		of: func(name string) string {
			sum := md5.Sum([]byte(name))
			h := hex.EncodeToString(sum[:])
			return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
		},
		odd: func(id string) string { return "{" + strings.ToUpper(strings.ReplaceAll(id, "-", "")) + "}" },
		link: `ALTER TABLE recording_links ALTER id DROP IDENTITY;
			ALTER TABLE recording_links ALTER id TYPE uuid USING md5(id::text)::uuid;
			ALTER TABLE recording_links ALTER id SET DEFAULT gen_random_uuid()`,
	},
	{
		name: "bigint", sql: "(('x' || substr(md5($1), 1, 12))::bit(48)::bigint)::text",
		of: func(name string) string {
			sum := md5.Sum([]byte(name))
			return strconv.FormatUint(binary.BigEndian.Uint64(sum[:8])>>16, 10)
		},
		odd: func(id string) string { return "+00" + id },
	},
	{
		name: "integer", sql: "(('x' || substr(md5($1), 1, 7))::bit(28)::integer)::text",
		of: func(name string) string {
			sum := md5.Sum([]byte(name))
			return strconv.FormatUint(uint64(binary.BigEndian.Uint32(sum[:4])>>4), 10)
		},
		odd:  func(id string) string { return "0" + id },
		link: "ALTER TABLE recording_links ALTER id TYPE integer",
	},
}

// asText gives the ids of a platform of text the form that the kind has.
func (k idKind) asText(w *world) {
	w.t.Helper()
	w.exec("CREATE FUNCTION kind(text) RETURNS text LANGUAGE sql AS $f$ SELECT " + k.sql + " $f$")
	w.exec(`
		ALTER TABLE recording_links DROP CONSTRAINT recording_links_entity_id_fkey;
		ALTER TABLE crm_entities DROP CONSTRAINT crm_entities_integration_connection_id_fkey;
		UPDATE recordings SET id = kind(id), organization_id = kind(organization_id);
		UPDATE integration_connections SET id = kind(id), organization_id = kind(organization_id);
		UPDATE crm_entities SET id = kind(id), integration_connection_id = kind(integration_connection_id), merged_into_id = kind(merged_into_id);
		UPDATE recording_links SET recording_id = kind(recording_id), entity_id = kind(entity_id);
		ALTER TABLE crm_entities ADD CONSTRAINT crm_entities_integration_connection_id_fkey
		    FOREIGN KEY (integration_connection_id) REFERENCES integration_connections;
		ALTER TABLE recording_links ADD CONSTRAINT recording_links_entity_id_fkey FOREIGN KEY (entity_id) REFERENCES crm_entities`)
}

// typed is a platform of the same rows as text's whose ids have the kind's type.
func (k idKind) typed(text *world) *world {
	w := emptyWorld(text.t)
	w.t.Helper()
	for _, table := range []string{"recordings", "integration_connections", "crm_entities", "recording_links"} {
		var rows bytes.Buffer
		if _, err := text.conn.PgConn().CopyTo(w.t.Context(), &rows, "COPY "+table+" TO STDOUT"); err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.conn.PgConn().CopyFrom(w.t.Context(), &rows, "COPY "+table+" FROM STDIN"); err != nil {
			w.t.Fatal(err)
		}
	}
	w.exec(strings.ReplaceAll(`
		SELECT setval(pg_get_serial_sequence('recording_links', 'id'), 1000);
		ALTER TABLE recording_links DROP CONSTRAINT recording_links_entity_id_fkey;
		ALTER TABLE crm_entities DROP CONSTRAINT crm_entities_integration_connection_id_fkey;
		ALTER TABLE recordings ALTER id TYPE KIND USING id::KIND, ALTER organization_id TYPE KIND USING organization_id::KIND;
		ALTER TABLE integration_connections ALTER id TYPE KIND USING id::KIND, ALTER organization_id TYPE KIND USING organization_id::KIND;
		ALTER TABLE crm_entities ALTER id TYPE KIND USING id::KIND, ALTER merged_into_id TYPE KIND USING merged_into_id::KIND,
		    ALTER integration_connection_id TYPE KIND USING integration_connection_id::KIND;
		ALTER TABLE recording_links ALTER recording_id TYPE KIND USING recording_id::KIND, ALTER entity_id TYPE KIND USING entity_id::KIND;
		ALTER TABLE crm_entities ADD FOREIGN KEY (integration_connection_id) REFERENCES integration_connections;
		ALTER TABLE recording_links ADD FOREIGN KEY (entity_id) REFERENCES crm_entities`, "KIND", k.name))
	if k.link != "" {
		w.exec(k.link)
	}
	return w
}

// Whatever the type of its ids, a platform of the same rows gives the same
// results: a dry run, an import, a reconciliation with prune, their reverts, and
// single rows.
func TestIDsKeepTheirType(t *testing.T) {
	t.Parallel()
	for _, kind := range idKinds {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s, seed %d", kind.name, seed), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(seed, 16))
				text := emptyWorld(t)
				m := newModel(rng, 60)
				m.fill(text, func(id string) string { return id })
				kind.asText(text)
				typed := kind.typed(text)
				wantFindings(t, typed.conn, "")

				rows := m.rows(rng, 160)
				odd := slices.Clone(rows)
				for i := range rows {
					_, known := m.recordings[rows[i].RecordingID]
					ids, others := idsIn(&rows[i]), idsIn(&odd[i])
					for n := range ids {
						if *ids[n] == "" {
							continue
						}
						*ids[n] = kind.of(*ids[n])
						*others[n] = *ids[n]
						// A recording that is not there and is written oddly
						// would withhold the prune, as it should.
						if (known || n > 0) && rng.IntN(3) == 0 {
							*others[n] = kind.odd(*ids[n])
						}
					}
				}
				rules := randomRules(rng)
				if rules.Organization != "" {
					rules.Organization = kind.of(rules.Organization)
				}
				sameResults(t, "import", text.imported(engine.Options{Rules: rules, CountGroups: true}, rows),
					typed.imported(engine.Options{Rules: rules, CountGroups: true, Lanes: 2, BatchRows: 3}, odd))
				sameLinks(t, text, typed)

				scope := &linker.Scope{Connections: []string{kind.of("c-1")}, Prune: true}
				recon := linker.Rules{Scope: scope, LastWins: true}
				runs := [2]int64{text.record(linker.Reconcile), typed.record(linker.Reconcile)}
				sameResults(t, "reconcile", text.imported(engine.Options{Run: runs[0], Rules: recon}, rows[:40]),
					typed.imported(engine.Options{Run: runs[1], Rules: recon}, odd[:40]))
				sameLinks(t, text, typed)

				one, _ := text.reverted(runs[0])
				other, _ := typed.reverted(runs[1])
				sameResults(t, "revert", one, other)
				sameLinks(t, text, typed)

				single := [2]*engine.Single{newSingle(t, text), newSingle(t, typed)}
				for i, row := range rows[:30] {
					var got [2]linker.Decision
					for n, s := range single {
						var err error
						given := [2]linker.Fields{row, odd[i]}[n]
						if got[n], _, err = s.Put(t.Context(), kind.of("o-1"), linker.Check(given, linker.Fields{})); err != nil {
							t.Fatalf("Put %+v: %v", given, err)
						}
					}
					if diff := cmp.Diff(got[0], got[1], cmpopts.IgnoreFields(linker.Decision{}, "Detail")); diff != "" {
						t.Errorf("Put %+v (-text +typed):\n%s", row, diff)
					}
				}
				sameLinks(t, text, typed)
			})
		}
	}
}

// What is no value of an id's type is not found, says so, and is no proof of
// absence.
func TestIDsThatDoNotFitTheirType(t *testing.T) {
	t.Parallel()
	for _, kind := range idKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			text := newWorld(t)
			kind.asText(text)
			w := kind.typed(text)
			recording, entity, connection := kind.of("r-10"), kind.of("e-1"), kind.of("c-1")
			rows := []linker.Fields{
				{RecordingID: "r-10", DataType: "ACCOUNT", ID: entity},
				{RecordingID: recording, DataType: "ACCOUNT", ID: "e-1"},
				{RecordingID: recording, DataType: "ACCOUNT", ID: entity, IntegrationConnectionID: "c-1"},
				{RecordingID: recording, DataType: "ACCOUNT", ID: "99999999999999999999"},
				{RecordingID: recording, DataType: "ACCOUNT", ExternalID: "x-1", IntegrationConnectionID: connection},
			}
			scope := &linker.Scope{Connections: []string{connection}, Prune: true}
			x := w.begin(engine.Options{Run: w.record(linker.Reconcile), Rules: linker.Rules{Scope: scope}})
			w.stage(x, rows)
			if plan := w.plan(x, true); !strings.Contains(plan.PruneWithheld, "line") {
				t.Errorf("the prune is not withheld: %q", plan.PruneWithheld)
			}
			results := w.results(x)
			s := newSingle(t, w)
			for i, want := range []struct {
				code   linker.Code
				detail string
			}{
				{linker.RecordingNotFound, `recordingId "r-10" is not a `},
				{linker.EntityNotFound, `id "e-1" is not a `},
				{linker.ConnectionNotFound, `integrationConnectionId "c-1" is not a `},
				{linker.EntityNotFound, `id "99999999999999999999" is not a `},
				{},
			} {
				if got := results[i]; got.Code != want.code || !strings.Contains(got.Detail, want.detail) {
					t.Errorf("row %d: %s %q, want %s %q", i+1, got.Code, got.Detail, want.code, want.detail)
				}
				got, _, err := s.Put(t.Context(), kind.of("o-1"), linker.Check(rows[i], linker.Fields{}))
				if err != nil || got.Code != want.code || !strings.Contains(got.Detail, want.detail) {
					t.Errorf("Put row %d: %s %q, %v, want %s %q", i+1, got.Code, got.Detail, err, want.code, want.detail)
				}
			}
		})
	}
}

// idsIn are the ids of a row that are the platform's own, the recording's first.
func idsIn(r *linker.Fields) []*string {
	return []*string{&r.RecordingID, &r.ID, &r.IntegrationConnectionID}
}

func newSingle(t *testing.T, w *world) *engine.Single {
	t.Helper()
	s, err := engine.NewSingle(t.Context(), pg.Config{URL: w.url}, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func sameResults(t *testing.T, what string, text, typed []linker.Result) {
	t.Helper()
	if diff := cmp.Diff(text, typed, cmpopts.IgnoreFields(linker.Decision{}, "Detail")); diff != "" {
		t.Fatalf("%s: results (-text +typed):\n%s", what, diff)
	}
}

func sameLinks(t *testing.T, text, typed *world) {
	t.Helper()
	const links = `
		SELECT concat_ws('|', recording_id, entity_id, data_type, trigger, cleared_at IS NULL, cleared_trigger)
		FROM recording_links
		ORDER BY 1`
	if diff := cmp.Diff(column[string](text, links), column[string](typed, links)); diff != "" {
		t.Fatalf("links (-text +typed):\n%s", diff)
	}
}
