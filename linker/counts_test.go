package linker

import "testing"

func TestCounts(t *testing.T) {
	t.Parallel()
	c := Counts{}
	for i, o := range Outcomes {
		c[o] = 1 << i
	}
	sum := func(list ...Outcome) (n int64) {
		for _, o := range list {
			n += c[o]
		}
		return n
	}
	if got, want := c.Written(), sum(Created, Replaced, Linked, Cleared, Reverted); got != want {
		t.Errorf("Written = %b, want %b", got, want)
	}
	if got, want := c.NotThrough(), sum(Rejected, Failed, Unattempted); got != want {
		t.Errorf("NotThrough = %b, want %b", got, want)
	}
	if got, want := c.Drift(c[Extra]), sum(Created, Replaced, Cleared, Failed, Unattempted); got != want {
		t.Errorf("Drift = %b, want %b", got, want)
	}
	if got, want := (Counts{Unchanged: 1990, Created: 5, Kept: 0, Cleared: 1}).String(), "5 created, 1,990 unchanged, 1 cleared"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	if got := Counts(nil).String(); got != "" {
		t.Errorf("String of nothing = %q", got)
	}
}
