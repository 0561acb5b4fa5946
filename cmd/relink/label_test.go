package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"relink/cmd/relink/exit"
)

// A protected database must be named by everything that writes to it: else it is
// refused before it has done anything.
func TestProtectedLabel(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	prints := func(want string, p *process) {
		t.Helper()
		if got := p.stdout.String(); got != want {
			t.Errorf("%s prints %q, want %q", p.args, got, want)
		}
	}
	prints("this database has no label\n", s.relink(exit.OK, "db", "label"))
	prints("staging\n", s.relink(exit.OK, "db", "label", "staging"))
	s.file("one.csv", "recordingId,dataType,id\nr-2,ACCOUNT,e-1\n")
	s.relink(exit.OK, "import", "one.csv").says("the database is staging\n") // run 1
	s.relink(exit.Error, "import", "--environment", "production", "one.csv").says("--environment names production, and this database is staging")
	prints("production (protected)\n", s.relink(exit.OK, "db", "label", "production", "--protected"))
	prints("production (protected)\n", s.relink(exit.OK, "db", "label"))

	const refused = "environment production is protected"
	state := func() string {
		return ask[string](s, `
			SELECT concat((SELECT count(*) FROM relink.runs), ' runs, ', (SELECT count(*) FROM relink.marks), ' marks, ',
			    (SELECT md5(string_agg(l::text, '' ORDER BY id)) FROM recording_links AS l), (SELECT label FROM relink.environment))`)
	}
	before := state()
	for _, args := range []string{
		"import one.csv", "reconcile one.csv", "revert 1", "db label staging", "db label --clear",
	} {
		p := s.relink(exit.Error, strings.Fields(args)...)
		p.says(refused, "--environment production", "RELINK_ENVIRONMENT")
	}
	if after := state(); after != before {
		t.Errorf("what was refused has left %s, before it was %s", after, before)
	}
	// A dry run writes nothing; what is named must be right all the same.
	s.relink(exit.OK, "import", "--dry-run", "one.csv")
	s.relink(exit.Error, "import", "--dry-run", "--environment", "staging", "one.csv").says("this database is production")

	p := s.startWith([]string{"RELINK_ENVIRONMENT=production"}, "import", "one.csv") // run 3
	p.exits(exit.OK)
	p.says("the database is production (protected)\n")
	run := s.kill9("--environment", "production") // run 4
	s.relink(exit.Error, "resume", strconv.Itoa(run)).says(refused)
	s.relink(exit.Error, "revert", strconv.Itoa(run)).says(refused)
	if got := s.relink(exit.OK, "runs", "show", strconv.Itoa(run)).stdout.String(); !strings.Contains(got, "state     interrupted\n") || !strings.Contains(got, "label     production\n") {
		t.Errorf("the interrupted run is\n%swant it as it was, with its environment", got)
	}
	p = s.relink(exit.Rejected, "resume", strconv.Itoa(run), "--environment", "production")
	p.says("the database is production (protected)\n")
	if text := s.read(filepath.Join(s.folder(run), "summary.json")); !strings.Contains(text, `"environment": "production"`) {
		t.Errorf("summary.json is %s, want the environment in it", text)
	}
	if page := s.read(filepath.Join(s.folder(run), "report.html")); !strings.Contains(page, "production") {
		t.Error("the page does not say which environment it was")
	}
	// Its files are written again without the label: that does not write to the
	// database.
	s.relink(exit.Rejected, "resume", strconv.Itoa(run))
	if got := s.relink(exit.OK, "revert", "--environment", "production", strconv.Itoa(run)).stdout.String(); !strings.Contains(got, "revert 5 on production: ") {
		t.Errorf("the summary is\n%swant the environment in it", got)
	}
	prints("production (protected)\n", s.relink(exit.OK, "db", "label", "production", "--environment", "production"))
	prints("production\n", s.relink(exit.OK, "db", "label", "--protected=false", "--environment", "production"))
	prints("production (protected)\n", s.relink(exit.OK, "db", "label", "--protected"))
	prints("staging\n", s.relink(exit.OK, "db", "label", "staging", "--environment", "production"))
	prints("this database has no label\n", s.relink(exit.OK, "db", "label", "--clear"))
	s.relink(exit.Error, "db", "label", "--protected").says("--protected needs a label")
	s.relink(exit.Error, "import", "--environment", "production", "one.csv").says("this database has no label", "relink db label production")
}

func TestLabelThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	local := []string{"RELINK_DATABASE=local"} // none of these gets so far
	for args, want := range map[string]string{
		"db label not/good":             "a label is at most 63",
		"db label --clear x":            "--clear goes with no label",
		"db label --clear --protected":  "--clear goes with no label",
		"db label a b":                  "one argument too many",
		"import --environment= one.csv": "--environment is empty",
	} {
		if got := call(t, local, "", strings.Fields(args)...); got.status != exit.Error || !strings.Contains(got.stderr, want) {
			t.Errorf("relink %s exits %d and says %q, want 1 and %q", args, got.status, got.stderr, want)
		}
	}
}

// The server writes, too: it is not started on a protected database that it does
// not name.
func TestServeNamesTheEnvironment(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.relink(exit.OK, "db", "label", "production", "--protected")
	s.relink(exit.OK, "serve", "token", "add", "--organization", "o-1", "--tokens-file", "tokens", "--out", "token")
	s.relink(exit.Error, "serve", "--tokens-file", "tokens", "--listen", "127.0.0.1:0").says("is protected")
	p := s.start("serve", "--tokens-file", "tokens", "--listen", "127.0.0.1:0", "--environment", "production")
	s.until("it listens", func() bool { return strings.Contains(p.stderr.String(), "listening on") })
	p.Process.Signal(syscall.SIGTERM)
	p.exits(exit.OK)
}
