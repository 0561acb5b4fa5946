package guard

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
)

func limit(t *testing.T, s string) Limit {
	t.Helper()
	if s == "" {
		return Limit{}
	}
	l, err := ParseLimit(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestJudge(t *testing.T) {
	t.Parallel()
	links := func(groups ...Group) Plan { return Plan{Rows: 1000, Groups: groups} }
	for _, c := range []struct {
		name      string
		rejects   string
		changes   string
		minRows   int64
		force     int64 // -1: not given
		reconcile bool
		plan      Plan
		want      RefusalKind // "" passes
	}{
		{name: "an import without limits", force: -1, plan: Plan{
			Rows: 10, Outcomes: linker.Counts{linker.Rejected: 10}, Groups: []Group{{Current: 10, Replaced: 10}},
		}},
		{name: "an empty import", force: -1, plan: Plan{}},

		{name: "as many rows as asked for", minRows: 10, force: -1, plan: Plan{Rows: 10}},
		{name: "a row too few", minRows: 11, force: -1, plan: Plan{Rows: 10}, want: TooShort},
		{name: "too short comes before all else", minRows: 11, rejects: "0", changes: "0", force: -1, reconcile: true, plan: Plan{
			Rows: 10, Outcomes: linker.Counts{linker.Rejected: 10}, Groups: []Group{{Current: 10, Replaced: 10}},
		}, want: TooShort},

		{name: "as many rejects as allowed", rejects: "1%", force: -1, plan: Plan{Rows: 200, Outcomes: linker.Counts{linker.Rejected: 2}}},
		{name: "a reject too many", rejects: "1%", force: -1, plan: Plan{Rows: 200, Outcomes: linker.Counts{linker.Rejected: 3}}, want: TooManyRejects},
		{name: "a reject too many by count", rejects: "2", force: -1, plan: Plan{Rows: 1000, Outcomes: linker.Counts{linker.Rejected: 3}}, want: TooManyRejects},
		{name: "superseded and kept rows are no rejects", rejects: "0", force: -1, plan: Plan{Rows: 9, Outcomes: linker.Counts{linker.Superseded: 5, linker.Kept: 4}}},
		{name: "rejects are looked at before changes", rejects: "0", changes: "0", force: -1, plan: Plan{
			Rows: 9, Outcomes: linker.Counts{linker.Rejected: 1}, Groups: []Group{{Current: 10, Replaced: 10}},
		}, want: TooManyRejects},
		{name: "force does not raise the error budget", rejects: "0", force: 10, plan: Plan{
			Rows: 9, Outcomes: linker.Counts{linker.Rejected: 1}, Groups: []Group{{Current: 10, Replaced: 10}},
		}, want: TooManyRejects},

		{name: "reconcile without a row", force: -1, reconcile: true, plan: Plan{}, want: NoGoodRow},
		{name: "reconcile without a good row", rejects: "100%", force: 0, reconcile: true, plan: Plan{Rows: 3, Outcomes: linker.Counts{linker.Rejected: 3, linker.Extra: 7}}, want: NoGoodRow},
		{name: "reconcile with one good row", force: -1, reconcile: true, plan: Plan{Rows: 3, Outcomes: linker.Counts{linker.Rejected: 2, linker.Unchanged: 1}}},

		{name: "links that are only made do not count", changes: "0", force: -1, plan: Plan{Rows: 9, Outcomes: linker.Counts{linker.Created: 9}, Groups: []Group{{Current: 0}}}},
		{name: "import over its limit", changes: "5", force: -1, plan: links(Group{"c1", "LEAD", 1000, 4, 2}), want: TooManyChanges},
		{name: "import at its limit", changes: "6", force: -1, plan: links(Group{"c1", "LEAD", 1000, 4, 2})},
		{name: "reconcile at 20 %", force: -1, reconcile: true, plan: links(Group{"c1", "LEAD", 1000, 100, 100})},
		{name: "reconcile over 20 %", force: -1, reconcile: true, plan: links(Group{"c1", "LEAD", 1000, 100, 101}), want: TooManyChanges},
		{name: "ten of few", force: -1, reconcile: true, plan: links(Group{"c1", "LEAD", 11, 0, 10})},
		{name: "eleven of few", force: -1, reconcile: true, plan: links(Group{"c1", "LEAD", 11, 0, 11}), want: TooManyChanges},
		{name: "19 of 99 is less than 20 %", force: -1, reconcile: true, plan: links(Group{"c1", "LEAD", 99, 19, 0})},
		{name: "21 of 100 is too many though few", force: -1, reconcile: true, plan: links(Group{"c1", "LEAD", 100, 21, 0}), want: TooManyChanges},
		{name: "a limit that is given holds for few as well", changes: "20%", force: -1, reconcile: true, plan: links(Group{"c1", "LEAD", 11, 0, 10}), want: TooManyChanges},
		{name: "a connection is one part, not each of its types", force: -1, reconcile: true, plan: links(
			Group{"c1", "LEAD", 100, 100, 0}, Group{"c1", "ACCOUNT", 900, 0, 0})},
		{name: "one connection over, the whole is not", force: -1, reconcile: true, plan: links(
			Group{"c1", "LEAD", 100, 0, 21}, Group{"c2", "LEAD", 100_000, 0, 0}), want: TooManyChanges},
		{name: "the whole over, no connection is", force: -1, reconcile: true, plan: links(
			Group{"c1", "LEAD", 30, 0, 10}, Group{"c2", "LEAD", 30, 0, 10}, Group{"c3", "LEAD", 30, 0, 10}), want: TooManyChanges},
		{name: "forced by the exact number", force: 900, reconcile: true, plan: links(
			Group{"c1", "LEAD", 500, 0, 400}, Group{"c2", "LEAD", 500, 500, 0})},
		{name: "forced by another number", force: 899, reconcile: true, plan: links(
			Group{"c1", "LEAD", 500, 0, 400}, Group{"c2", "LEAD", 500, 500, 0}), want: TooManyChanges},
		{name: "forced without need", force: 5, reconcile: true, plan: links(Group{"c1", "LEAD", 500, 1, 0})},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := Guard{MaxRejects: limit(t, c.rejects), MaxChanges: limit(t, c.changes), MinRows: c.minRows, Reconcile: c.reconcile}
			if c.force >= 0 {
				g.Force = &c.force
			}
			if c.plan.Outcomes == nil && c.plan.Rows == 1000 {
				c.plan.Outcomes = linker.Counts{linker.Unchanged: c.plan.Rows}
			}
			refusal := g.Judge(c.plan)
			var got RefusalKind
			if refusal != nil {
				got = refusal.Kind
				if refusal.Message == "" || refusal.Hint == "" {
					t.Errorf("refusal %+v, want a message and a hint", refusal)
				}
			}
			if got != c.want {
				t.Errorf("Judge refuses as %q (%v), want %q", got, refusal, c.want)
			}
		})
	}
}

func TestRefusalOfChangesNamesTheWayOut(t *testing.T) {
	t.Parallel()
	forced := int64(3)
	plan := Plan{Rows: 1, Outcomes: linker.Counts{linker.Created: 1}}
	for i := range int64(12) {
		plan.Groups = append(plan.Groups, Group{Connection: fmt.Sprintf("c%02d", i), DataType: "LEAD", Current: 1000, Replaced: i * 10, Cleared: i})
	}
	plan.Groups[3].Replaced = 800
	got := Guard{Reconcile: true, Force: &forced}.Judge(plan)
	want := &Refusal{
		Kind: TooManyChanges,
		Message: `the plan replaces or clears 803 of 1,000 current links of connection "c03" (80.30%), more than the 20% that --max-changes allows; ` +
			`--force 3 does not allow it, since the plan changes 1496`,
		Hint: "read the plan's report, and if it is what you want, repeat the command with --force 1496",
	}
	for _, i := range []int{3, 11, 10, 9, 8, 7, 6, 5, 4, 2} {
		want.Groups = append(want.Groups, plan.Groups[i])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Judge (-want +got):\n%s", diff)
	}

	whole := Guard{Reconcile: true}.Judge(Plan{Rows: 1, Groups: []Group{{"c1", "LEAD", 1000, 0, 500}, {"c2", "LEAD", 1, 0, 0}}})
	if whole == nil || !strings.Contains(whole.Message, "500 of 1,001 current links of all connections (49.95%)") ||
		!strings.Contains(whole.Message, `so does connection "c1"`) {
		t.Errorf("refusal of the whole = %v, want it to name the whole and c1", whole)
	}
}

func TestExitStatusOfRefusals(t *testing.T) {
	t.Parallel()
	for kind, want := range map[RefusalKind]linker.ExitStatus{TooShort: 1, TooManyRejects: 3, NoGoodRow: 3, TooManyChanges: 4, Unexpected: 4} {
		if got := kind.ExitStatus(); got != want {
			t.Errorf("%s: exit status = %d, want %d", kind, got, want)
		}
	}
	var err error = fmt.Errorf("judging the plan: %w", RefuseUnexpected("dry.csv", "line 7 differs"))
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Kind != Unexpected || !strings.Contains(refusal.Message, `"dry.csv": line 7 differs`) {
		t.Errorf("refusal of --expect = %+v, want its kind, file and difference", refusal)
	}
}

func TestGuardJudgesNewRejects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit            string
		new, rows, known int64
		refused          bool
	}{
		{"", 10, 10, 0, false},
		{"0", 0, 100, 81, false},
		{"0", 1, 100, 81, true},
		{"2", 2, 100, 0, false},
		{"2", 3, 100, 0, true},
		{"1%", 1, 100, 50, false},
		{"1%", 2, 100, 50, true},
	} {
		g := Guard{MaxNewRejects: limit(t, c.limit)}
		got := g.JudgeNewRejects(c.known+c.new, c.known, c.rows)
		if (got != nil) != c.refused {
			t.Errorf("limit %q, %d new of %d: %v", c.limit, c.new, c.rows, got)
		}
		if got != nil && (got.Kind.ExitStatus() != linker.ExitBudget || got.Hint == "") {
			t.Errorf("refused with status %d, hint %q", got.Kind.ExitStatus(), got.Hint)
		}
	}
}

// The refusal gives the number of links that a person had made, and how to
// exclude them.
func TestJudgeNamesLinksOfPersons(t *testing.T) {
	t.Parallel()
	g := Guard{MaxChanges: Percent(10)}
	plan := Plan{Rows: 5_000, Groups: []Group{{Connection: "c1", DataType: "LEAD", Current: 5_000, Replaced: 3_000, Cleared: 500}}}
	for _, c := range []struct {
		triggers []linker.TriggerCount
		want     string
	}{
		{nil, "; so does connection \"c1\""},
		{[]linker.TriggerCount{{Trigger: "CALENDAR_MATCH", Replaced: 3_000}}, "; so does connection \"c1\""},
		{[]linker.TriggerCount{
			{Trigger: "CALENDAR_MATCH", Replaced: 2_000},
			{Trigger: "USER_LINK_WEB", Replaced: 1_000, Cleared: 200, ByPerson: true},
			{Trigger: "USER_LINK_MOBILE", Cleared: 4, ByPerson: true},
		}, "; 1,204 of these links were made by a person; --keep-trigger USER_LINK_WEB,USER_LINK_MOBILE leaves them"},
		{[]linker.TriggerCount{{Trigger: "USER_LINK_WEB", Cleared: 1, ByPerson: true}}, "; 1 of these links was made by a person; --keep-trigger USER_LINK_WEB leaves it"},
	} {
		plan.Triggers = c.triggers
		refusal := g.Judge(plan)
		if refusal == nil || !strings.HasSuffix(refusal.Message, c.want) {
			t.Errorf("with links of %+v it says %v, want %q at the end", c.triggers, refusal, c.want)
		}
	}
}
