package linker

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTally(t *testing.T) {
	t.Parallel()
	var tally Tally
	row := int64(0)
	add := func(o Outcome, c Code) {
		row++
		tally.Add(&Entry{Row: row, Line: row + 1, Decision: Decision{Outcome: o, Code: c}})
	}
	add(Created, "")
	for range 12 {
		add(Rejected, EntityNotFound)
	}
	add(Failed, Locked)
	add(Rejected, ConflictingRows)
	tally.Add(&Entry{Decision: Decision{Outcome: Extra}})
	tally.Add(&Entry{Decision: Decision{Outcome: Cleared}})
	tally.Add(&Entry{Decision: Decision{Outcome: Cleared}})

	if diff := cmp.Diff(Counts{Created: 1, Rejected: 13, Failed: 1, Extra: 1, Cleared: 2}, tally.Outcomes()); diff != "" {
		t.Errorf("Outcomes (-want +got):\n%s", diff)
	}
	want := []Reason{
		{EntityNotFound, 12, []int64{3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "", nil},
		{ConflictingRows, 1, []int64{16}, "", nil},
		{Locked, 1, []int64{15}, "", nil},
	}
	if diff := cmp.Diff(want, tally.Reasons()); diff != "" {
		t.Errorf("Reasons (-want +got):\n%s", diff)
	}
	if got := tally.Rows(); got != 15 {
		t.Errorf("Rows = %d, want 15", got)
	}
	if err := tally.Verify(15); err != nil {
		t.Errorf("Verify(15) = %v, want nil", err)
	}
}

func TestTallyFindsReportsThatDoNotAddUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		entries []Entry
		read    int64
		ok      bool
	}{
		{"nothing read, nothing reported", nil, 0, true},
		{"a row missing at the end", []Entry{{Row: 1, Decision: Decision{Outcome: Created}}}, 2, false},
		{"a row too many", []Entry{{Row: 1, Decision: Decision{Outcome: Created}}, {Row: 2, Decision: Decision{Outcome: Created}}}, 1, false},
		{"a row missing in between", []Entry{{Row: 1, Decision: Decision{Outcome: Created}}, {Row: 3, Decision: Decision{Outcome: Created}}}, 2, false},
		{"rows out of order", []Entry{{Row: 2, Decision: Decision{Outcome: Created}}, {Row: 1, Decision: Decision{Outcome: Created}}}, 2, false},
		{"a row twice", []Entry{{Row: 1, Decision: Decision{Outcome: Created}}, {Row: 1, Decision: Decision{Outcome: Created}}}, 2, false},
		{"an outcome that does not exist", []Entry{{Row: 1, Decision: Decision{Outcome: "done"}}}, 1, false},
		{"extras are no rows", []Entry{{Row: 1, Decision: Decision{Outcome: Created}}, {Decision: Decision{Outcome: Extra}}}, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var tally Tally
			for _, e := range c.entries {
				tally.Add(&e)
			}
			if err := tally.Verify(c.read); (err == nil) != c.ok {
				t.Errorf("Verify(%d) = %v, want no error to be %v", c.read, err, c.ok)
			}
			if tally.Outcomes() == nil || tally.Reasons() == nil {
				t.Error("Outcomes or Reasons is nil, want empty ones, which JSON writes as {} and []")
			}
		})
	}
}
