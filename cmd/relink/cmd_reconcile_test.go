package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The guard of changes, at its edges: n links in connection c-1, of which the
// file leaves out or moves some.
func TestReconcileGuardOfChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		links           int
		cleared, moved  int
		others          int // links of connection c-2, left as they are
		options         []string
		want            int
		numbers, groups string
	}{
		{name: "ten of few, though a quarter", links: 40, cleared: 10, want: 0},
		{name: "eleven of few", links: 40, cleared: 11, want: 4, numbers: "11 of 40 current links", groups: "11 of 40 current links (0 replaced, 11 cleared)"},
		{name: "replaced and cleared count together", links: 40, cleared: 5, moved: 6, want: 4, numbers: "11 of 40", groups: "(6 replaced, 5 cleared)"},
		{name: "a fifth of nearly a hundred", links: 99, moved: 19, want: 0},
		{name: "more than a fifth of nearly a hundred", links: 99, moved: 20, want: 4, numbers: "20 of 99 current links"},
		{name: "a fifth of many", links: 100, cleared: 10, moved: 10, want: 0},
		{name: "one over a fifth of many", links: 100, cleared: 11, moved: 10, want: 4, numbers: "21 of 100 current links"},
		{name: "one connection over, the whole is not", links: 60, cleared: 13, others: 300, want: 4, numbers: `13 of 60 current links of connection "c-1"`},
		{name: "a limit that is given, at it", links: 40, cleared: 3, options: []string{"--max-changes", "3"}, want: 0},
		{name: "a limit that is given, over it", links: 40, cleared: 4, options: []string{"--max-changes", "3"}, want: 4, numbers: "more than the 3 that --max-changes allows"},
		{name: "forced by another number", links: 40, cleared: 20, options: []string{"--force", "19"}, want: 4, numbers: "--force 19 does not allow it, since the plan changes 20"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			w.recordings(1, 1000)
			w.accounts("c-1", 1, 200)
			w.accounts("c-2", 1, 1000)
			w.link("c-1", 1, c.links)
			rows := pairs(c.cleared+1, c.links)
			for i := range c.moved {
				rows[i] = fmt.Sprintf("r-%d x-200", c.cleared+1+i)
			}
			args := append([]string{"reconcile", "--connection", "c-1", "--prune"}, c.options...)
			if c.others > 0 {
				w.link("c-2", 501, 500+c.others)
				args = []string{"reconcile", "--connection", "c-1,c-2", "--prune"}
			}
			text := "recordingId,dataType,id\n"
			for _, row := range rows {
				text += strings.Replace(row, " x-", ",ACCOUNT,a-c-1-", 1) + "\n"
			}
			for n := 501; n <= 500+c.others; n++ {
				text += fmt.Sprintf("r-%d,ACCOUNT,a-c-2-%d\n", n, n)
			}
			args = append(args, w.raw("links.csv", text))

			before := w.digest("true")
			if c.numbers != "" && c.groups != "" {
				w.must(c.want, append(args, "--dry-run")...)
			}
			got := w.must(c.want, args...)
			if w.count("cleared") != c.cleared || w.count("replaced") != c.moved {
				t.Errorf("the report has %d cleared and %d replaced, want %d and %d", w.count("cleared"), w.count("replaced"), c.cleared, c.moved)
			}
			if c.want == 0 {
				return
			}
			if !strings.Contains(got.stderr, c.numbers) || !strings.Contains(got.stderr, c.groups) {
				t.Errorf("the refusal is\n%s\nwant it to tell %q and %q", got.stderr, c.numbers, c.groups)
			}
			if w.digest("true") != before {
				t.Error("a refused run wrote")
			}
			if len(c.options) > 0 || c.groups != "" {
				return
			}
			force := strconv.Itoa(c.cleared + c.moved)
			if !strings.Contains(got.stderr, "--force "+force+"\n") {
				t.Errorf("the refusal is\n%s\nwant it to name --force %s", got.stderr, force)
			}
			w.must(0, append(args, "--force", force)...)
		})
	}
}

// Files that are not what the links should be.
func TestReconcileBadFiles(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 200)
	w.accounts("c-1", 1, 200)
	w.accounts("c-2", 1, 200)
	w.link("c-1", 1, 100)
	w.link("c-2", 101, 110)
	other := pairs(1, 100)
	for i := range other {
		other[i] = fmt.Sprintf("r-%d x-%d", i+1, 200-i)
	}
	before := w.digest("true")
	for _, c := range []struct {
		name string
		file string
		want int
		says string
	}{
		{"nothing at all", w.raw("nothing.csv", ""), 1, "empty"},
		{"nothing at all, in lines of JSON", w.raw("nothing.jsonl", ""), 3, "the file has no row"},
		{"a header alone", w.file("header.csv", "c-1"), 3, "the file has no row"},
		{"an error page", w.raw("page.csv", "<html>\n<body>502 Bad Gateway</body>\n"), 1, "HTML"},
		{"rows of another world", w.file("world.csv", "c-1", "q-1 x-1", "q-2 x-2"), 3, "none of 2 rows is good"},
		{"a connection that is gone", w.file("gone.csv", "c-7", pairs(1, 100)...), 3, "none of 100 rows is good"},
		{"rows of another scope", w.file("scope.csv", "c-2", pairs(101, 110)...), 3, "none of 10 rows is good"},
		{"half a file", w.file("half.csv", "c-1", pairs(1, 50)...), 4, "50 of 100 current links"},
		{"a file of another day", w.file("day.csv", "c-1", other...), 4, "100 of 100 current links"},
		{"too short a file", w.file("short.csv", "c-1", pairs(1, 9)...), 1, "fewer than the 10"},
	} {
		args := []string{"reconcile", "--connection", "c-1", "--prune", "--min-rows"}
		rows := "0"
		if c.want == 1 {
			rows = "10"
		}
		args = append(args, rows)
		if c.want == 3 {
			// no option makes such a file a good one
			args = append(args, "--max-changes", "100%", "--max-rejects", "100%", "--force", "100", "--take-over")
			if strings.Contains(c.name, "scope") {
				args = append(args, "--on-conflict", "last")
			}
		}
		got := w.must(c.want, append(args, c.file)...)
		if !strings.Contains(got.stderr, c.says) {
			t.Errorf("%s: stderr is %q, want %q in it", c.name, got.stderr, c.says)
		}
	}
	if w.digest("true") != before {
		t.Error("a bad file changed links")
	}
}

// Reconciling is idempotent: a second run writes nothing, and dry runs before
// and after show the difference.
func TestReconcileTwice(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 60)
	w.accounts("c-1", 1, 60)
	w.link("c-1", 1, 50)
	file := w.file("links.csv", "c-1", append(pairs(6, 55), "r-1 x-9")...)
	args := []string{"reconcile", "--connection", "c-1", "--prune", file}
	w.must(5, append(args, "--dry-run")...)
	if got := w.must(0, args...); got != (result{}) {
		t.Errorf("a night without trouble says %q and %q with --quiet, want nothing", got.stdout, got.stderr)
	}
	before := w.digest("true")
	w.must(0, append(args, "--dry-run")...)
	w.must(0, args...)
	if n := w.count("unchanged"); n != 51 || len(w.report()) != n {
		t.Errorf("the second time %d of %d lines are unchanged, want all 51", n, len(w.report()))
	}
	if w.digest("true") != before {
		t.Error("the second time something was written")
	}
	if left := w.ask("SELECT count(*)::text FROM pg_class WHERE relnamespace = 'relink'::regnamespace AND relname LIKE 'run\\_%'"); left != "0" {
		t.Errorf("%s working tables are left", left)
	}
}

// Outside its scope a reconciliation writes nothing.
func TestReconcileLeavesWhatIsOutOfScope(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		options []string
		inside  string // of the links
		file    string
		cleared int
	}{
		{
			"another connection",
			[]string{"--connection", "c-1"},
			"e.integration_connection_id = 'c-1'", "r-1,ACCOUNT,a-c-1-1\n", 7,
		},
		{
			"another type",
			[]string{"--connection", "c-1", "--data-type", "LEAD"},
			"e.integration_connection_id = 'c-1' AND l.data_type = 'LEAD'", "r-31,LEAD,lead-31\n", 2,
		},
		{
			"another organization",
			[]string{"--organization", "o-2"},
			"e.integration_connection_id = 'c-9'", "s-1,ACCOUNT,a-c-9-1\n", 4,
		},
		{
			"two connections and one type",
			[]string{"--connection", "c-1,c-2", "--data-type", "ACCOUNT"},
			"e.integration_connection_id IN ('c-1', 'c-2') AND l.data_type = 'ACCOUNT'", "r-1,ACCOUNT,a-c-1-1\n", 9,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			w.recordings(1, 40)
			w.accounts("c-1", 1, 40)
			w.accounts("c-2", 1, 40)
			w.accounts("c-9", 1, 40)
			w.link("c-1", 1, 5)
			w.link("c-2", 11, 15)
			w.exec(`
				INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
				SELECT 'lead-' || n, 'LEAD', 'c-1', 'l-' || n FROM generate_series(31, 33) AS n;
				INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
				SELECT 'r-' || n, 'LEAD', 'lead-' || n, now() FROM generate_series(31, 33) AS n;
				INSERT INTO recordings (id, organization_id) SELECT 's-' || n, 'o-2' FROM generate_series(1, 5) AS n;
				INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
				SELECT 's-' || n, 'ACCOUNT', 'a-c-9-' || n, now() FROM generate_series(1, 5) AS n;
				-- across organizations, as should not be
				INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-40', 'ACCOUNT', 'a-c-9-40', now())`)
			before := w.digest("NOT (" + c.inside + ")")
			args := append([]string{"reconcile", "--prune", w.raw("links.csv", "recordingId,dataType,id\n"+c.file)}, c.options...)
			w.must(0, args...)
			if got := w.count("cleared"); got != c.cleared {
				t.Errorf("%d links are cleared, want %d:\n%s", got, c.cleared, strings.Join(w.report(), "\n"))
			}
			if w.digest("NOT ("+c.inside+")") != before {
				t.Error("links out of scope have changed")
			}
			if c.options[0] == "--organization" && w.ask("SELECT count(*)::text FROM recording_links WHERE recording_id = 'r-40' AND cleared_at IS NULL") != "1" {
				t.Error("the link of a recording of another organization was cleared")
			}
		})
	}
}

// Whatever leaves a doubt about which recordings the file means to keep
// withholds the prune, with status 2 and the reason.
func TestReconcileWithholdsPrune(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 20)
	w.accounts("c-1", 1, 20)
	w.link("c-1", 1, 10)
	before := w.digest("true")
	const good = "r-1,ACCOUNT,x-1,c-1\n"
	for name, row := range map[string]string{
		"malformed_row":          "r-2,\"ACC\"OUNT,x-2,c-1\n",
		"ragged":                 "r-2,ACCOUNT\n",
		"invalid_encoding":       "r-2,ACCOUNT,\xff,c-1\n",
		"record_too_long":        "r-2,ACCOUNT,x-2,\"" + strings.Repeat("c", 1<<20) + "\"\n",
		"missing_recording_id":   ",ACCOUNT,x-2,c-1\n",
		"too long":               strings.Repeat("r", 256) + ",ACCOUNT,x-2,c-1\n",
		"too long, and no type":  strings.Repeat("r", 256) + ",,x-2,c-1\n",
		"spreadsheet_damaged_id": "1.23E+17,ACCOUNT,x-2,c-1\n",
		"looks damaged":          "123456789012345000000,ACCOUNT,x-2,c-1\n",
		"no platform's id":       "r -4,ACCOUNT,x-4,c-1\n",
	} {
		file := w.raw("links.csv", "recordingId,dataType,externalId,integrationConnectionId\n"+good+row)
		got := w.must(2, "reconcile", "--connection", "c-1", "--prune", "--max-changes", "100%", file)
		if !strings.Contains(got.stderr, "relink: warning: nothing was cleared: line 3 has no recording id that can be trusted") {
			t.Errorf("%s: stderr is %q, want the reason", name, got.stderr)
		}
		if n := w.count("extra"); n != 9 {
			t.Errorf("%s: %d links are extra, want 9", name, n)
		}
	}
	if w.digest("true") != before {
		t.Error("a prune that is withheld cleared links")
	}

	// Recordings that rejected rows name, or nearly, are left; others are not.
	file := w.raw("links.csv", "recordingId,dataType,externalId,integrationConnectionId\n"+good+
		"R-2,ACCOUNT,x-2,c-1\nr-3,ACCOUNT,x-99,c-1\nr4,ACCOUNT,x-4,c-1\nr-5,ACCOUNT,,c-1\n")
	w.must(2, "reconcile", "--connection", "c-1", "--prune", "--max-changes", "100%", file)
	want := []string{"r-1>a-c-1-1", "r-2>a-c-1-2", "r-3>a-c-1-3", "r-4>a-c-1-4", "r-5>a-c-1-5"}
	if diff := cmp.Diff(want, w.current()); diff != "" {
		t.Errorf("current links (-want +got):\n%s", diff)
	}
}

// A link that another session holds is not cleared, and the status shows it.
func TestReconcileTellsOfWhatItCouldNotClear(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 20)
	w.accounts("c-1", 1, 20)
	w.link("c-1", 1, 10)
	args := []string{"reconcile", "--connection", "c-1", "--prune", w.file("links.csv", "c-1", pairs(3, 10)...)}
	tx, err := w.conn.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(context.Background(), "SELECT FROM recording_links WHERE recording_id = 'r-2' FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	got := w.relink(args...)
	if err := tx.Rollback(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got.status != 2 {
		t.Errorf("exit status %d, want 2\n%s%s", got.status, got.stdout, got.stderr)
	}
	lines := w.report()
	if diff := cmp.Diff([]string{"cleared  r-1 a-c-1-1", "extra  r-2 a-c-1-2"}, lines[8:]); diff != "" {
		t.Errorf("extras (-want +got):\n%s", diff)
	}
	w.must(0, args...)
	if diff := cmp.Diff([]string{"cleared  r-2 a-c-1-2"}, w.report()[8:]); diff != "" {
		t.Errorf("extras, the second time (-want +got):\n%s", diff)
	}

	// Its report, written again, does not include links that are younger.
	w.exec(`INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-12', 'ACCOUNT', 'a-c-1-12', clock_timestamp())`)
	folder := w.ask("SELECT out_dir FROM relink.runs WHERE id = 2")
	w.must(0, "report", "2")
	if text := read(t, filepath.Join(folder, "report.csv")); strings.Contains(text, "r-12") || !strings.Contains(text, "r-2,") {
		t.Errorf("the report written again is\n%s", text)
	}
}

// Two files that both name a recording leave it to the one that has it.
func TestReconcileTwoScopesInTurn(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 30)
	w.accounts("c-1", 1, 30)
	w.accounts("c-2", 1, 30)
	w.link("c-1", 1, 10)
	w.link("c-2", 11, 20)
	one := []string{"reconcile", "--connection", "c-1", "--prune", w.file("one.csv", "c-1", pairs(1, 11)...)}
	two := []string{"reconcile", "--connection", "c-2", "--prune", w.file("two.csv", "c-2", pairs(10, 20)...)}
	before := w.digest("true")
	for range 2 {
		w.must(2, one...)
		if diff := cmp.Diff("rejected linked_elsewhere r-11", w.report()[10]); diff != "" {
			t.Errorf("scope c-1 (-want +got):\n%s", diff)
		}
		w.must(2, two...)
		if diff := cmp.Diff("rejected linked_elsewhere r-10", w.report()[0]); diff != "" {
			t.Errorf("scope c-2 (-want +got):\n%s", diff)
		}
	}
	if w.digest("true") != before {
		t.Error("the two have changed links")
	}
	w.must(0, append(two, "--take-over")...)
	if got := w.ask("SELECT entity_id FROM recording_links WHERE recording_id = 'r-10' AND cleared_at IS NULL"); got != "a-c-2-10" {
		t.Errorf("r-10 is linked to %s, want it taken over", got)
	}
}

// What a person linked by hand stays, is not drift, and counts against no
// guard.
func TestReconcileKeepsTriggers(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 30)
	w.accounts("c-1", 1, 30)
	w.link("c-1", 1, 12)
	w.exec(`UPDATE recording_links SET trigger = 'USER_LINK_WEB' WHERE recording_id IN ('r-1', 'r-2', 'r-3')`)
	file := w.file("links.csv", "c-1", append(pairs(4, 12), "r-3 x-30")...)
	args := []string{"reconcile", "--connection", "c-1", "--prune", file}
	before := w.digest("true")
	keep := append(args, "--keep-trigger", "USER_LINK_WEB,USER_LINK_MOBILE", "--max-changes", "0")
	w.must(0, append(keep, "--dry-run")...)
	dir := w.ask("SELECT out_dir FROM relink.runs ORDER BY id DESC LIMIT 1")
	for name, want := range map[string]string{
		"summary.json": `"drift": false`,
		"report.html":  "Dry run: the links in scope match the file; 2 links that the file does not mention would be left on purpose.",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s of the dry run (%v) does not say %s", name, err, want)
		}
	}
	w.must(0, keep...)
	if got := w.ask("SELECT string_agg(left_alone::text, ' ' ORDER BY id) FROM relink.runs WHERE kind = 'reconcile'"); got != "2 2" {
		t.Errorf("left alone: %s, want 2 2", got)
	}
	if w.digest("true") != before {
		t.Error("links were written")
	}
	if w.count("kept") != 1 || w.count("extra") != 2 {
		t.Errorf("the report is\n%s\nwant one kept and two extra", strings.Join(w.report(), "\n"))
	}
	w.must(4, append(args, "--max-changes", "2")...)
	w.must(0, append(args, "--max-changes", "3")...)
	if w.count("cleared") != 2 || w.count("replaced") != 1 {
		t.Errorf("the report is\n%s\nwant two cleared and one replaced", strings.Join(w.report(), "\n"))
	}
}
