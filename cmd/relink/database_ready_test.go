package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/cmd/relink/exit"
)

// What db check knows to make a run go wrong keeps it from being begun.
func TestRunAsksWhetherTheDatabaseIsReady(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		sql  string
		want string
		hint string
	}{
		{
			"no unique index", "DROP INDEX recording_links_current_key",
			"recording_links: has no valid unique index on recording_id where cleared_at is null, which keeps a recording from having two current links",
			"ask the database's administrators: make one CONCURRENTLY: a unique index on public.recording_links (recording_id) where cleared_at is null",
		},
		{
			"a column that must be filled", "ALTER TABLE recording_links ADD COLUMN tenant text; UPDATE recording_links SET tenant = 'x'; ALTER TABLE recording_links ALTER COLUMN tenant SET NOT NULL",
			"recording_links.tenant: may not be NULL, and relink gives it no value in every row", "relink db adapt",
		},
		{
			"tables of an older relink", "DELETE FROM relink.migrations WHERE version_id > 2; ALTER TABLE relink.runs DROP COLUMN write_order",
			"schema relink: is at version 2, this relink needs ", "relink db migrate",
		},
		{"no table", "DROP TABLE recordings CASCADE", "recordings: is missing in schema public", "relink db adapt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			w.recordings(1, 3)
			w.accounts("c-1", 1, 3)
			w.link("c-1", 1, 1)
			path := w.file("links.csv", "c-1", pairs(2, 3)...)
			w.must(exit.OK, "import", path)
			before := w.ask("SELECT count(*)::text FROM relink.runs")
			w.exec(c.sql)
			for _, command := range [][]string{
				{"import", path}, {"import", "--dry-run", path}, {"reconcile", path}, {"reconcile", "--dry-run", path}, {"revert", "1"}, {"revert", "--dry-run", "1"},
			} {
				got := w.must(exit.Error, command...)
				if !strings.Contains(got.stderr, "relink: error: the database is not ready: "+c.want) || !strings.Contains(got.stderr, "hint: ") || !strings.Contains(got.stderr, c.hint) {
					t.Errorf("relink %v says\n%swant %q and %q", command, got.stderr, c.want, c.hint)
				}
			}
			if got := w.ask("SELECT count(*)::text FROM relink.runs"); got != before {
				t.Errorf("%s runs are recorded, want the %s from before", got, before)
			}
		})
	}
}

// Rows that row security hides would be reported as not found.
func TestRunIsNotBegunWhereRowsAreHidden(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 3)
	w.accounts("c-1", 1, 3)
	path := w.file("links.csv", "c-1", pairs(1, 3)...)
	role := "hidden_from_" + w.ask("SELECT md5(current_database())")
	w.exec(fmt.Sprintf(`
		CREATE ROLE %[1]s LOGIN;
		GRANT USAGE ON SCHEMA public TO %[1]s;
		GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO %[1]s;
		GRANT USAGE, CREATE ON SCHEMA relink TO %[1]s;
		GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA relink TO %[1]s;
		ALTER TABLE recordings ENABLE ROW LEVEL SECURITY;
		CREATE POLICY a_few ON recordings USING (organization_id = 'o-2')`, pgx.Identifier{role}.Sanitize()))
	w.url = strings.Replace(w.url, "user=relink", "user="+role, 1)
	got := w.must(exit.Error, "import", path)
	if want := "recordings: row security hides rows from role " + role; !strings.Contains(got.stderr, want) {
		t.Errorf("it says\n%swant %q", got.stderr, want)
	}
	w.exec("CREATE POLICY all_rows ON recordings FOR SELECT USING (true)")
	w.must(exit.OK, "import", path)
}

// A connection or organization that is not there is a mistyped word, not an
// empty scope.
func TestUnknownNamesAreRefused(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 3)
	w.accounts("c-1", 1, 3)
	path := w.file("links.csv", "c-1", pairs(1, 3)...)
	for _, c := range []struct {
		args []string
		want string
		hint string
	}{
		{[]string{"reconcile", "--connection", "c-7", path}, `there is no connection "c-7"`, "there are c-1 (One, salesforce), c-2 (Two, hubspot), c-9 (Nine, salesforce)\n"},
		{[]string{"reconcile", "--connection", "c-1,c-9", "--organization", "o-1", path}, `there is no connection "c-9"`, "there are c-1 (One, salesforce), c-2 (Two, hubspot)\n"},
		{[]string{"reconcile", "--organization", "o-3", path}, `there is no organization "o-3"`, "there are o-1, o-2\n"},
		{[]string{"import", "--organization", "O-1", path}, `there is no organization "O-1"`, "there are o-1, o-2\n"},
		{[]string{"import", "--dry-run", "--organization", "O-1", path}, `there is no organization "O-1"`, "there are o-1, o-2\n"},
	} {
		got := w.must(exit.Error, c.args...)
		if !strings.Contains(got.stderr, "relink: error: "+c.want) || !strings.Contains(got.stderr, "relink: hint: "+c.hint) {
			t.Errorf("relink %v says\n%swant %q and %q", c.args, got.stderr, c.want, c.hint)
		}
	}
	if got := w.ask("SELECT count(*)::text FROM relink.runs"); got != "0" {
		t.Errorf("%s runs are recorded, want none", got)
	}
}

// A file whose recordings do not exist is a file for another database, and the
// summary says so in one sentence.
func TestWrongDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.accounts("c-1", 1, 3)
	path := w.file("links.csv", "c-1", append(pairs(1, 3), "r-4")...)
	const want = "no recording of the file exists in this database: is it the right one?"
	for _, args := range [][]string{{"import", path}, {"import", "--dry-run", path}, {"import", "--json", path}} {
		got := w.must(exit.Rejected, args...)
		if !strings.Contains(got.stderr+strings.Join(strings.Fields(got.stdout), " "), want) {
			t.Errorf("relink %v says\n%s%swant %q", args, got.stdout, got.stderr, want)
		}
	}
	w.recordings(1, 1)
	if got := w.must(exit.Rejected, "import", path); strings.Contains(got.stderr+got.stdout, "no recording of the file") {
		t.Errorf("it says\n%s%sthough one is there", got.stdout, got.stderr)
	}
}

// Everything that a run leaves behind records where it ran, and as which role.
func TestRunSaysWhereItWorked(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 3)
	w.accounts("c-1", 1, 3)
	path := w.file("nightly links.csv", "c-1", pairs(1, 3)...)
	name, metrics := w.ask("SELECT current_database()"), w.dir+"/night.prom"
	got := w.must(exit.OK, "import", "--json", "--metrics-file", metrics, path)
	for _, key := range []string{`"database": "` + name + `"`, `"schema": "public"`, `"role": "relink"`} {
		for what, text := range map[string]string{"summary.json": got.stdout, "runs": w.must(exit.OK, "runs", "--json").stdout, "runs show": w.must(exit.OK, "runs", "show", "--json", "1").stdout} {
			if !strings.Contains(text, key) {
				t.Errorf("%s is\n%swant %s in it", what, text, key)
			}
		}
	}
	if want := `relink_last_run_info{name="night",database="` + name + `",schema="public",role="relink"} 1`; !strings.Contains(read(t, metrics), want) {
		t.Errorf("the metrics are\n%swant %s", read(t, metrics), want)
	}
	page := read(t, w.ask("SELECT out_dir FROM relink.runs")+"/report.html")
	head, _, _ := strings.Cut(page, "</header>")
	if !strings.Contains(head, "<dt>Source</dt><dd>nightly links.csv</dd>") {
		t.Errorf("the first screen of the page is\n%s\nwant the source's name in it", head)
	}
	for _, want := range []string{name, "public", "relink"} {
		if !strings.Contains(page, ">"+want+"<") {
			t.Errorf("the page lacks %q", want)
		}
	}
}
