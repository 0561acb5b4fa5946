package console

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/batch"
)

// TestProgressInALog reads the lines that a log gets, one for each state.
func TestProgressInALog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var p batch.Progress
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var phase batch.Phase
	m := &meter{p: &p, at: func() batch.Phase { return phase }, phases: PhasesOfRun, out: newNotices(&log), now: func() time.Time { return now }}

	m.say() // nothing has begun
	p.BytesTotal.Store(4_000_000)
	phase = batch.Staging
	m.say()
	now = now.Add(30 * time.Second)
	p.BytesRead.Store(1_000_000)
	p.RowsRead.Store(25_000)
	p.Rejected.Store(1_200)
	m.say()
	phase = batch.Planning
	m.say()
	now = now.Add(30 * time.Second)
	m.say()
	phase = batch.Applying
	m.say()
	now = now.Add(10 * time.Second)
	p.RowsToApply.Store(90_000)
	p.RowsApplied.Store(30_000)
	p.Lanes.Store(2)
	m.say()
	want := strings.TrimPrefix(`
relink: progress: 1/4 reading, 0 %, 0 rows read
relink: progress: 1/4 reading, 1,200 rejected, 25 %, 25,000 rows read, about 1m30s left
relink: progress: 2/4 planning, 1,200 rejected
relink: progress: 2/4 planning, 1,200 rejected, 30s so far
relink: progress: 3/4 applying, 1,200 rejected, 0 rows
relink: progress: 3/4 applying, 2 lanes, 1,200 rejected, 33 %, 30,000 rows, 3,000 rows/s, about 20s left
`, "\n")
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}

// TestProgressLineFits reads the same line at several widths: what matters
// most stays longest.
func TestProgressLineFits(t *testing.T) {
	t.Parallel()
	l := progressLine{
		title: "3/4 applying", n: 134_128, total: 296_908,
		parts: []string{"3,092 rejected", "12s left", "12,720 rows/s", "2 lanes", "134,128 of 296,908"},
	}
	waiting := progressLine{title: "2/4 planning", parts: []string{"3,092 rejected", "6s"}, turn: 1}
	for _, c := range []struct {
		line    progressLine
		columns int
		want    string
	}{
		{l, 120, "3/4 applying  45% |█████████████                |  3,092 rejected, 12s left, 12,720 rows/s, 2 lanes, 134,128 of 296,908"},
		{l, 80, "3/4 applying  45% |████     |  3,092 rejected, 12s left, 12,720 rows/s, 2 lanes"},
		{l, 60, "3/4 applying  45% |█████        |  3,092 rejected, 12s left"},
		{l, 46, "3/4 applying  45%  3,092 rejected, 12s left"},
		{l, 40, "3/4 applying  45%  3,092 rejected"},
		{l, 20, "3/4 applying  45%"},
		{l, 8, "3/4 app"},
		{l, 0, ""},
		{waiting, 80, "2/4 planning /  3,092 rejected, 6s"},
		{progressLine{title: "1/2 reading", n: 5, total: 4}, 40, "1/2 reading  75% |███████████████     |"},
		{progressLine{title: "1/2 reading", n: 0, total: 1}, 30, "1/2 reading   0% |          |"},
	} {
		if got := c.line.fit(c.columns); got != c.want {
			t.Errorf("at %d columns the line is %q, want %q", c.columns, got, c.want)
		}
	}
}

// TestPaceIsOfTheLastSeconds has a run become ten times as fast.
func TestPaceIsOfTheLastSeconds(t *testing.T) {
	t.Parallel()
	var p pace
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	n := int64(0)
	for _, rate := range []int64{0, 100, 1000} {
		for range 200 { // twenty seconds
			at, n = at.Add(100*time.Millisecond), n+rate/10
			p.add(at, n)
		}
		if got := int64(p.perSecond() + 0.5); got != rate {
			t.Errorf("the pace after twenty seconds at %d a second is %d", rate, got)
		}
	}
	if got, want := p.left(n, n+90_000), "1m30s left"; got != want {
		t.Errorf("90,000 rows at 1,000 a second take %q, want %q", got, want)
	}
	if len(p.marks) > 30 {
		t.Errorf("the pace keeps %d marks", len(p.marks))
	}
}
