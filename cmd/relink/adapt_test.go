package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
	"relink/linker/postgres/shapes"
)

// newStranger is a town on a platform of another shape, which relink has not seen yet.
func newStranger(t *testing.T, shape, rows string) *town {
	t.Helper()
	w := &town{t: t, url: pgtest.Database(t), dir: t.TempDir()}
	w.conn = pgtest.Connect(t, pg.Config{URL: w.url})
	w.exec("DROP SCHEMA relink CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
	if err := shapes.Make(t.Context(), pg.Config{URL: w.url}, shape); err != nil {
		t.Fatal(err)
	}
	w.exec(rows)
	return w
}

// says fails unless the output of a command contains all texts.
func (w *town) says(got result, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if !strings.Contains(got.stdout+got.stderr, text) {
			w.t.Errorf("the command prints\n%s%swant %q", got.stdout, got.stderr, text)
		}
	}
}

const uuidRows = `
INSERT INTO organizations (id, name) VALUES ('00000000-0000-0000-0000-0000000000a1', 'one');
INSERT INTO conversations (id, organization_id) SELECT ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, '00000000-0000-0000-0000-0000000000a1' FROM generate_series(1, 30) AS n;
INSERT INTO integrations (id, organization_id, provider) VALUES ('00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-0000000000a1', 'salesforce');
INSERT INTO crm_records (id, record_type, integration_id, external_id)
SELECT ('00000000-0000-0000-0002-' || lpad(n::text, 12, '0'))::uuid, 'opportunity', '00000000-0000-0000-0000-0000000000c1', 'x-' || n FROM generate_series(1, 30) AS n;
INSERT INTO conversation_crm_links (conversation_id, crm_record_id, record_type)
SELECT c.id, r.id, 'opportunity' FROM conversations AS c, crm_records AS r WHERE right(c.id::text, 12) = right(r.id::text, 12) AND right(c.id::text, 2) < '11'`

const namesRows = `
INSERT INTO app.tenants VALUES (1, 'one');
INSERT INTO app.calls (call_id, tenant, started_at) SELECT n, 1, now() FROM generate_series(1, 30) AS n;
INSERT INTO crm.sources VALUES (7, 1, 'hubspot', NULL, true);
INSERT INTO crm.objects (object_id, kind, source, remote_id) SELECT 1000 + n, 'deal', 7, 'x-' || n FROM generate_series(1, 30) AS n;
INSERT INTO crm.call_object_links (call_id, kind, object_id, since, updated_at) SELECT n, 'deal', 1000 + n, now(), now() FROM generate_series(1, 10) AS n`

// From a platform unknown to relink to a dry run, an import and a revert, as a
// role with only the privileges that the file grants.
func TestAdaptAPlatform(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shape, rows, row, current string
		grant                     string // what the platform's triggers need of the role
	}{
		{
			shapes.UUID, uuidRows, "00000000-0000-0000-0001-%012[1]d,OPPORTUNITY,x-%[2]d,00000000-0000-0000-0000-0000000000c1",
			"SELECT string_agg(right(conversation_id::text, 2) || '>' || right(crm_record_id::text, 2), ' ' ORDER BY conversation_id) FROM conversation_crm_links WHERE unlinked_at IS NULL",
			"GRANT USAGE ON SCHEMA public TO %[1]s; GRANT INSERT ON audit_log, outbox_events TO %[1]s",
		},
		{
			shapes.Names, namesRows, "%[1]d,OPPORTUNITY,x-%[2]d,7",
			"SELECT string_agg(lpad(call_id::text, 2, '0') || '>' || object_id % 100, ' ' ORDER BY call_id) FROM crm.call_object_links WHERE until IS NULL",
			"",
		},
	} {
		t.Run(c.shape, func(t *testing.T) {
			t.Parallel()
			w := newStranger(t, c.shape, c.rows)
			role := pgtest.NewRole(t, w.conn)
			out := filepath.Join(w.dir, "views.sql")
			lines := "recordingId,dataType,externalId,integrationConnectionId\n"
			for n := 1; n <= 20; n += 2 {
				lines += fmt.Sprintf(c.row, n, n+10) + "\n"
			}
			file := w.raw("links.csv", lines)
			before := w.ask(c.current)

			w.says(w.must(exit.Error, "db", "adapt", "--out", out, "--role", role, "--apply"), "relink has no tables in this database yet", "relink db migrate")
			w.must(exit.OK, "db", "migrate")
			w.says(w.must(exit.OK, "db", "adapt", "--out", out, "--role", role), "is written. Next:")
			w.says(w.must(exit.OK, "db", "adapt", "--out", out, "--role", role, "--apply"), "is applied; relink db check says:")
			if c.grant != "" {
				w.exec(fmt.Sprintf(c.grant, role))
			}
			w.url = pgtest.As(w.url, role)
			w.must(exit.OK, "db", "check")
			w.must(exit.OK, "import", "--dry-run", file)
			if after := w.ask(c.current); after != before {
				t.Errorf("a dry run changed the links from\n%s to\n%s", before, after)
			}
			w.must(exit.OK, "import", file)
			changed := w.ask(c.current)
			for _, want := range []string{"01>11", "02>", "09>19", "11>21", "19>29"} {
				if !strings.Contains(changed, want) {
					t.Errorf("the links after the import are\n%s\nand lack %s", changed, want)
				}
			}
			// The platform can be looked at again without losing the way back.
			owner := w.url
			w.url = strings.Replace(w.url, "user="+role, "user=relink", 1)
			w.must(exit.OK, "db", "adapt", "--out", out, "--role", role, "--apply")
			w.url = owner
			w.must(exit.OK, "revert", "2")
			if after := w.ask(c.current); after != before {
				t.Errorf("the links after all was taken back are\n%s, want\n%s", after, before)
			}
		})
	}
}

// What is not known is asked for, and a file with open questions is not applied.
func TestAdaptAsks(t *testing.T) {
	t.Parallel()
	w := newStranger(t, shapes.Names, namesRows)
	w.exec("ALTER TYPE crm.kind ADD VALUE 'ticket'")
	w.must(exit.OK, "db", "migrate")
	out := filepath.Join(w.dir, "views.sql")
	w.says(w.must(exit.Error, "db", "adapt", "--out", out), `the word "ticket" for a type of CRM rows is not known: give --word 'ticket=TYPE'`, "refuses to be applied")
	w.says(w.must(exit.Error, "db", "adapt", "--out", out, "--apply"), `relink: error: the file is not applied: the word "ticket"`, "relink: hint: give --word 'ticket=TYPE'")
	w.must(exit.OK, "db", "adapt", "--out", out, "--word", "ticket=-", "--apply")

	text := read(t, out)
	if err := os.WriteFile(out, []byte(strings.Replace(text, "t.subject AS title", "t.region AS title", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	w.says(w.must(exit.OK, "db", "adapt", "--out", out, "--word", "ticket=-"), "was edited by hand and stays as it is")
	if !strings.Contains(read(t, out), "t.region AS title") {
		t.Error("a file that was edited is written over")
	}
	for _, c := range []struct{ args, want string }{
		{"--table recordings", "write --table recordings=app.calls"},
		{"--table calls=app.calls", `relink has no table "calls"`},
		{"--column recordings.id=nothing", "its columns are call_id, tenant"},
	} {
		args := append([]string{"db", "adapt", "--out", filepath.Join(w.dir, "other.sql")}, strings.Fields(c.args)...)
		w.says(w.must(exit.Error, args...), c.want)
	}
}
