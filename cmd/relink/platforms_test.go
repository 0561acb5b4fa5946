package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/linker/httpapi"
	"relink/linker/postgres/pgtest"
)

// shape is a database with one of the platforms of package pgtest, in which the
// program runs as processes of its own.
type shape struct {
	*site
	pgtest.Platform
}

// onEveryPlatform runs a test on a fresh database of each platform.
func onEveryPlatform(t *testing.T, test func(*shape)) {
	t.Parallel()
	for _, p := range pgtest.Platforms() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			test(newShape(t, p))
		})
	}
}

func newShape(t *testing.T, p pgtest.Platform) *shape {
	return &shape{&site{t: t, url: p.Database(t), dir: t.TempDir()}, p}
}

// relink runs the program on the platform to its end.
func (s *shape) relink(status int, args ...string) *process {
	s.t.Helper()
	p := s.begin(args...)
	p.stdin.Close()
	p.exits(status)
	return p
}

func (s *shape) begin(args ...string) *process {
	s.t.Helper()
	return s.startWith([]string{"RELINK_SCHEMA=" + s.Schema}, args...)
}

// current are the current links as the platform's own table has them.
func (s *shape) current() string {
	s.t.Helper()
	return ask[string](s.site, `
		SELECT coalesce(string_agg(concat_ws(' ', recording, entity, word, how), E'\n' ORDER BY recording COLLATE "C"), '')
		FROM world.current`)
}

// reported is the report of a run, read.
func (s *shape) reported(run string) []map[string]string {
	s.t.Helper()
	folders, err := filepath.Glob(filepath.Join(s.dir, "runs", "*-"+run, "report.csv"))
	if err != nil || len(folders) != 1 {
		s.t.Fatalf("reports of run %s: %v, %v", run, folders, err)
	}
	all, err := csv.NewReader(strings.NewReader(s.read(folders[0]))).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	var rows []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// text is the report of a run as it stands.
func (s *shape) text(run string) string {
	s.t.Helper()
	return report(s.t, filepath.Join(s.dir, "runs"), "*-"+run)
}

// decided is one row of a file, in numbers, and what becomes of it.
type decided struct {
	recording int
	dataType  string
	target    string // of the columns id,externalId,integrationConnectionId
	outcome   string // or the code of a rejected row
	previous  int    // CRM row, 0 for none
	hint      string // in the message
}

func (s *shape) byID(n int) string { return s.Entity(n) + ",," }

func (s *shape) byExternal(id string, connection int) string {
	return "," + id + "," + s.Connection(connection)
}

func (s *shape) decisions() []decided {
	rows := []decided{
		{2, "ACCOUNT", s.byID(2), "created", 0, ""},
		{4, "account", s.byExternal("x-3", 1), "created", 0, ""},
		{6, "LEAD", s.byExternal("x-21", 1), "created", 0, ""},
		{8, "OPPORTUNITY", s.byExternal("70130000001tcyI", 1), "created", 0, "found as 70130000001tcyIAAQ"},
		{10, "OPPORTUNITY", s.byExternal("x-28", 2), "created", 0, ""},
		{12, "CONTACT", s.byExternal("000123", 2), "created", 0, ""},
		{1, "ACCOUNT", s.byID(1), "unchanged", 1, ""},
		{3, "OPPORTUNITY", s.byID(26), "unchanged", 26, ""},
		{5, "ACCOUNT", s.byID(4), "replaced", 22, ""},
		{9, "OPPORTUNITY", s.byID(28), "replaced", 1, ""},
		{14, "LEAD", s.byID(2), "data_type_mismatch", 0, ""},
		{14, "ACCOUNT", s.byExternal("x-28", 2), "entity_not_found", 0, "an OPPORTUNITY in the connection"},
		{14, "ACCOUNT", s.byExternal("X-4", 1), "entity_not_found", 0, "differs in letter case"},
		{14, "ENGAGEMENT", s.byExternal("x-1", 1), "entity_not_found", 0, "an ACCOUNT in the connection"},
		{14, "ACCOUNT", s.byExternal("x-22", 1), "entity_not_found", 0, "exists in connection"},
		{14, "ACCOUNT", s.Entity(2) + ",," + s.Connection(2), "connection_mismatch", 0, ""},
		{99, "ACCOUNT", s.byID(2), "recording_not_found", 0, ""},
		{16, "ACCOUNT", s.byID(5), "conflicting_rows", 0, ""},
		{16, "LEAD", s.byID(21), "conflicting_rows", 0, ""},
		{18, "ACCOUNT", s.byID(5), "created", 0, ""},
		{18, "ACCOUNT", s.byExternal("x-5", 1), "unchanged", 0, ""},
	}
	if !s.Single {
		rows = append(rows,
			decided{61, "ACCOUNT", s.byID(2), "recording_deleted", 0, ""},
			decided{62, "ACCOUNT", s.byID(2), "organization_mismatch", 0, ""},
			decided{20, "ACCOUNT", s.byID(25), "organization_mismatch", 0, ""},
			decided{20, "ACCOUNT", s.byID(23), "entity_deleted", 0, ""},
			decided{20, "ACCOUNT", s.byID(24), "entity_merged", 0, ""},
		)
	}
	return rows
}

func TestEveryPlatformDecidesAlike(t *testing.T) {
	onEveryPlatform(t, func(s *shape) {
		rows := s.decisions()
		var b strings.Builder
		b.WriteString("recordingId,dataType,id,externalId,integrationConnectionId,trigger\n")
		for _, d := range rows {
			how := ""
			if s.Triggers && d.recording == 2 {
				how = "USER_LINK_MOBILE"
			}
			fmt.Fprintf(&b, "%s,%s,%s,%s\n", s.Recording(d.recording), d.dataType, d.target, how)
		}
		s.file("decide.csv", b.String())
		before := s.current()
		s.relink(2, "import", "--dry-run", "decide.csv")
		if got := s.current(); got != before {
			t := cmp.Diff(before, got)
			s.t.Errorf("links after a dry run (-before +after):\n%s", t)
		}
		s.relink(2, "import", "decide.csv")
		if diff := cmp.Diff(s.text("1"), s.text("2")); diff != "" {
			s.t.Errorf("reports (-dry run +run):\n%s", diff)
		}
		for i, got := range s.reported("2") {
			want := rows[i]
			previous := ""
			if want.previous != 0 {
				previous = s.Entity(want.previous)
			}
			if outcome := got["outcome"]; (outcome != want.outcome && got["code"] != want.outcome) ||
				got["previousEntityId"] != previous || !strings.Contains(got["message"], want.hint) {
				s.t.Errorf("row %d %+v became %v", i+1, want, got)
			}
		}
		for _, want := range []struct {
			recording, entity int
			dataType          string
		}{{2, 2, "ACCOUNT"}, {5, 4, "ACCOUNT"}, {6, 21, "LEAD"}, {8, 26, "OPPORTUNITY"}, {9, 28, "OPPORTUNITY"}, {18, 5, "ACCOUNT"}} {
			got := ask[string](s.site, "SELECT concat_ws(' ', entity, word) FROM world.current WHERE recording = $1", s.Recording(want.recording))
			if line := strings.TrimSpace(s.Entity(want.entity) + " " + s.Word(want.dataType)); got != line {
				s.t.Errorf("recording %d is linked to %q, want %q", want.recording, got, line)
			}
		}
		// It is all there: the same file changes nothing any more.
		done := s.relink(2, "import", "--dry-run", "--json", "decide.csv").stdout.String()
		if strings.Contains(done, `"created":`) || strings.Contains(done, `"replaced":`) || !strings.Contains(done, `"unchanged": 12`) {
			s.t.Errorf("the same file again: %s", done)
		}
	})
}

// manyRows writes a file that asks for a link of each of the 60 recordings: half of
// them new, half replaced but for those to CRM row 1.
func (s *shape) manyRows() {
	s.t.Helper()
	var b strings.Builder
	b.WriteString("recordingId,dataType,id\n")
	for n := 1; n <= 60; n++ {
		fmt.Fprintf(&b, "%s,ACCOUNT,%s\n", s.Recording(n), s.Entity(n%9+1))
	}
	s.file("links.csv", b.String())
}

func (s *shape) slowly(d time.Duration) {
	s.t.Helper()
	s.exec(fmt.Sprintf(`
		CREATE OR REPLACE FUNCTION world.linger() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
		    PERFORM pg_catalog.pg_sleep(%f);
		    RETURN NULL;
		END $$;
		CREATE OR REPLACE TRIGGER linger AFTER INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION world.linger()`, d.Seconds(), s.Links))
}

func TestEveryPlatformResumesAfterKill(t *testing.T) {
	onEveryPlatform(t, func(s *shape) {
		undisturbed := newShape(s.t, s.Platform)
		undisturbed.manyRows()
		undisturbed.relink(0, "import", "links.csv")

		s.manyRows()
		before := s.current()
		s.slowly(100 * time.Millisecond)
		p := s.begin("import", "--batch-rows", "5", "--lanes", "1", "links.csv")
		marks := func() int { return ask[int](s.site, "SELECT count(*) FROM relink.marks") }
		s.until("the run applies", func() bool { return marks() >= 10 && s.held() })
		p.kills()
		s.slowly(0)
		s.relink(0, "resume", "1")
		if diff := cmp.Diff(undisturbed.text("1"), s.text("1")); diff != "" {
			s.t.Errorf("reports (-undisturbed +resumed):\n%s", diff)
		}
		after := s.current()
		if want := undisturbed.current(); after != want {
			s.t.Errorf("links (-undisturbed +resumed):\n%s", cmp.Diff(want, after))
		}
		if made := marks(); made == 0 || made != ask[int](s.site, "SELECT count(DISTINCT recording_id) FROM relink.marks") {
			s.t.Errorf("%d marks, want one for each recording that was changed", made)
		}

		// Taken back, and that taken back again.
		s.relink(0, "revert", "1")
		if got := s.current(); got != before {
			s.t.Errorf("links after the revert (-before +after):\n%s", cmp.Diff(before, got))
		}
		s.relink(0, "revert", "2")
		if got := s.current(); got != after {
			s.t.Errorf("links after the revert of the revert (-before +after):\n%s", cmp.Diff(after, got))
		}
		s.relink(0, "revert", "1")
		if got := s.current(); got != before {
			s.t.Errorf("links after the first run was taken back again (-before +after):\n%s", cmp.Diff(before, got))
		}
	})
}

func TestEveryPlatformReconciles(t *testing.T) {
	onEveryPlatform(t, func(s *shape) {
		var b strings.Builder
		b.WriteString("recordingId,dataType,id\n")
		for n := 1; n <= 40; n++ {
			fmt.Fprintf(&b, "%s,ACCOUNT,%s\n", s.Recording(n), s.Entity(n%9+1))
		}
		s.file("night.csv", b.String())
		before := s.current()
		args := []string{"reconcile", "--connection", s.Connection(1), "--data-type", "ACCOUNT", "--prune", "--max-changes", "100%", "night.csv"}
		// Recordings 3 and 5 are linked to a CRM row outside the scope.
		s.relink(2, append(args, "--dry-run")...)
		if got := s.current(); got != before {
			s.t.Errorf("links after a dry run (-before +after):\n%s", cmp.Diff(before, got))
		}
		s.relink(2, args...)
		if diff := cmp.Diff(s.text("1"), s.text("2")); diff != "" {
			s.t.Errorf("reports (-dry run +run):\n%s", diff)
		}
		outcomes := map[string]int{}
		for _, row := range s.reported("2") {
			outcomes[row["outcome"]+row["code"]]++
		}
		want := map[string]int{"created": 20, "replaced": 16, "unchanged": 2, "rejectedlinked_elsewhere": 2, "cleared": 10}
		if diff := cmp.Diff(want, outcomes); diff != "" {
			s.t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		if got := strings.Count(s.current(), "\n") + 1; got != 40 {
			s.t.Errorf("%d links, want 40", got)
		}
		s.relink(0, "revert", "2")
		if got := s.current(); got != before {
			s.t.Errorf("links after the revert (-before +after):\n%s", cmp.Diff(before, got))
		}
	})
}

// What an export writes, an import takes back without a change, and history and
// survey know all links.
func TestEveryPlatformIsLookedInto(t *testing.T) {
	onEveryPlatform(t, func(s *shape) {
		s.file("one.csv", "recordingId,dataType,id\n"+s.Recording(9)+",OPPORTUNITY,"+s.Entity(26)+"\n")
		s.relink(0, "import", "one.csv")
		s.file("all.csv", s.relink(0, "export").stdout.String())
		again := s.relink(0, "import", "--map", "id=", "--json", "all.csv").stdout.String()
		if !strings.Contains(again, `"unchanged": 30`) || !strings.Contains(again, `"rows": 30`) {
			s.t.Errorf("the export imported: %s", again)
		}
		survey := s.relink(0, "survey").stdout.String()
		if !strings.Contains(survey, "OPPORTUNITY") || !strings.Contains(survey, "ACCOUNT") {
			s.t.Errorf("survey says\n%s", survey)
		}
		history := s.relink(0, "history", s.Recording(9)).stdout.String()
		for _, want := range []string{"OPPORTUNITY", "ACCOUNT", s.Entity(1), s.Entity(26)} {
			if !strings.Contains(history, want) {
				s.t.Errorf("history does not say %q:\n%s", want, history)
			}
		}
	})
}

// A file sent row by row to a server on the platform ends as an import does.
func TestEveryPlatformThroughAPI(t *testing.T) {
	onEveryPlatform(t, func(s *shape) {
		direct := newShape(s.t, s.Platform)
		direct.manyRows()
		direct.relink(0, "import", "links.csv")
		s.manyRows()
		organization := s.Organization(1)
		if s.Single {
			organization = s.Schema
		}
		tokens := filepath.Join(s.dir, "tokens")
		token, err := httpapi.AddToken(tokens, organization)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.dir, "token"), []byte(token+"\n"), 0o600); err != nil {
			s.t.Fatal(err)
		}
		args := []string{"--tokens-file", tokens, "--database", s.url, "--rate-limit", "off"}
		if s.Schema != "" {
			args = append(args, "--schema", s.Schema)
		}
		server := startServe(s.t, args...)
		s.site.relink(0, "import", "--api", server.url, "--token-file", "token", "--rate", "off", "links.csv")
		ofAPI := report(s.t, filepath.Join(s.dir, "runs"), "*-api")
		if diff := cmp.Diff(direct.text("1"), ofAPI); diff != "" {
			s.t.Errorf("reports (-database +api):\n%s\n%s", diff, server.said())
		}
		if want, got := direct.current(), s.current(); want != got {
			s.t.Errorf("links (-database +api):\n%s", cmp.Diff(want, got))
		}
	})
}

// Links are cleared by a list, and moved by a map, on every platform.
func TestEveryPlatformUnlinksAndRemaps(t *testing.T) {
	onEveryPlatform(t, func(s *shape) {
		before := s.current()
		s.file("gone.csv", fmt.Sprintf("recordingId,dataType,id\n%s,ACCOUNT,%s\n%s,OPPORTUNITY,%s\n%s,ACCOUNT,%s\n",
			s.Recording(1), s.Entity(1), s.Recording(3), s.Entity(26), s.Recording(5), s.Entity(1)))
		s.relink(0, "unlink", "gone.csv")
		for n, want := range map[int]int{1: 0, 3: 0, 5: 1} {
			if got := ask[int](s.site, "SELECT count(*) FROM world.current WHERE recording = $1", s.Recording(n)); got != want {
				s.t.Errorf("recording %d has %d links, want %d", n, got, want)
			}
		}
		s.relink(0, "revert", "1")
		if got := s.current(); got != before {
			s.t.Errorf("links after the revert of unlink (-before +after):\n%s", cmp.Diff(before, got))
		}
		s.file("map.csv", "dataType,externalId,newDataType,newExternalId\nACCOUNT,x-1,ACCOUNT,x-22\nOPPORTUNITY,70130000001tcyI,OPPORTUNITY,x-28\n")
		s.relink(0, "remap", "--from", s.Connection(1), "--to", s.Connection(2), "map.csv")
		moved := ask[int](s.site, "SELECT count(*) FROM world.current WHERE entity IN ($1, $2)", s.Entity(22), s.Entity(28))
		if moved != 30 {
			s.t.Errorf("%d links to the new CRM rows, want all 30", moved)
		}
	})
}

// A trigger that the platform has no word for is refused with its row alone.
func TestTriggerWithoutAWord(t *testing.T) {
	t.Parallel()
	for _, p := range pgtest.Platforms() {
		if p.Name != "names" {
			continue
		}
		s := newShape(t, p)
		s.file("links.csv", "recordingId,dataType,id,trigger\n2,ACCOUNT,1002,USER_LINK_WEB\n4,ACCOUNT,1002,CALENDAR_MATCH\n1,ACCOUNT,1003,CALENDAR_MATCH\n6,ACCOUNT,1002,\n")
		s.relink(2, "import", "links.csv")
		for i, want := range []string{"created", "failed", "failed", "created"} {
			if got := s.reported("1")[i]; got["outcome"] != want || want == "failed" && !strings.Contains(got["message"], "CALENDAR_MATCH") {
				t.Errorf("row %d is %v, want %s", i+1, got, want)
			}
		}
		if got := ask[string](s.site, "SELECT string_agg(concat_ws(' ', recording, entity, how), ', ' ORDER BY recording) FROM world.current WHERE recording IN ('1', '2', '4', '6')"); got != "1 1001, 2 1002 web, 6 1002" {
			t.Errorf("links: %s", got)
		}
	}
}

// What stood at an earlier moment, only a platform with both times can say.
func TestExportOfThePast(t *testing.T) {
	onEveryPlatform(t, func(s *shape) {
		s.manyRows()
		s.relink(0, "import", "links.csv")
		if s.Name == "rows" || s.Name == "flag" {
			s.relink(1, "export", "--at-run", "1").says("does not keep when a link was made and cleared")
			return
		}
		if got := strings.Count(s.relink(0, "export", "--at-run", "1").stdout.String(), "\n"); got != 31 {
			s.t.Errorf("%d lines, want a header and the 30 links from before", got)
		}
	})
}
