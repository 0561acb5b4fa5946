package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/cmd/relink/exit"
	"relink/linker/postgres/migrations"
)

// tenant makes a second platform in the site's database, with the same rows as
// the first.
func (s *site) tenant(schema string) {
	s.t.Helper()
	s.exec("CREATE SCHEMA " + schema)
	for _, table := range []string{"recordings", "integration_connections", "crm_entities", "recording_links"} {
		s.exec(fmt.Sprintf("CREATE TABLE %[1]s.%[2]s (LIKE public.%[2]s INCLUDING ALL)", schema, table))
		s.exec(fmt.Sprintf("INSERT INTO %[1]s.%[2]s OVERRIDING SYSTEM VALUE SELECT * FROM public.%[2]s", schema, table))
	}
	s.exec(fmt.Sprintf(`
		ALTER TABLE %[1]s.crm_entities ADD FOREIGN KEY (integration_connection_id) REFERENCES %[1]s.integration_connections;
		ALTER TABLE %[1]s.recording_links ADD FOREIGN KEY (entity_id) REFERENCES %[1]s.crm_entities;
		SELECT setval(pg_get_serial_sequence('%[1]s.recording_links', 'id'), 1000)`, schema))
}

// marked counts the links of a schema that a run made or cleared.
func (s *site) marked(schema string) int {
	s.t.Helper()
	return ask[int](s, fmt.Sprintf(
		"SELECT count(*) FROM %[1]s.recording_links AS l JOIN relink.marks AS m ON l.id::text IN (m.made, m.cleared)"+
			" JOIN relink.runs AS r ON r.id = m.run AND r.platform_schema = '%[1]s'", schema))
}

// A run that was made in one schema is never resumed, reverted or reported in
// another one.
func TestRunBelongsToItsSchema(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.tenant("tenant1")
	s.exec(`
		CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END $$;
		CREATE TRIGGER linger AFTER INSERT ON tenant1.recording_links FOR EACH STATEMENT EXECUTE FUNCTION linger()`)
	p := s.start("import", "--schema", "tenant1", "--batch-rows", "5", "--lanes", "1", "links.csv")
	s.until("it applies", func() bool { return s.marked("tenant1") >= 10 && s.held() })
	p.kills()
	s.exec("DROP TRIGGER linger ON tenant1.recording_links")
	run := fmt.Sprint(ask[int](s, "SELECT max(id) FROM relink.runs"))

	for _, command := range [][]string{
		{"resume", run}, {"report", run}, {"revert", run}, {"runs", "show", run}, {"runs", "abandon", run},
	} {
		s.relink(exit.Error, append(command, "--schema", "public")...).
			says(`run `+run+` was made in schema "tenant1", and this is schema "public"`, "hint: leave --schema out")
	}
	s.relink(exit.Rejected, "resume", run)
	if got := s.marked("public"); got != 0 {
		t.Errorf("the resumed run has changed %d links of schema public, want 0", got)
	}
	if got := ask[int](s, "SELECT count(*) FROM tenant1.recording_links AS l JOIN relink.marks AS m ON m.made = l.id::text WHERE m.run = $1", run); got != siteChanges {
		t.Errorf("the resumed run has made %d links in its schema, want %d", got, siteChanges)
	}
	s.relink(exit.Rejected, "report", run)
	s.relink(exit.OK, "revert", run)
	if got := s.marked("public"); got != 0 {
		t.Errorf("the revert has changed %d links of schema public, want 0", got)
	}
	if got := ask[int](s, "SELECT count(*) FROM tenant1.recording_links AS l JOIN relink.marks AS m ON m.made = l.id::text WHERE m.run = $1 AND l.cleared_at IS NULL", run); got != 0 {
		t.Errorf("the revert has left %d links of the run, want 0", got)
	}
	if got := s.relink(exit.OK, "runs", "show", run).stdout.String(); !strings.Contains(got, "schema    tenant1\n") {
		t.Errorf("runs show prints\n%swant the schema", got)
	}
}

// A run that was made in one database is never resumed, reverted or reported in
// a copy of it, until the user confirms that the copy has replaced the
// original.
func TestRunBelongsToItsDatabase(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run := fmt.Sprint(s.remember() + 1)
	s.relink(exit.Rejected, "import", "links.csv")

	original := ask[string](s, "SELECT current_database()")
	s.conn.Close(context.Background())
	address, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	other := *address
	other.Path = "/postgres"
	admin, err := pgx.Connect(t.Context(), other.String())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	for try := 0; ; try++ {
		if _, err = admin.Exec(t.Context(), "CREATE DATABASE "+original+"_copy TEMPLATE "+original); err == nil || try == 50 {
			break
		}
		time.Sleep(100 * time.Millisecond) // until the server has seen the end of the sessions
	}
	if err != nil {
		t.Fatal(err)
	}
	other.Path = address.Path + "_copy"
	inCopy := func(status int, args ...string) *process {
		t.Helper()
		p := s.startAs(exec.Command("relink", append(args, "--database", other.String())...))
		p.exits(status)
		return p
	}
	for _, command := range [][]string{{"resume", run}, {"report", run}, {"revert", run}, {"runs", "show", run}} {
		inCopy(exit.Error, command...).says(
			fmt.Sprintf("run %s was made in database %q on ", run, original),
			fmt.Sprintf("and this is database %q on ", original+"_copy"),
			"`relink runs adopt`")
	}
	inCopy(exit.OK, "runs", "adopt")
	inCopy(exit.OK, "revert", "--out", "runs-of-the-copy", run)
	s.relink(exit.OK, "revert", run)
}

// restoreFrom puts schema public of another site in the place of the site's own, as
// people bring production's tables into staging.
func (s *site) restoreFrom(other *site) {
	s.t.Helper()
	s.exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
	dump, err := exec.Command("pg_dump", "-n", "public", "--no-owner", other.url).Output()
	if err != nil {
		// There is none here, or not one of the server's version.
		s.t.Logf("pg_dump: %v; copying table by table", err)
		s.copyPublic(other)
		return
	}
	psql := exec.Command("psql", "-q", "-v", "ON_ERROR_STOP=1", s.url)
	psql.Stdin = strings.NewReader(strings.ReplaceAll(string(dump), "CREATE SCHEMA public;", ""))
	if said, err := psql.CombinedOutput(); err != nil {
		s.t.Fatalf("restoring: %v\n%s", err, said)
	}
}

// copyPublic is restoreFrom without the client programs.
func (s *site) copyPublic(other *site) {
	s.t.Helper()
	statements, err := migrations.Platform.Statements()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, statement := range statements {
		s.exec(migrations.InSchema(statement, "public"))
	}
	for _, table := range []string{"integration_connections", "recordings", "crm_entities", "recording_links"} {
		var rows bytes.Buffer
		if _, err := other.connection().PgConn().CopyTo(context.Background(), &rows, "COPY public."+table+" TO STDOUT"); err != nil {
			s.t.Fatal(err)
		}
		if _, err := s.connection().PgConn().CopyFrom(context.Background(), &rows, "COPY public."+table+" FROM STDIN"); err != nil {
			s.t.Fatal(err)
		}
	}
}

// A number means a run of one history. When the platform's tables, or one of
// relink's own, come from another one, no run is taken for what it is not.
func TestRunBelongsToItsHistory(t *testing.T) {
	t.Parallel()
	links := func(s *site) string {
		return ask[string](s, "SELECT md5(string_agg(l::text, ' ' ORDER BY id)) FROM recording_links AS l")
	}
	refused := func(s *site, says string, commands ...[]string) {
		t.Helper()
		before := links(s)
		for _, command := range commands {
			s.relink(exit.Error, command...).says(says)
		}
		if links(s) != before {
			t.Errorf("%v changed links", commands)
		}
	}
	checked := func(s *site, says string) {
		t.Helper()
		if p := s.relink(exit.OK, "db", "check"); !strings.Contains(p.stdout.String()+p.stderr.String(), says) {
			t.Errorf("db check prints\n%swant %q", p.stdout.String(), says)
		}
	}

	production, staging := newSite(t), newSite(t)
	staging.kill9()
	staging.exec("DROP TRIGGER linger ON recording_links")
	staging.relink(exit.Rejected, "import", "links.csv")
	production.relink(exit.Rejected, "import", "links.csv") // much the same, under the same ids
	staging.restoreFrom(production)
	refused(staging, "was made in an earlier table of links, and this is one that was restored from a dump",
		[]string{"resume", "1"}, []string{"revert", "1"}, []string{"revert", "2"}, []string{"report", "2"}, []string{"changes", "2"})
	checked(staging, "relink.runs: has runs (2) of an earlier table of links")
	staging.relink(exit.Rejected, "import", "links.csv")
	staging.relink(exit.OK, "revert", "3")

	// The records of runs were restored, and the marks left out as too large.
	const foreign = "is not what this run did"
	production.exec("CREATE TABLE saved AS TABLE relink.marks; DELETE FROM relink.marks")
	refused(production, foreign, []string{"revert", "1"}, []string{"report", "1"}, []string{"changes", "1"})
	checked(production, "relink.runs: has runs (1) whose marks are not in relink.marks")
	// The marks are those of a run of the same number.
	production.exec("INSERT INTO relink.marks SELECT (jsonb_populate_record(m, '{\"seal\": \"6ecd8c99-4036-403d-bf84-cf8400f67836\"}')).* FROM saved AS m WHERE seal IS NOT NULL")
	production.exec("INSERT INTO relink.marks SELECT * FROM saved AS m WHERE seal IS NULL")
	refused(production, foreign, []string{"revert", "1"}, []string{"report", "1"}, []string{"changes", "1"})
	// And now they are the run's own.
	production.exec("DELETE FROM relink.marks; INSERT INTO relink.marks TABLE saved; DROP TABLE saved")
	production.relink(exit.OK, "revert", "1")

	// Schema relink was recreated: run 1 is another one, and what the first one
	// did cannot be reverted.
	production.relink(exit.Rejected, "import", "links.csv")
	production.exec("DROP SCHEMA relink CASCADE")
	production.relink(exit.OK, "db", "migrate")
	before := links(production)
	production.relink(exit.Error, "revert", "1").says("there is no such run")
	production.file("three.csv", "recordingId,dataType,id\nr-1,ACCOUNT,e-5\nr-2,ACCOUNT,e-5\nr-3,ACCOUNT,e-5\n")
	production.relink(exit.OK, "import", "three.csv")
	if p := production.relink(exit.OK, "revert", "1"); !strings.Contains(p.stdout.String(), "3 links were taken back") {
		t.Errorf("the new run 1 is taken back with\n%swant 3 links", p.stdout.String())
	}
	if links(production) == before {
		t.Error("nothing was done")
	}
	checked(production, "")
}
