package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"relink/cmd/relink/exit"
)

// hostile are texts that others choose: they steer terminals, begin lines, are
// markup, formulas, or labels of metrics.
var hostile = []string{
	"a\nrelink: end: import 999, exit status 0 after 1s: Every row went through",
	"a\r\x1b[2J\x1b]0;title\x07b",
	"a\u202eb\u2066c\u200bd\u2028e",
	`<script>alert(1)</script>"'><img src=x onerror=alert(1)>`,
	"=cmd|'/C calc'!A1;=1+1\t@SUM(A1)",
	"\n=1+1",
	"＝1+1",
	`a",x="y"} 1` + "\nrelink_forged 1",
	"a\u0085b\u009b2Jc",
}

// Whatever is in names and cells, no output is steered by it: not the terminal,
// not the log, not the page, the report or the metrics.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 2)
	w.accounts("c-1", 1, 2)
	for n, evil := range hostile {
		var b strings.Builder
		c := csv.NewWriter(&b)
		c.Write([]string{"recordingId", "dataType", "id", "externalId", "integrationConnectionId", "trigger", evil})
		c.Write([]string{"r-1", "ACCOUNT", evil, "", "", "", evil})
		c.Write([]string{evil, "ACCOUNT", "a-c-1-1", "", "", "", evil})
		c.Write([]string{"r-2", evil, "", evil, evil, evil, evil})
		c.Flush()
		name := strings.ReplaceAll(evil, "/", "_") + ".csv"
		file := filepath.Join(w.dir, name)
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		out, metrics := filepath.Join(w.dir, fmt.Sprint("out", n)), filepath.Join(w.dir, fmt.Sprintf("m%d.prom", n))
		run := fmt.Sprint(n + 1)
		for _, args := range [][]string{
			{"import", "--database", w.url, "--out", out, "--metrics-file", metrics, file},
			{"runs", "--database", w.url},
			{"runs", "show", "--database", w.url, run},
			{"report", "--database", w.url, run},
			{"validate", "--out", out, file},
			{"validate", "--out", out, filepath.Join(w.dir, evil+".none")},
			{"import", "--database", w.url, "--organization", evil, "--out", out, file},
			{"runs", "show", evil},
			{"explain", evil},
		} {
			got := call(t, nil, "", args...)
			notSteered(t, got, args, evil)
		}
		folder, err := filepath.Glob(filepath.Join(out, "*-"+run))
		if err != nil || len(folder) != 1 {
			t.Fatalf("folders %v, want one for run %s", folder, run)
		}
		page := read(t, filepath.Join(folder[0], "report.html"))
		for _, bad := range []string{"<script>alert", "<img src=x", "\x1b", "\u202e", "\u2066", "\u0085"} {
			if strings.Contains(page, bad) {
				t.Errorf("the page has %q of %q", bad, evil)
			}
		}
		if !json.Valid([]byte(read(t, filepath.Join(folder[0], "summary.json")))) {
			t.Errorf("summary.json is no JSON with %q", evil)
		}
		report := read(t, filepath.Join(folder[0], "report.csv"))
		rows, err := csv.NewReader(strings.NewReader(report)).ReadAll()
		if err != nil || len(rows) < 4 { // a line inside a cell may be a record
			t.Fatalf("the report has %d lines, %v; want 4 or more", len(rows), err)
		}
		formula := regexp.MustCompile(`(^|[;\t\r\n])"*[=+\-@＝＋－＠]`)
		for _, row := range rows {
			for _, cell := range row {
				if formula.MatchString(cell) {
					t.Errorf("the report has the formula %q", cell)
				}
			}
		}
		line := regexp.MustCompile(`^(#|relink_[a-z_]+(\{[^\n]*\})? \S+$|$)`)
		for _, l := range strings.Split(read(t, metrics), "\n") {
			if !line.MatchString(l) || strings.Contains(l, "relink_forged 1") && !strings.Contains(l, "{") {
				t.Errorf("the metrics have the line %q with %q", l, evil)
			}
		}
	}
	if got := call(t, nil, "", "runs", "--database", w.url); got.status != exit.OK {
		t.Errorf("runs exits %d: %s", got.status, got.stderr)
	}
}

// notSteered fails when a text has steered the terminal of a command.
func notSteered(t *testing.T, got result, args []string, evil string) {
	t.Helper()
	for place, text := range map[string]string{"stdout": got.stdout, "stderr": got.stderr} {
		for _, line := range strings.Split(text, "\n") {
			if at := strings.IndexFunc(line, func(r rune) bool { return r != ' ' && !unicode.IsGraphic(r) }); at >= 0 {
				t.Errorf("%q with %q: %s has %q in %q", args[0], evil, place, line[at:min(len(line), at+4)], line)
			}
			if strings.HasPrefix(line, "relink: end: import 999") {
				t.Errorf("%q with %q: %s has a forged line %q", args[0], evil, place, line)
			}
		}
	}
	if strings.Contains(got.stderr, "panic") || strings.Contains(got.stderr, "goroutine") {
		t.Errorf("%q with %q: %s", args[0], evil, got.stderr)
	}
}

// Nor do the words that another role has written into relink's own tables.
func TestHostileRecords(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 2)
	w.accounts("c-1", 1, 2)
	links := w.file("links.csv", "c-1", pairs(1, 2)...)
	w.must(exit.OK, "import", links)
	w.must(exit.OK, "import", "--dry-run", links)
	for _, evil := range hostile {
		w.exec(`INSERT INTO relink.environment (label) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET label = EXCLUDED.label`, evil)
		w.exec(`UPDATE relink.runs SET reason = $1, operator_user = $1, operator_host = $1, operator_role = $1, environment = $1, plan_sha256 = $1`, evil)
		w.exec(`DELETE FROM relink.approvals`)
		w.exec(`INSERT INTO relink.approvals (run, kind, platform_schema, options, plan_sha256, reason, operator_user, approved_by)
			VALUES (2, $1, $1, '{}', $1, $1, $1, $1)`, evil)
		w.exec(`INSERT INTO relink.approvals (run, kind, platform_schema, options, plan_sha256, reason) VALUES (2, '', '', '{}', '', '')`)
		for _, args := range [][]string{
			{"runs"},
			{"runs", "show", "2"},
			{"db", "label"},
			{"history", "r-1"},
			{"import", "--environment", "x", links},
			{"import", "--approved", "2", links},
			{"approve", "2", "--reason", evil},
			{"revert", "--dry-run", "1"},
		} {
			notSteered(t, w.relink(args...), args, evil)
		}
	}
}
