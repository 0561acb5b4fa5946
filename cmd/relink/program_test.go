package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/cmd/relink/exit"
	"relink/linker/postgres/localpg"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// site is a database and a folder in which the program runs as processes of its
// own, which can be stopped, killed and cut off.
//
// Recordings r-1 to r-60, the odd ones linked to e-1; CRM rows e-1 to e-9.
// links.csv has a row for each recording, of which some ask for e-10, which is
// not there.
type site struct {
	t    *testing.T
	url  string
	dir  string
	conn *pgx.Conn
	want map[string]string // the files of an undisturbed run, of remember
}

const (
	siteRows = 60
	// siteChanges are the rows that a run of links.csv applies: all but one in
	// ten are good, and of those the ones that ask for e-1 of an odd recording
	// are done already.
	siteChanges = 48
)

func newSite(t *testing.T) *site {
	t.Helper()
	return siteAt(t, pgtest.Database(t))
}

// siteAt is a site on a database that has the tables and nothing in them.
func siteAt(t *testing.T, url string) *site {
	t.Helper()
	s := &site{t: t, url: url, dir: t.TempDir()}
	s.exec(fmt.Sprintf(`
		INSERT INTO integration_connections VALUES ('c-1', 'o-1', 'salesforce', 'One', true);
		INSERT INTO recordings (id, organization_id) SELECT 'r-' || n, 'o-1' FROM generate_series(1, %[1]d) AS n;
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
		SELECT 'e-' || n, 'ACCOUNT', 'c-1', 'x-' || n FROM generate_series(1, 9) AS n;
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT 'r-' || n, 'ACCOUNT', 'e-1', now() - interval '1 day' FROM generate_series(1, %[1]d, 2) AS n`, siteRows))
	var b strings.Builder
	b.WriteString("recordingId,dataType,id\n")
	for n := range siteRows {
		fmt.Fprintf(&b, "r-%d,ACCOUNT,e-%d\n", n+1, n%10+1)
	}
	s.file("links.csv", b.String())
	return s
}

func (s *site) file(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) read(path string) string {
	s.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// connection is the site's own connection, a new one after the server was away.
func (s *site) connection() *pgx.Conn {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); s.conn == nil || s.conn.IsClosed(); {
		conn, err := pgtest.Open(context.Background(), pg.Config{URL: s.url, ApplicationName: "platform"})
		switch {
		case err == nil:
			s.conn = conn
			s.t.Cleanup(func() { conn.Close(context.Background()) })
		case time.Now().After(deadline):
			s.t.Fatal(err)
		default:
			time.Sleep(20 * time.Millisecond)
		}
	}
	return s.conn
}

func (s *site) exec(sql string, args ...any) {
	s.t.Helper()
	_, err := s.connection().Exec(context.Background(), sql, args...)
	if s.conn.IsClosed() { // the server was away
		_, err = s.connection().Exec(context.Background(), sql, args...)
	}
	if err != nil {
		s.t.Fatalf("%.90s: %v", sql, err)
	}
}

// ask returns the one value that a query finds.
func ask[T any](s *site, sql string, args ...any) (v T) {
	s.t.Helper()
	err := s.connection().QueryRow(context.Background(), sql, args...).Scan(&v)
	if s.conn.IsClosed() {
		err = s.connection().QueryRow(context.Background(), sql, args...).Scan(&v)
	}
	if err != nil {
		s.t.Fatalf("%.90s: %v", sql, err)
	}
	return v
}

// applied counts the links that runs have made.
func (s *site) applied() int {
	s.t.Helper()
	return ask[int](s, "SELECT count(*) FROM pgtest.marked_links() WHERE linked_by_run IS NOT NULL")
}

// slowly makes every statement that links, so every batch, take a while.
func (s *site) slowly(d time.Duration) {
	s.t.Helper()
	s.exec(fmt.Sprintf(`
		CREATE OR REPLACE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
		    PERFORM pg_sleep(%f);
		    RETURN NULL;
		END $$;
		CREATE OR REPLACE TRIGGER linger AFTER INSERT ON recording_links FOR EACH STATEMENT EXECUTE FUNCTION linger()`, d.Seconds()))
}

// holdAt makes runs stay at a point of their road, a kind of statement or a
// state that they write down, until released.
func (s *site) holdAt(point string) {
	s.t.Helper()
	s.exec(`
		CREATE TABLE held_at AS SELECT $1::text AS point`, point)
	s.exec(`
		CREATE FUNCTION hold_state() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
		BEGIN
		    WHILE EXISTS (SELECT FROM held_at WHERE point = NEW.state) LOOP
		        PERFORM pg_sleep(0.02);
		    END LOOP;
		    RETURN NULL;
		END $$;
		CREATE TRIGGER hold AFTER UPDATE ON relink.runs FOR EACH ROW EXECUTE FUNCTION hold_state();
		CREATE FUNCTION hold_command() RETURNS event_trigger LANGUAGE plpgsql SET search_path = public AS $$
		BEGIN
		    WHILE EXISTS (SELECT FROM held_at WHERE point = tg_tag) LOOP
		        PERFORM pg_sleep(0.02);
		    END LOOP;
		END $$;
		CREATE EVENT TRIGGER hold ON ddl_command_start WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS') EXECUTE FUNCTION hold_command()`)
}

func (s *site) released() {
	s.t.Helper()
	s.exec("DELETE FROM held_at")
}

// held reports whether a run waits where it was told to, or in a slow batch.
func (s *site) held() bool {
	s.t.Helper()
	return ask[bool](s, `
		SELECT EXISTS (
		    SELECT FROM pg_stat_activity
		    WHERE datname = current_database() AND wait_event = 'PgSleep' AND application_name LIKE 'relink run %'
		)`)
}

// until waits for something to hold.
func (s *site) until(what string, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: not within 30 seconds", what)
		}
	}
}

// process is the running program.
type process struct {
	*exec.Cmd
	s      *site
	args   string
	stdin  io.WriteCloser
	stdout lockedBuffer
	stderr lockedBuffer
	ended  chan struct{}
}

// lockedBuffer can be read while a process still writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start starts the program on the site's database.
func (s *site) start(args ...string) *process {
	s.t.Helper()
	return s.startAs(exec.Command("relink", args...))
}

// startWith is start with more environment variables.
func (s *site) startWith(env []string, args ...string) *process {
	s.t.Helper()
	cmd := exec.Command("relink", args...)
	cmd.Env = env
	return s.startAs(cmd)
}

// startAs starts a command that runs the program.
func (s *site) startAs(cmd *exec.Cmd) *process {
	s.t.Helper()
	p := &process{Cmd: cmd, s: s, args: strings.Join(cmd.Args, " "), ended: make(chan struct{})}
	cmd.Dir = s.dir
	cmd.Env = append(append(os.Environ(), "RELINK_DATABASE="+s.url, "RELINK_OUT=runs"), cmd.Env...)
	cmd.Stdout, cmd.Stderr = &p.stdout, &p.stderr
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		cmd.Wait() // its status is what counts
	}()
	s.t.Cleanup(func() {
		cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// exits waits for the end of the program and compares its status.
func (p *process) exits(want int) {
	p.s.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		p.s.t.Fatalf("%s: no end within a minute\n%s%s", p.args, p.stdout.String(), p.stderr.String())
	}
	if got := p.ProcessState.ExitCode(); got != want {
		p.s.t.Fatalf("%s: exit status %d, want %d\n%s%s", p.args, got, want, p.stdout.String(), p.stderr.String())
	}
}

// says fails unless stderr contains all of the texts.
func (p *process) says(want ...string) {
	p.s.t.Helper()
	for _, text := range want {
		if got := p.stderr.String(); !strings.Contains(got, text) {
			p.s.t.Errorf("%s says\n%swant it to say %q", p.args, got, text)
		}
	}
}

// relink runs the program to its end.
func (s *site) relink(status int, args ...string) *process {
	s.t.Helper()
	p := s.start(args...)
	p.stdin.Close()
	p.exits(status)
	return p
}

// kills ends a process without a word.
func (p *process) kills() {
	p.s.t.Helper()
	if err := p.Process.Kill(); err != nil {
		p.s.t.Fatal(err)
	}
	<-p.ended
}

// slowRun starts an import in small batches and waits until it has applied some
// of them and is working on the next.
func (s *site) slowRun(extra ...string) *process {
	s.t.Helper()
	p := s.start(append([]string{"import", "--batch-rows", "5", "--lanes", "1", "links.csv"}, extra...)...)
	s.until("a slow run applies", func() bool { return s.applied() >= 10 && s.held() })
	return p
}

// files returns the files of a run by name, except those that contain times.
func (s *site) files(run int) map[string]string {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.dir, "runs", fmt.Sprintf("*Z-%d", run), "*"))
	if err != nil {
		s.t.Fatal(err)
	}
	files := map[string]string{}
	for _, path := range found {
		if name := filepath.Base(path); strings.HasPrefix(name, "re") && name != "report.html" {
			files[name] = s.read(path)
		}
	}
	return files
}

// folder is the only folder of a run.
func (s *site) folder(run int) string {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.dir, "runs", fmt.Sprintf("*Z-%d", run)))
	if err != nil || len(found) != 1 {
		s.t.Fatalf("folders of run %d: %v (%v), want one", run, found, err)
	}
	return found[0]
}

// names lists everything in the folder of a run.
func (s *site) names(run int) (names []string) {
	s.t.Helper()
	entries, err := os.ReadDir(s.folder(run))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

// remember keeps the files of a dry run: those of the run must be the same,
// whatever happens to it. It returns the number of runs so far.
func (s *site) remember() int {
	s.t.Helper()
	s.relink(exit.Rejected, "import", "--dry-run", "--quiet", "links.csv")
	run := ask[int](s, "SELECT max(id) FROM relink.runs")
	s.want = s.files(run)
	if len(s.want) != 3 {
		s.t.Fatalf("the dry run wrote %v, want a report, rejects and their reasons", s.names(run))
	}
	return run
}

// isWhole compares a run with what it was to be: its files, its links, and that
// the database counts each change once.
func (s *site) isWhole(run int) {
	s.t.Helper()
	s.isWholeBut(run, 0)
}

// isWholeBut is isWhole where other runs have made links, too.
func (s *site) isWholeBut(run, others int) {
	s.t.Helper()
	for name, want := range s.want {
		if got := s.files(run)[name]; got != want {
			s.t.Errorf("run %d: %s is\n%swant\n%s", run, name, got, want)
		}
	}
	if got := s.applied() - others; got != siteChanges {
		s.t.Errorf("%d links were made, want %d", got, siteChanges)
	}
	if got := ask[int](s, "SELECT count(DISTINCT linked_by_row) FROM pgtest.marked_links() WHERE linked_by_run = $1", run); got != siteChanges {
		s.t.Errorf("%d rows of run %d made links, want %d", got, run, siteChanges)
	}
}

// kill9 starts a slow import, kills it and makes the database quick again.
// Returns the id of the run.
func (s *site) kill9(extra ...string) int {
	s.t.Helper()
	s.slowly(100 * time.Millisecond)
	s.slowRun(extra...).kills()
	s.until("the server has noticed", func() bool { return !s.held() })
	s.slowly(0)
	run := ask[int](s, "SELECT max(id) FROM relink.runs")
	if n := s.applied(); n < 10 || n >= siteChanges {
		s.t.Fatalf("the killed run has applied %d of %d rows, want some", n, siteChanges)
	}
	return run
}

// serverSite is a site on a server of its own, which can be taken away.
func serverSite(t *testing.T) (*site, *localpg.Server) {
	t.Helper()
	server := pgtest.Server(t)
	return siteAt(t, server.URL(localpg.Database)), server
}
