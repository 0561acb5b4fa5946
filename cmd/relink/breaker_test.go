package main

import (
	"encoding/json"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
	"relink/linker"
)

// refusals are rules of a platform that refuse every link.
var refusals = map[string]struct{ sql, says string }{
	"a trigger": {
		`CREATE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
		    RAISE EXCEPTION 'links are frozen until Monday';
		END $$;
		CREATE TRIGGER frozen BEFORE INSERT ON recording_links FOR EACH ROW EXECUTE FUNCTION frozen()`,
		"links are frozen until Monday (in the platform's own function frozen(), line 3, which a trigger or a default of its table runs)",
	},
	"a constraint": {
		`ALTER TABLE recording_links ADD CONSTRAINT only_leads CHECK (data_type = 'LEAD') NOT VALID`,
		`new row for relation "recording_links" violates check constraint "only_leads"`,
	},
	"a trigger at the commit": {
		`CREATE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
		    RAISE EXCEPTION 'links are frozen until Monday';
		END $$;
		CREATE CONSTRAINT TRIGGER frozen AFTER INSERT ON recording_links DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION frozen()`,
		"links are frozen until Monday",
	},
}

// When the database refuses the first hundred changes for one reason it is not
// asked for the others, and a dry run knows it without writing.
func TestRunStopsWhenEveryChangeIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			w.recordings(1, 400)
			w.accounts("c-1", 1, 400)
			w.link("c-1", 1, 10)
			path := w.file("links.csv", "c-1", append(pairs(11, 399), "r-400 x-500")...)
			w.exec(c.sql)
			before := w.digest("true")
			for _, dry := range []bool{true, false} {
				args := []string{"import", "--lanes", "2", path}
				if dry {
					args = append(args, "--dry-run")
				}
				got := w.must(exit.Error, args...)
				for _, want := range []string{"relink: error: the database refuses every change, as it did the first 100: " + c.says, "relink: hint: a rule of the platform's own says so"} {
					if !strings.Contains(got.stderr, want) {
						t.Errorf("relink %v says\n%swant %q", args, got.stderr, want)
					}
				}
				if strings.Contains(got.stderr, "resume") {
					t.Errorf("relink %v says\n%sbut tomorrow it would end as today", args, got.stderr)
				}
				if got := w.ask("SELECT state || ' ' || exit_status || ' ' || (applying_at IS NULL) FROM relink.runs ORDER BY id DESC LIMIT 1"); got != "refused 1 true" {
					t.Errorf("the run is recorded as %q, want refused, 1 and nothing written", got)
				}
			}
			failed, left := w.count("failed"), w.count("unattempted")
			if failed < 100 || failed > 110 || failed+left != 389 || w.count("rejected") != 1 {
				t.Errorf("the report has %d failed and %d unattempted rows, want about 100 and the rest of 389", failed, left)
			}
			if got := w.digest("true"); got != before {
				t.Error("links were changed")
			}
		})
	}
}

// When some changes are refused, the run continues, and the summary has the
// database's own message.
func TestSummaryHasTheDatabasesSentence(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 200)
	w.accounts("c-1", 1, 200)
	w.exec(`ALTER TABLE recording_links ADD CONSTRAINT not_these CHECK (recording_id NOT IN ('r-1', 'r-2'))`)
	path := w.file("links.csv", "c-1", pairs(1, 200)...)
	want := `violates check constraint "not_these"`
	got := call(t, []string{"RELINK_DATABASE=" + w.url, "RELINK_OUT=" + w.dir + "/runs"}, "", "import", path)
	if got.status != exit.Rejected || !strings.Contains(strings.Join(strings.Fields(got.stdout), " "), want) {
		t.Errorf("exit status %d and\n%swant %d and %q", got.status, got.stdout, exit.Rejected, want)
	}
	var s linker.Summary
	if err := json.Unmarshal([]byte(w.must(exit.Rejected, "import", "--json", path).stdout), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Reasons) != 1 || !strings.Contains(s.Reasons[0].Message, want) {
		t.Errorf("reasons are %+v, want one that says %q", s.Reasons, want)
	}

	// A dry run in which the first changes are refused reports that.
	path = w.file("few.csv", "c-1", "r-1 x-7", "r-2 x-8")
	got = call(t, []string{"RELINK_DATABASE=" + w.url, "RELINK_OUT=" + w.dir + "/runs"}, "", "import", "--dry-run", path)
	if got.status != exit.OK || !strings.Contains(got.stderr, "would refuse them: ") || !strings.Contains(got.stderr, want) {
		t.Errorf("exit status %d and\n%swant %d and %q", got.status, got.stderr, exit.OK, want)
	}
}
