package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
)

// A retry sends the rows that time can heal, and no others, as they are in the
// rejects file, in any format, encoding and compression.
func TestRetry(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 5)
	w.accounts("c-1", 1, 2)
	// Faults of every kind among the rows that heal: two stray quotes that the
	// rejects file brings next to each other, a repeated row, a formula.
	file := w.raw("links.csv", "recordingId,dataType,externalId,integrationConnectionId,owner\n"+
		"r-1,ACCOUNT,x-1,c-1,a\n"+
		"r-9,ACC\"OUNT,x-1,c-1,b\n"+
		"r-2,ACCOUNT,x-2,c-1,\"c,\"\"c\"\n"+
		"r-3,\"ACCOUNT,x-3,c-1,d\n"+
		"r-4,ACCOUNT,x-4,c-1,\"é\ne\"\n"+
		"r-5,ACCOUNT,x-5,c-1\n"+
		"r-1,LEED,=x,c-1,f\n"+
		"r-6,ACCOUNT,x-1,c-1,g\n"+
		"r-4,ACCOUNT,x-4,c-1,h\n"+
		"r-5,ACCOUNT,=x-5,c-1,i")
	w.must(exit.Rejected, "import", file)
	w.accounts("c-1", 3, 5)
	before := w.digest("true")

	dry := w.must(exit.Rejected, "retry", "--dry-run", "1")
	if w.digest("true") != before {
		t.Error("a dry run wrote")
	}
	if want := "created r-4, rejected recording_not_found r-6, unchanged r-4, rejected entity_not_found r-5"; !sameLines(w.report(), want) {
		t.Errorf("the dry run reports %q, want %s\n%s", w.report(), want, dry.stdout)
	}

	w.must(exit.Rejected, "retry", "1")
	if got := strings.Join(w.current(), " "); got != "r-1>a-c-1-1 r-2>a-c-1-2 r-4>a-c-1-4" {
		t.Errorf("after the retry the links are %s", got)
	}
	if got, want := w.ask("SELECT kind || ' ' || state || ' ' || source_name FROM relink.runs WHERE id = 3"), "import done the rejects of run 1"; got != want {
		t.Errorf("the retry is recorded as %q, want %q", got, want)
	}
	if page := read(t, filepath.Join(w.ask("SELECT out_dir FROM relink.runs WHERE id = 3"), "report.html")); !strings.Contains(page, "run 1, refused since ") {
		t.Error("the page does not say which run the rows are of")
	}

	// What is left of the retry is retried from there, with the age of the
	// first refusal.
	w.exec("INSERT INTO recordings (id, organization_id) VALUES ('r-6', 'o-1')")
	w.exec("UPDATE relink.runs SET options = jsonb_set(options, '{retry,since}', to_jsonb(now() - interval '3 days')) WHERE id = 3")
	env := []string{"RELINK_DATABASE=" + w.url, "RELINK_OUT=" + filepath.Join(w.dir, "runs")}
	got := call(t, env, "", "retry", "3")
	if !strings.Contains(got.stderr, "retrying 2 rows of run 3 that time can heal, of 2 refused; run 1 refused them first, 3 days ago") {
		t.Errorf("the retry of the retry says\n%s", got.stderr)
	}
	if got := w.report(); !sameLines(got, "created r-6, rejected entity_not_found r-5") {
		t.Errorf("the retry of the retry reports %q", got)
	}

	// A run is resumed and taken back like any other.
	w.must(exit.OK, "revert", "4")
	w.must(exit.Rejected, "report", "4")
}

// sameLines compares the lines of a report with a list.
func sameLines(lines []string, want string) bool {
	return strings.Join(strings.Fields(strings.Join(lines, ", ")), " ") == want
}

// The rows come out of every form of the files of a run.
func TestRetryReadsWhatRunsLeave(t *testing.T) {
	t.Parallel()
	const rows = "recordingId;dataType;externalId;integrationConnectionId\r\nr-1;ACCOUNT;x-1;c-1\r\nr-2;LEED;x-2;c-1\r\nr-3;ACCOUNT;x-3;c-1\r\n"
	const lines = `{"recordingId":"r-1","dataType":"ACCOUNT","externalId":"x-1","integrationConnectionId":"c-1"}` + "\n" +
		`{"recordingId":"r-2","dataType":"LEED","externalId":"x-2","integrationConnectionId":"c-1"}` + "\n" +
		`{"recordingId":"r-3","dataType":"ACCOUNT","externalId":"x-3","integrationConnectionId":"c-1","n":{"a":1}}` + "\n"
	for _, c := range []struct {
		name, file, text string
		flags            []string
		pack             string // a compressor of the rejects
	}{
		{"csv", "links.csv", rows, nil, ""},
		{"jsonl", "links.jsonl", lines, nil, ""},
		{"a report of JSONL, packed", "links.csv", rows, []string{"--report-format", "jsonl", "--report-compress", "zst"}, ""},
		{"a report of CSV, packed", "links.jsonl", lines, []string{"--report-compress", "gz"}, ""},
		{"rejects packed by hand", "links.csv", rows, nil, "gzip"},
		{"UTF-16", "links.csv", utf16(rows), nil, ""},
		{"columns by other names", "links.csv", strings.Replace(rows, "externalId", "Sfdc Key", 1), []string{"--map", "Sfdc Key=externalId", "--map-value", "dataType:LEED="}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			w.recordings(1, 3)
			w.must(exit.Rejected, append([]string{"import", w.raw(c.file, c.text)}, c.flags...)...)
			if c.pack != "" {
				rejects := filepath.Join(w.ask("SELECT out_dir FROM relink.runs"), "rejects.csv")
				if out, err := exec.Command(c.pack, rejects).CombinedOutput(); err != nil {
					t.Fatalf("%s: %v", out, err)
				}
			}
			w.accounts("c-1", 1, 3)
			w.must(exit.OK, "retry", "1")
			if got := strings.Join(w.current(), " "); got != "r-1>a-c-1-1 r-3>a-c-1-3" {
				t.Errorf("after the retry the links are %s", got)
			}
		})
	}
}

// utf16 is ASCII text in UTF-16LE, with its mark.
func utf16(text string) string {
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, c := range []byte(text) {
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}

// A retry of a reconciliation stays in its scope and finds no extras: its rows are
// not all that there is.
func TestRetryOfReconciliation(t *testing.T) {
	t.Parallel()
	for _, scope := range [][]string{{"--connection", "c-1", "--prune", "--max-changes", "100%"}, {}} {
		t.Run(strings.Join(append(scope, "-"), " "), func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			w.recordings(1, 6)
			w.accounts("c-1", 1, 4)
			w.accounts("c-2", 1, 9)
			w.link("c-1", 1, 2)
			args := append([]string{"reconcile", w.file("links.csv", "c-1", "r-1 x-1", "r-2 x-2", "r-3 x-7", "r-4 x-8")}, scope...)
			w.must(exit.Rejected, args...)
			w.accounts("c-1", 7, 8)
			w.link("c-2", 4, 4) // by another, out of the scope
			w.must(exit.Rejected, "retry", "1")
			if got := w.report(); !sameLines(got, "created r-3, rejected linked_elsewhere r-4") {
				t.Errorf("the retry reports %q", got)
			}
			if got := strings.Join(w.current(), " "); got != "r-1>a-c-1-1 r-2>a-c-1-2 r-3>a-c-1-7 r-4>a-c-2-4" {
				t.Errorf("after the retry the links are %s", got)
			}
		})
	}
}

// --all takes the newest run of each job, and of that what is still open.
func TestRetryAll(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 9)
	w.accounts("c-1", 1, 1)
	w.accounts("c-2", 1, 1)
	night := func(day int, rows ...string) []string {
		return []string{"reconcile", "--connection", "c-1", w.file(fmt.Sprintf("links-%d.csv", day), "c-1", rows...)}
	}
	w.must(exit.Rejected, night(1, "r-1 x-1", "r-2 x-2", "r-3 x-3")...)                           // run 1
	w.must(exit.Rejected, "import", w.file("delta-1.csv", "c-2", "r-5 x-5", "r-6 x-6"))           // run 2
	w.must(exit.Rejected, night(2, "r-1 x-1", "r-3 x-3")...)                                      // run 3
	w.must(exit.Rejected, "import", "--dry-run", w.file("delta-2.csv", "c-2", "r-7 x-7"))         // run 4
	w.must(exit.Budget, "import", "--max-rejects", "0", w.file("delta-3.csv", "c-2", "r-8 x-80")) // run 5
	if got := w.must(exit.Rejected, "retry", "--all", "--dry-run"); w.ask("SELECT count(*)::text FROM relink.runs") != "7" {
		t.Errorf("retry --all --dry-run:\n%s%s", got.stdout, got.stderr)
	}
	w.accounts("c-1", 2, 9)
	w.accounts("c-2", 2, 5)
	w.must(exit.Rejected, "retry", "--all")
	if got := strings.Join(w.current(), " "); got != "r-1>a-c-1-1 r-3>a-c-1-3 r-5>a-c-2-5" {
		t.Errorf("after retry --all the links are %s", got)
	}
	w.accounts("c-2", 6, 9)
	w.must(exit.OK, "retry", "--all")
	if got := strings.Join(w.current(), " "); got != "r-1>a-c-1-1 r-3>a-c-1-3 r-5>a-c-2-5 r-6>a-c-2-6" {
		t.Errorf("after the second retry --all the links are %s", got)
	}
	runs := w.ask("SELECT count(*)::text FROM relink.runs")
	env := []string{"RELINK_DATABASE=" + w.url}
	got := call(t, env, "", "retry", "--all")
	if got.status != exit.OK || got.stdout != "Nothing to do: the newest runs of all jobs have no refused row.\n" || w.ask("SELECT count(*)::text FROM relink.runs") != runs {
		t.Errorf("with nothing left retry --all exits %d and prints %s%s", got.status, got.stdout, got.stderr)
	}
	// One job whose files are gone keeps no other from it.
	w.must(exit.Rejected, "import", w.file("other.csv", "c-2", "r-8 x-80"))
	if err := os.RemoveAll(w.ask("SELECT out_dir FROM relink.runs ORDER BY id DESC LIMIT 1")); err != nil {
		t.Fatal(err)
	}
	w.must(exit.Rejected, "import", w.file("delta-4.csv", "c-2", "r-9 x-90"))
	w.exec("INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id) VALUES ('late', 'ACCOUNT', 'c-2', 'x-90')")
	if got := w.must(exit.Error, "retry", "--all"); !strings.Contains(got.stderr, "is not retried: ") || !strings.Contains(strings.Join(w.current(), " "), "r-9>late") {
		t.Errorf("with the files of one job gone retry --all says %s, and the links are %s", got.stderr, w.current())
	}
}

// What cannot be retried is refused with what to do instead.
func TestRetryRefuses(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 3)
	w.accounts("c-1", 1, 1)
	file := w.file("links.csv", "c-1", "r-1 x-1", "r-2 x-2")
	w.must(exit.Rejected, "import", file)                                // 1
	w.must(exit.Rejected, "import", "--dry-run", file)                   // 2
	w.must(exit.OK, "revert", "1")                                       // 3
	w.must(exit.Budget, "import", "--max-rejects", "0", file)            // 4
	w.must(exit.Rejected, "import", w.file("bad.csv", "c-1", " x"))      // 5: nothing that heals
	w.must(exit.OK, "import", w.file("good.csv", "c-1", "r-1 x-1"))      // 6
	w.must(exit.Rejected, "import", w.file("old.csv", "c-1", "r-3 x-3")) // 7
	w.exec("UPDATE relink.runs SET finished_at = NULL, state = 'applying' WHERE id = 7")
	dir := w.ask("SELECT out_dir FROM relink.runs WHERE id = 1")
	for _, c := range []struct {
		name   string
		args   string
		before func() error
		want   string
		status int
	}{
		{"a dry run", "2", nil, "run 2 is a dry run and linked nothing", exit.Error},
		{"a revert", "3", nil, "run 3 is a revert and has no file", exit.Error},
		{"a refused run", "4", nil, "run 4 was refused", exit.Error},
		{"an interrupted run", "7", nil, "relink resume 7", exit.Error},
		{"no run", "99", nil, "there is no such run", exit.Error},
		{"a word", "x", nil, "is not a run id", exit.Error},
		{"a run and all", "1 --all", nil, "a run and --all", exit.Error},
		{"nothing", "", nil, "needs RUN", exit.Error},
		{"nothing that heals", "5", nil, "", exit.OK},
		{"nothing refused", "6", nil, "", exit.OK},
		{"changed by hand", "1", func() error {
			return os.WriteFile(filepath.Join(dir, "rejects.csv"), []byte("recordingId,dataType,externalId,integrationConnectionId\nr-2,ACCOUNT,x-1,c-1\n"), 0o600)
		}, "1 row that time can heal, by the report beside it, cannot be found", exit.Error},
		{"no rejects", "1", func() error { return os.Remove(filepath.Join(dir, "rejects.csv")) }, "rejects.csv (or .jsonl, .gz, .zst) is missing", exit.Error},
		{"no folder", "1", func() error { return os.RemoveAll(dir) }, "bring its folder back", exit.Error},
	} {
		if c.before != nil {
			if err := c.before(); err != nil {
				t.Fatal(err)
			}
		}
		got := w.relink(append([]string{"retry"}, strings.Fields(c.args)...)...)
		if got.status != c.status || !strings.Contains(got.stderr, c.want) || c.want == "" && got.stdout != "" {
			t.Errorf("retry of %s exits %d, want %d and %q:\n%s%s", c.name, got.status, c.status, c.want, got.stdout, got.stderr)
		}
	}
	if n := w.ask("SELECT count(*)::text FROM relink.runs"); n != "7" {
		t.Errorf("%s runs are recorded, want 7", n)
	}
}
