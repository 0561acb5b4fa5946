package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
	"relink/linker/postgres/localpg"
	"relink/linker/postgres/pgtest"
)

// TestDatabaseRefuses checks the errors when the database is not as required:
// the server's reason, what to do, exit status 1, and nothing written.
func TestDatabaseRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec("CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA relink, public TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA relink, public TO reader")
	t.Cleanup(func() { s.exec("DROP OWNED BY reader; DROP ROLE reader") })
	nowhere := t.TempDir()
	for _, c := range []struct {
		name, url   string
		error, hint string
	}{
		{"down", "postgres:///x?host=" + nowhere, "there is no database server at " + nowhere, "start the server"},
		{"a port where nobody listens", "postgres://u@127.0.0.1:1/x", "no database server answers at 127.0.0.1:1", "check host and port"},
		{"no such database", s.url + "&dbname=nowhere", `database "nowhere" does not exist`, "check the database's name"},
		{"not a URL", "postgres://u:secret@host:port/x", "the database URL cannot be read", "write it as postgres://"},
		{"missing tables", s.url + "&dbname=postgres", "the database is not ready: schema relink: is missing", "`relink db migrate` makes relink's own tables"},
		{"missing privileges", strings.Replace(s.url, "user=relink", "user=reader", 1), "role reader lacks CREATE, for the working tables of a run", "relink db check"},
		{"read-only", s.url + "&default_transaction_read_only=on", "role relink: has read-only transactions", "default_transaction_read_only = off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := s.startWith([]string{"RELINK_DATABASE=" + c.url}, "import", "links.csv")
			p.exits(exit.Error)
			p.says("relink: error: ", c.error, "relink: hint: ", c.hint)
			if strings.Contains(p.stderr.String(), "secret") {
				t.Errorf("it tells a password: %s", p.stderr.String())
			}
		})
	}
	if n := s.applied(); n != 0 {
		t.Errorf("%d links were made, want none", n)
	}
	// The platform's tables go missing, or were never there.
	s.exec("ALTER TABLE crm_entities RENAME TO elsewhere")
	s.relink(exit.Error, "import", "links.csv").says("crm_entities: is missing in schema public", "relink db check", "relink db adapt")
}

// A proxy that pools transactions is named, however it handles locks and
// settings.
func TestPoolingProxyIsNamed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, command := range [][]string{{"import", "links.csv"}, {"import", "--dry-run", "links.csv"}, {"db", "check"}} {
		var pooler pgtest.Pooler
		pooler.Start(t, s.url, 4)
		env := []string{"RELINK_DATABASE=postgres:///x?sslmode=disable&user=x&host=" + url.QueryEscape(pooler.Listen(t))}
		p := s.startWith(env, command...)
		p.exits(exit.Error)
		p.says("relink: error: a connection proxy in front of the database pools transactions", "relink: hint: give --database the address of PostgreSQL itself")
		if strings.Contains(p.stderr.String(), "resume") {
			t.Errorf("relink %v says\n%sbut it would end like this again", command, p.stderr.String())
		}
	}
	if n := ask[int](s, "SELECT count(*) FROM relink.runs"); n != 0 {
		t.Errorf("%d runs are recorded, want none", n)
	}
	if n := s.applied(); n != 0 {
		t.Errorf("%d links were made, want none", n)
	}
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	s, server := serverSite(t)
	s.exec("CREATE ROLE guarded LOGIN PASSWORD 'right'")
	rules := "local all relink trust\nlocal all guarded scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(server.Dir(), "data", "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	s.exec("SELECT pg_reload_conf()")
	guarded := strings.Replace(server.URL(localpg.Database), "user=relink", "user=guarded", 1) + "&password=secret"
	s.until("the password counts", func() bool {
		p := s.startWith([]string{"RELINK_DATABASE=" + guarded}, "import", "links.csv")
		p.exits(exit.Error)
		return strings.Contains(p.stderr.String(), "password authentication failed")
	})
	p := s.startWith([]string{"RELINK_DATABASE=" + guarded}, "import", "links.csv")
	p.exits(exit.Error)
	p.says(`relink: error: the database says: password authentication failed for user "guarded"`, "relink: hint: check user and password in the URL")
	if strings.Contains(p.stderr.String(), "secret") {
		t.Errorf("it tells the password: %s", p.stderr.String())
	}
}

// A file that changes in place between its two readings is noticed; the run ends
// with a report of the rows as they were staged.
func TestFileThatChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(string) string
	}{
		{"a row is added", func(text string) string { return text + "r-4,ACCOUNT,e-2\n" }},
		{"a row is missing", func(text string) string { return strings.TrimSuffix(text, "r-60,ACCOUNT,e-10\n") }},
		{"a row is another", func(text string) string { return strings.Replace(text, "r-2,", "r-4,", 1) }},
		{"a row is broken", func(text string) string { return strings.Replace(text, "r-2,", "\"r-2,", 1) }},
		{"it is empty", func(string) string { return "" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			run := s.remember() + 1
			links := s.read(filepath.Join(s.dir, "links.csv"))
			s.holdAt("reporting")
			p := s.start("import", "links.csv")
			s.until("the run is held", s.held)
			s.file("links.csv", c.change(links))
			s.released()
			p.exits(exit.Rejected)
			if said := strings.Join(strings.Fields(p.stdout.String()), " "); !strings.Contains(said, "the report is made of the rows as they were read at first") {
				t.Errorf("the summary does not say that the file has changed: %s", said)
			}
			got, want := s.files(run)["report.csv"], s.want["report.csv"]
			if got != want {
				t.Errorf("the report is\n%swant that of the file as it was\n%s", got, want)
			}
			if _, has := s.files(run)["rejects.csv"]; has {
				t.Error("there is a rejects file, though the original bytes are gone")
			}
			// Put back, the file gives all the files of the run.
			s.file("links.csv", links)
			s.relink(exit.Rejected, "report", strconv.Itoa(run))
			s.isWhole(run)
		})
	}
}
