package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relink/linker"
)

// summary is the summary.json of the newest run.
func (w *town) summary() (s linker.Summary) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.ask("SELECT out_dir FROM relink.runs ORDER BY id DESC LIMIT 1"), "summary.json"))
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// compared fails unless the newest run recognized the given number of refused
// rows.
func (w *town) compared(known, unknown int64) {
	w.t.Helper()
	s := w.summary()
	if s.KnownRejects == nil || *s.KnownRejects != known || *s.NewRejects != unknown {
		text, _ := json.Marshal(s)
		w.t.Errorf("summary.json is %s, want %d known, %d new", text, known, unknown)
	}
}

// Rows that stay bad are reported once: night after night only new ones count.
func TestMaxNewRejects(t *testing.T) {
	t.Parallel()
	for _, command := range [][]string{{"import"}, {"reconcile", "--connection", "c-1"}} {
		t.Run(command[0], func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			w.recordings(1, 30)
			w.accounts("c-1", 1, 30)
			night := func(limit string, rows ...string) []string {
				return append(command, "--metrics-file", filepath.Join(w.dir, "relink.prom"), "--max-new-rejects", limit, w.file("links.csv", "c-1", rows...))
			}
			bad := []string{"r-901 x-1", "r-1 x-902", "r-2 1.2E+17"}

			first := w.must(2, night("0", append(pairs(3, 10), bad...)...)...) // nothing to compare with
			if !strings.Contains(first.stderr, "no earlier run of this scope had --max-new-rejects") || w.summary().KnownRejects != nil {
				t.Errorf("the first night says\n%s%s", first.stdout, first.stderr)
			}
			// The next night: other rows before them, so other lines.
			w.must(0, night("0", append(pairs(3, 12), bad...)...)...)
			w.compared(3, 0)
			metrics, err := os.ReadFile(filepath.Join(w.dir, "relink.prom"))
			for _, want := range []string{`relink_last_run_new_refused_rows{name="relink"} 0`, "relink_last_success_timestamp_seconds{", `relink_last_run_exit_status{name="relink"} 0`} {
				if !strings.Contains(string(metrics), want) {
					t.Errorf("the metrics (%v) lack %s:\n%s", err, want, metrics)
				}
			}
			if run := w.ask("SELECT max(id)::text FROM relink.runs"); true {
				w.must(0, "report", run)
				w.compared(3, 0)
				page, err := os.ReadFile(filepath.Join(w.ask("SELECT out_dir FROM relink.runs ORDER BY id DESC LIMIT 1"), "report.html"))
				if err != nil || !strings.Contains(string(page), "3 known, 0 new") {
					t.Errorf("report.html (%v) does not say 3 known, 0 new", err)
				}
			}
			// Dry runs are compared with dry runs.
			w.must(2, append(night("0", append(pairs(3, 12), bad...)...), "--dry-run")...)

			before := w.digest("true")
			more := append(bad, "r-3 x-903")
			got := w.must(3, night("0", append(pairs(4, 20), more...)...)...)
			if w.digest("true") != before || !strings.Contains(got.stderr, "(3 known, 1 new), more than the 0 that --max-new-rejects allows") {
				t.Errorf("a refused night wrote, or says\n%s", got.stderr)
			}
			w.compared(3, 1)
			// A refused run is not compared with: the rows are still new.
			w.must(3, night("0", append(pairs(4, 20), more...)...)...)
			w.must(2, night("5%", append(pairs(4, 20), more...)...)...)
			w.compared(3, 1)
			w.must(0, night("0", append(pairs(4, 20), more...)...)...)
			w.compared(4, 0)
			// Another code, another target, one row once more.
			w.recordings(901, 901)
			w.must(2, night("100%", append(pairs(4, 20), "r-901 x-999", "r-1 x-902", "r-1 x-902", "r-2 1.3E+17")...)...)
			w.compared(1, 3)
			if got := w.ask("SELECT count(*)::text FROM relink.runs WHERE refused_rows IS NOT NULL AND NOT dry_run"); got != "2" {
				t.Errorf("%s runs keep their refused rows, want the last two", got)
			}
			// Without the option nothing is compared.
			w.must(2, append(command, w.file("links.csv", "c-1", append(pairs(4, 20), bad...)...))...)
			if w.summary().KnownRejects != nil {
				t.Error("a run without --max-new-rejects was compared")
			}
		})
	}
}

// The jobs of a database are distinguished by scope, or by file when none is
// given.
func TestMaxNewRejectsOfSeveralJobs(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 30)
	w.accounts("c-1", 1, 30)
	w.accounts("c-2", 1, 30)
	night := func(status int, command, name, connection, bad string) {
		t.Helper()
		args := append(strings.Fields(command), "--max-new-rejects", "0")
		w.must(status, append(args, w.file(name, connection, "r-1 x-1", bad))...)
	}
	for _, status := range []int{linker.ExitRejected, linker.ExitOK} {
		day := fmt.Sprintf("2026-01-0%d", status+1)
		night(status, "import", "accounts-"+day+".csv", "c-1", "r-2 x-901")
		night(status, "import", "contacts-"+day+".csv", "c-1", "r-2 x-902")
		night(status, "import --set trigger=CRM_DEEPLINK", "accounts-"+day+".csv", "c-1", "r-2 x-903")
		night(status, "reconcile --take-over --connection c-1", "one"+strings.Repeat("x", status)+".csv", "c-1", "r-3 x-901")
		night(status, "reconcile --take-over --connection c-2", "one"+strings.Repeat("x", status)+".csv", "c-2", "r-3 x-902")
		night(status, "reconcile --take-over", "all-"+day+".csv", "c-1", "r-4 x-904")
	}
	w.compared(1, 0)
}

// A killed run is compared with its own earlier state, and in the end reports
// as if it had not been interrupted.
func TestMaxNewRejectsAcrossAResume(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	// The rows that stay bad, alone, so that nothing is linked yet.
	s.relink(linker.ExitRejected, "import", "--dry-run", "links.csv")
	rejects, err := filepath.Glob(filepath.Join(s.dir, "runs", "*Z-1", "rejects.csv"))
	if err != nil || len(rejects) != 1 {
		t.Fatalf("rejects of the dry run: %v, %v", rejects, err)
	}
	file := filepath.Join(s.dir, "links.csv")
	whole := s.read(file)
	if err := os.WriteFile(file, []byte(s.read(rejects[0])), 0o600); err != nil {
		t.Fatal(err)
	}
	s.relink(linker.ExitRejected, "import", "--max-new-rejects", "0", "links.csv")
	if err := os.WriteFile(file, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	run := s.kill9("--max-new-rejects", "0")
	if p := s.relink(linker.ExitOK, "resume", fmt.Sprint(run)); !strings.Contains(p.stdout.String(), "6 known, 0 new") {
		t.Errorf("the resumed run says\n%s", p.stdout.String())
	}
}
