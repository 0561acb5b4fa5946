package main

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
	m := &meter{p: &p, at: func() batch.Phase { return phase }, phases: phasesOfRun, out: newNotices(&log), now: func() time.Time { return now }}

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

func TestThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1: "-1", -100: "-100", -1000: "-1,000",
	} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
}
