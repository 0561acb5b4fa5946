package main

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/cmd/relink/exit"
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
// a copy of it, until somebody says that the copy has taken the place of the
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
