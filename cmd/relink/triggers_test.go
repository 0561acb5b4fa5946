package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
	"relink/linker"
)

// The plan of a dry run and that of the run list whose links are replaced and
// cleared, however often the run is interrupted, and when its files are written
// again; links that the role must not see are left out.
func TestPlanByTrigger(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	// r-1 to r-59, the odd ones: a person, a rule, nobody, and a word that is
	// none of the known.
	s.exec(`UPDATE recording_links
		SET trigger = CASE substr(recording_id, 3)::int % 8
		    WHEN 1 THEN 'USER_LINK_WEB' WHEN 3 THEN 'CALENDAR_MATCH' WHEN 5 THEN NULL ELSE 'Imported In 2019' END`)
	var b strings.Builder
	b.WriteString("recordingId,dataType,id\n")
	for _, r := range []string{
		"r-1,ACCOUNT,e-2", "r-1,ACCOUNT,e-2", // one change, a person's link
		"r-9,ACCOUNT,e-1",                     // a person's, unchanged
		"r-3,ACCOUNT,e-2", "r-11,ACCOUNT,e-3", // the rule's
		"r-17,ACCOUNT,e-2", "r-17,ACCOUNT,e-3", // in conflict, so not replaced
		"r-5,ACCOUNT,e-2", "r-7,ACCOUNT,e-2", // nobody's, and another word's
		"r-2,ACCOUNT,e-2", // made
	} {
		b.WriteString(r + "\n")
	}
	for n := 19; n < 60; n += 2 { // all others but r-13 and r-15 stay
		b.WriteString(fmt.Sprintf("r-%d,ACCOUNT,e-1\n", n))
	}
	s.file("some.csv", b.String())
	type counts = []linker.TriggerCount
	want := counts{
		{Trigger: "CALENDAR_MATCH", Replaced: 2},
		{Trigger: "", Replaced: 1, Cleared: 1},
		{Trigger: "other", Replaced: 1, Cleared: 1},
		{Trigger: "USER_LINK_WEB", Replaced: 1, ByPerson: true},
	}
	slices.SortFunc(want, func(a, b linker.TriggerCount) int { return strings.Compare(a.Trigger, b.Trigger) })
	check := func(run int) {
		t.Helper()
		var v struct{ PreviousTriggers counts }
		if err := json.Unmarshal([]byte(s.read(filepath.Join(s.folder(run), "summary.json"))), &v); err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(v.PreviousTriggers, func(a, b linker.TriggerCount) int { return strings.Compare(a.Trigger, b.Trigger) })
		if !slices.Equal(v.PreviousTriggers, want) {
			t.Errorf("run %d replaces and clears %+v, want %+v", run, v.PreviousTriggers, want)
		}
	}
	args := []string{"reconcile", "--connection", "c-1", "--prune", "some.csv"}

	// The guard says it, with what leaves the links alone.
	const guard = "; 1 of these links was made by a person; --keep-trigger USER_LINK_WEB leaves it"
	s.relink(exit.Guard, append(args, "--max-changes", "1")...).says(guard)
	check(1)
	s.relink(exit.Rejected, append(args, "--max-changes", "100%", "--dry-run")...)
	check(2)
	s.slowly(150_000_000)
	p := s.start(append(args, "--max-changes", "100%", "--batch-rows", "2", "--lanes", "1")...)
	s.until("it applies", func() bool { return s.applied() >= 2 && s.held() })
	p.kills()
	s.until("the server has noticed", func() bool { return !s.held() })
	s.slowly(0)
	p = s.relink(exit.Rejected, "resume", "3")
	check(3)
	for _, text := range []string{"1 made by a person", "links replaced or cleared, by what had made them: 2 without a trigger, 2 CALENDAR_MATCH, 2 other, 1 USER_LINK_WEB"} {
		if !strings.Contains(strings.Join(strings.Fields(p.stdout.String()), " "), text) {
			t.Errorf("the summary is\n%swant %q in it", p.stdout.String(), text)
		}
	}
	if page := s.read(filepath.Join(s.folder(3), "report.html")); !strings.Contains(page, "USER_LINK_WEB, by a person") {
		t.Error("the page does not say whose links are replaced")
	}
	s.relink(exit.Rejected, "resume", "3")
	check(3)

	// What is taken back are the run's own links.
	s.relink(exit.OK, "revert", "3")
	if text := s.read(filepath.Join(s.folder(4), "summary.json")); strings.Contains(text, "previousTriggers") {
		t.Errorf("the revert's summary is %s, want nothing about triggers", text)
	}
	// A link that is kept is not replaced.
	s.relink(exit.Rejected, append(args, "--max-changes", "100%", "--dry-run", "--keep-trigger", "USER_LINK_WEB")...)
	if text := s.read(filepath.Join(s.folder(5), "summary.json")); strings.Contains(text, "USER_LINK_WEB") {
		t.Errorf("the summary is %s, want no link of USER_LINK_WEB in it", text)
	}
}
