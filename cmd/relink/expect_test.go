package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
)

// links is the state of all links.
func (s *site) links() string {
	s.t.Helper()
	return ask[string](s, "SELECT md5(string_agg(l::text, '' ORDER BY id)) FROM recording_links AS l")
}

// A reconciliation, including its extra and cleared links, and a revert write
// only what is in an approved dry run; the first line that differs is named.
func TestExpectOfEveryKind(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var b strings.Builder
	b.WriteString("recordingId,dataType,id\nr-1,ACCOUNT,e-2\nr-2,ACCOUNT,e-2\nr-4,ACCOUNT,e-10\n")
	for n := 7; n < 60; n += 2 { // without r-3 and r-5
		fmt.Fprintf(&b, "r-%d,ACCOUNT,e-1\n", n)
	}
	s.file("wanted.csv", b.String())
	report := func(run int) string { return filepath.Join(s.folder(run), "report.csv") }
	refused := func(args []string, want ...string) {
		t.Helper()
		before := s.links()
		s.relink(exit.Guard, args...).says(want...)
		if s.links() != before {
			t.Errorf("%v is refused and has written", args)
		}
	}
	reconcile := []string{"reconcile", "--connection", "c-1", "--max-changes", "100%", "wanted.csv"}
	prune := append([]string{"--prune"}, reconcile[1:]...)
	prune = append([]string{"reconcile"}, prune...)

	s.relink(exit.Rejected, append(reconcile, "--dry-run")...) // run 1
	s.relink(exit.Rejected, append(prune, "--dry-run")...)     // run 2
	// An extra link is one line, a cleared one another.
	refused(append(prune, "--expect", report(1)), "line 32 was ", "extra", " and is now ", "r-3", "cleared")

	// An extra link that is new, and one that is gone.
	s.exec("INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-6', 'ACCOUNT', 'e-1', now())")
	refused(append(prune, "--expect", report(2)), "ends before line 34: ", "r-6")
	s.exec("UPDATE recording_links SET cleared_at = now() WHERE recording_id = 'r-6'; UPDATE recording_links SET cleared_at = now() WHERE recording_id = 'r-5'")
	refused(append(prune, "--expect", report(2)), "line 33 of the approved report is missing now: ", "r-5")
	s.exec("UPDATE recording_links SET cleared_at = NULL WHERE recording_id = 'r-5'")
	p := s.relink(exit.Rejected, append(prune, "--expect", report(2), "--dry-run")...)
	if !strings.Contains(p.stdout.String(), "--expect ") {
		t.Errorf("the summary is\n%swant the next command with --expect", p.stdout.String())
	}
	run := ask[int](s, "SELECT max(id) FROM relink.runs") + 1
	s.relink(exit.Rejected, append(prune, "--expect", report(2))...)
	if s.read(report(2)) != s.read(report(run)) {
		t.Error("the reports of dry run and run differ")
	}

	// A revert.
	revert := []string{"revert", fmt.Sprint(run)}
	p = s.relink(exit.OK, append(revert, "--dry-run")...)
	dry := run + 1
	if want := fmt.Sprintf("relink revert --out runs --expect %s %d\n", "runs/"+filepath.Base(s.folder(dry))+"/report.csv", run); !strings.Contains(p.stdout.String(), want) {
		t.Errorf("the summary is\n%swant %q in it", p.stdout.String(), want)
	}
	s.exec(`UPDATE recording_links SET cleared_at = now() WHERE recording_id = 'r-2' AND cleared_at IS NULL`)
	refused(append(revert, "--expect", report(dry)), "r-2", "reverted", " and is now ", "kept")
	s.exec(`UPDATE recording_links SET cleared_at = NULL WHERE recording_id = 'r-2'`)
	s.relink(exit.OK, append(revert, "--expect", report(dry))...)

	// One file that is missing, and one of another kind.
	s.relink(exit.Error, append(reconcile, "--expect", "none.csv")...).says("none.csv")
	s.relink(exit.Guard, append(reconcile, "--expect", report(dry))...).says("the plan is not the one approved in")
}
