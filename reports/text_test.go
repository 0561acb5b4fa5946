package reports_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/reports"
)

func ptr[T any](v T) *T { return &v }

// millionRows is a typical import after a long night.
func millionRows() linker.Summary {
	dir := "relink-runs/20260102T030405Z-17/"
	return linker.Summary{
		Run: ptr(int64(17)), Kind: "import", Applied: true, State: "done",
		Source:   linker.SourceIdentity{Name: "opportunity links.csv", Bytes: 104857600, SHA256: strings.Repeat("ab", 32)},
		Operator: &linker.Operator{Role: "relink", User: "alice", Host: "batch-1"}, Reason: "CRM-17: move to Salesforce",
		Rows: 1_000_000,
		Outcomes: linker.Counts{
			linker.Created: 598_211, linker.Replaced: 200_400, linker.Unchanged: 200_000,
			linker.Kept: 12, linker.Rejected: 1_374, linker.Failed: 3,
		},
		PreviousTriggers: []linker.TriggerCount{
			{Trigger: "CALENDAR_MATCH", Replaced: 198_000},
			{Trigger: "USER_LINK_WEB", Replaced: 1_204, ByPerson: true},
			{Replaced: 1_196},
		},
		Reasons: []linker.Reason{
			{Code: linker.EntityNotFound, Count: 1_200, Lines: []int64{17, 240, 1_093, 20_177, 20_178, 20_179, 310_000, 310_001, 310_002, 310_003}},
			{Code: linker.ConflictingRows, Count: 102, Lines: []int64{5, 900, 901, 902, 903, 904, 905, 906, 907, 908}},
			{Code: linker.SpreadsheetDamagedID, Count: 40, Lines: []int64{2, 3, 4}},
			{Code: linker.EntityMerged, Count: 20, Lines: []int64{99}},
			{Code: linker.RecordingNotFound, Count: 10, Lines: []int64{98}},
			{Code: linker.MalformedRow, Count: 2, Lines: []int64{500, 777}},
			{Code: linker.LostRace, Count: 2, Lines: []int64{600, 601}},
			{Code: linker.Locked, Count: 1, Lines: []int64{602}},
		},
		Files: map[string]string{
			"report": dir + "report.csv", "rejects": dir + "rejects.csv", "reasons": dir + "rejects.reasons.csv",
			"summary": dir + "summary.json", "html": dir + "report.html",
		},
		StartedAt:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		FinishedAt: time.Date(2026, 1, 2, 3, 5, 17, 0, time.UTC),
		ExitStatus: 2,
	}
}

var nextCommands = []reports.Step{
	{Command: "relink import relink-runs/20260102T030405Z-17/rejects.csv --map 'SFDC Id=externalId'"},
	{Command: "relink report 17 --format html"},
	{Command: "relink revert 17 --dry-run"},
}

func TestTextFitsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{60, 80, 120} {
		for _, tc := range []struct {
			name string
			s    linker.Summary
			next []reports.Step
		}{
			{"million", millionRows(), nextCommands},
			{"clean", clean(), nextCommands[2:]},
			{"drift", drifted(), nextCommands[1:]},
		} {
			name := fmt.Sprintf("text_%s_%d.txt", tc.name, columns)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var b bytes.Buffer
				if err := reports.Text(&b, tc.s, reports.TextOptions{Width: columns, Next: tc.next}); err != nil {
					t.Fatal(err)
				}
				golden(t, name, b.Bytes())
				lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
				// Narrow terminals wrap; the usual one shows everything.
				if columns >= 80 && len(lines) > reports.DefaultHeight {
					t.Errorf("summary has %d lines, want at most %d", len(lines), reports.DefaultHeight)
				}
				for _, line := range lines {
					if n := utf8.RuneCountInString(line); n > columns && !strings.Contains(line, "relink") {
						t.Errorf("line of %d columns on a terminal of %d: %s", n, columns, line)
					}
				}
			})
		}
	}
}

func clean() linker.Summary {
	s := millionRows()
	s.Outcomes = linker.Counts{linker.Unchanged: 1_000_000}
	s.Reasons, s.PreviousTriggers = nil, nil
	delete(s.Files, "rejects")
	delete(s.Files, "reasons")
	s.ExitStatus = 0
	return s
}

// drifted is a reconciliation in which every outcome occurs.
func drifted() linker.Summary {
	s := millionRows()
	s.Kind, s.DryRun, s.Applied, s.Drift = "reconcile", true, false, true
	for i, o := range linker.Outcomes {
		if o != linker.Valid && o != linker.Linked && o != linker.Reverted {
			s.Outcomes[o] = int64(i + 1)
		}
	}
	s.PreviousTriggers = []linker.TriggerCount{
		{Trigger: "CALENDAR_MATCH", Replaced: 1, Cleared: 9}, {Trigger: "USER_LINK_WEB", Replaced: 1, Cleared: 4, ByPerson: true},
	}
	s.Outcomes[linker.Unchanged] = s.Rows
	for o, n := range s.Outcomes {
		if linker.Reconcile.IsInput(o) && o != linker.Unchanged {
			s.Outcomes[linker.Unchanged] -= n
		}
	}
	return s
}

func TestTextWithColorIsTheSameText(t *testing.T) {
	t.Parallel()
	var plain, color bytes.Buffer
	o := reports.TextOptions{Next: nextCommands, Notices: []string{"Prune was withheld: row 500 cannot be read."}}
	if err := reports.Text(&plain, millionRows(), o); err != nil {
		t.Fatal(err)
	}
	o.Color = true
	if err := reports.Text(&color, millionRows(), o); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plain.String(), "\x1b") {
		t.Error("text without colour holds escape sequences")
	}
	stripped := color.String()
	for _, code := range []string{"0", "1", "2", "31", "32", "33"} {
		stripped = strings.ReplaceAll(stripped, "\x1b["+code+"m", "")
	}
	if color.String() == stripped {
		t.Error("text with colour has none")
	}
	if diff := cmp.Diff(plain.String(), stripped); diff != "" {
		t.Errorf("colour changes the text (-plain +color):\n%s", diff)
	}
}

func TestTextDoesNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	s := millionRows()
	s.Source.Name = "links\x1b[2J\u202e.csv"
	s.Files = map[string]string{"report": "out\x07/report.csv"}
	var b bytes.Buffer
	if err := reports.Text(&b, s, reports.TextOptions{Next: []reports.Step{{Command: "relink \x1b]0;x"}}}); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexAny(b.String(), "\x1b\x07\u202e"); i >= 0 {
		t.Errorf("control character in the text: %q", b.String())
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	counts := func(kind string, rows int64, o linker.Counts, with ...func(*linker.Summary)) linker.Summary {
		s := linker.Summary{Kind: kind, State: "done", Applied: true, Rows: rows, Outcomes: o}
		for _, f := range with {
			f(&s)
		}
		return s
	}
	dry := func(s *linker.Summary) { s.DryRun, s.Applied = true, false }
	notApplied := func(s *linker.Summary) { s.Applied = false }
	exit := func(n linker.ExitStatus) func(*linker.Summary) { return func(s *linker.Summary) { s.ExitStatus = n } }
	state := func(st linker.State) func(*linker.Summary) {
		return func(s *linker.Summary) { s.State = string(st) }
	}
	type o = linker.Counts
	for _, tc := range []struct {
		name string
		s    linker.Summary
		tone reports.Tone
		want string
	}{
		{
			"import of one row", counts("import", 1, o{linker.Created: 1}), reports.Good,
			"Every row went through: 1 row.",
		},
		{
			"import with a reject", counts("import", 1000, o{linker.Created: 998, linker.Rejected: 1, linker.Failed: 1}, exit(2)), reports.Look,
			"2 of 1,000 rows did not go through; the other 998 did.",
		},
		{
			"dry run with a reject", counts("import", 1000, o{linker.Created: 999, linker.Rejected: 1}, dry, exit(2)), reports.Look,
			"Dry run: 1 of 1,000 rows would not go through; the other 999 would.",
		},
		{
			"dry run without fault", counts("import", 7, o{linker.Created: 7}, dry), reports.Good,
			"Dry run: every row would go through: 7 rows.",
		},
		{
			"nothing good", counts("import", 3, o{linker.Rejected: 3}, exit(2)), reports.Look,
			"Not one of 3 rows went through.",
		},
		{
			"no rows", counts("import", 0, nil), reports.Good,
			"There were no rows: nothing was done.",
		},
		{
			"refused by a guard", counts("import", 10, o{linker.Rejected: 10}, state(linker.StateRefused), notApplied, exit(3)), reports.Bad,
			"Refused before the first write: nothing was changed.",
		},
		{
			"refused when resumed", counts("import", 10, o{linker.Created: 10}, state(linker.StateRefused), exit(4)), reports.Bad,
			"Refused: what was done before stays, nothing more was written.",
		},
		{
			"interrupted", counts("import", 10, o{linker.Created: 4, linker.Unattempted: 6}, state(linker.StateInterrupted), exit(130)), reports.Bad,
			"Interrupted: 4 of 10 rows are done; the run can be resumed.",
		},
		{
			"interrupted before a write", counts("import", 10, nil, state(linker.StateInterrupted), notApplied, exit(130)), reports.Bad,
			"Interrupted: nothing was written; the run can be resumed.",
		},
		{
			"abandoned", counts("import", 10, o{linker.Created: 4, linker.Unattempted: 6}, state(linker.StateAbandoned)), reports.Bad,
			"Abandoned: 4 of 10 rows are done, and no more will be.",
		},
		{
			"no drift", counts("reconcile", 10, o{linker.Unchanged: 10}), reports.Good,
			"The links in scope match the file.",
		},
		{
			"drift in a dry run", counts("reconcile", 10, o{linker.Unchanged: 8, linker.Created: 1, linker.Rejected: 1, linker.Extra: 1}, dry, exit(2)), reports.Look,
			"Dry run: 2 links differ from the file; 1 of 10 rows would not go through.",
		},
		{
			"reconciled", counts("reconcile", 10, o{linker.Unchanged: 8, linker.Replaced: 2, linker.Cleared: 1200}), reports.Good,
			"1,202 links were brought in line with the file.",
		},
		{
			"extras only", counts("reconcile", 10, o{linker.Unchanged: 10, linker.Extra: 3}), reports.Good,
			"Nothing had to be written; 3 links that the file does not mention were left.",
		},
		{
			"extras left on purpose in a dry run",
			counts("reconcile", 10, o{linker.Unchanged: 10, linker.Extra: 3}, dry, func(s *linker.Summary) { s.LeftAlone = 3 }), reports.Good,
			"Dry run: the links in scope match the file; 3 links that the file does not mention would be left on purpose.",
		},
		{
			"extras left on purpose",
			counts("reconcile", 10, o{linker.Unchanged: 10, linker.Extra: 1}, func(s *linker.Summary) { s.LeftAlone = 1 }), reports.Good,
			"The links in scope match the file; 1 link that the file does not mention was left.",
		},
		{
			"rows that failed", counts("reconcile", 10, o{linker.Unchanged: 7, linker.Replaced: 2, linker.Failed: 1}, exit(2)), reports.Look,
			"2 links were brought in line with the file; 1 of 10 rows did not go through.",
		},
		{
			"only rows that failed", counts("reconcile", 10, o{linker.Unchanged: 9, linker.Failed: 1}, exit(2)), reports.Look,
			"Nothing was written; 1 of 10 rows did not go through.",
		},
		{
			"rows that are known to be bad", counts("import", 1000, o{linker.Unchanged: 919, linker.Rejected: 81}, func(s *linker.Summary) {
				known, unknown := int64(81), int64(0)
				s.KnownRejects, s.NewRejects = &known, &unknown
			}), reports.Good,
			"81 of 1,000 rows did not go through; the other 919 did. Refused rows: 81 known, 0 new.",
		},
		{
			"validate", counts("validate", 1, o{linker.Valid: 1}, notApplied), reports.Good,
			"Every row passed the check, as far as a file can tell: 1 row.",
		},
		{
			"validate with faults", counts("validate", 12, o{linker.Valid: 10, linker.Rejected: 2}, notApplied, exit(2)), reports.Look,
			"2 of 12 rows did not pass the check; the other 10 did, as far as a file can tell.",
		},
		{
			"validate of rubbish", counts("validate", 12, o{linker.Rejected: 12}, notApplied, exit(2)), reports.Look,
			"Not one row passed the check: 12 rows rejected.",
		},
		{
			"revert", counts("revert", 5, o{linker.Reverted: 4, linker.Kept: 1}, exit(2)), reports.Look,
			"4 links were taken back; 1 link was changed since and left alone.",
		},
		{
			"revert as a dry run", counts("revert", 5, o{linker.Reverted: 5}, dry), reports.Good,
			"Dry run: 5 links would be taken back.",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tone, got := reports.Verdict(tc.s)
			if got != tc.want || tone != tc.tone {
				t.Errorf("Verdict = %s, %q, want %s, %q", tone, got, tc.tone, tc.want)
			}
		})
	}
}

func TestSummaryJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := reports.WriteSummaryJSON(&b, millionRows()); err != nil {
		t.Fatal(err)
	}
	golden(t, "summary.json", b.Bytes())
}

func TestSummaryJSONHasNoNullInIt(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := linker.Summary{Run: ptr(int64(1)), Reasons: []linker.Reason{{Code: linker.Locked, Count: 1}}}
	if err := reports.WriteSummaryJSON(&b, s); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "null") {
		t.Errorf("summary.json of a summary without lists = %s", b.String())
	}
	if !json.Valid(b.Bytes()) {
		t.Errorf("not JSON: %s", b.String())
	}
}
