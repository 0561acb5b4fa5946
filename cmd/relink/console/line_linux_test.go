package console

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"relink/batch"
	"relink/cmd/relink/console/consoletest"
)

// TestLineLeavesACleanScreen shows a run on a terminal.
func TestLineLeavesACleanScreen(t *testing.T) {
	t.Parallel()
	const width = 80
	screen, read := consoletest.Terminal(t, width)
	var p batch.Progress
	var phase batch.Phase
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	n := newNotices(screen)
	m := &meter{
		p: &p, at: func() batch.Phase { return phase },
		phases: PhasesOfRun, out: n, screen: screen, now: func() time.Time { return now },
	}
	m.draw() // nothing has started
	p.BytesTotal.Store(4_000_000)
	for _, phase = range []batch.Phase{batch.Staging, batch.Planning, batch.Applying, batch.Reporting} {
		p.RowsToApply.Store(1000)
		p.RowsToReport.Store(1000)
		p.Lanes.Store(2)
		for i := range int64(4) {
			p.BytesRead.Store(i * 1_000_000)
			p.RowsRead.Store(i * 10_000)
			p.RowsApplied.Store(i * 300)
			p.RowsReported.Store(i * 300)
			p.Rejected.Store(17)
			m.draw()
			now = now.Add(time.Second)
		}
	}
	n.Notice("something came up")
	m.draw()
	n.Clear()
	text := read()

	for _, want := range []string{
		"1/4 reading  75% |███", "17 rejected, 1s left, 1.0 MB/s", "2/4 planning", "17 rejected, 3s",
		"3/4 applying  90% |███", "rejected, 0s left, 300 rows/s, 2 lanes", "4/4 reporting",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the screen never shows %q: %q", want, text)
		}
	}
	if !strings.Contains(text, wipeLine+"relink: notice: something came up\r\n") {
		t.Errorf("the notice does not stand on a line of its own: %q", text)
	}
	if !strings.HasSuffix(text, wipeLine) {
		t.Errorf("the line stays on the screen: %q", text)
	}
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		line = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`).ReplaceAllString(line, "")
		if n := len([]rune(line)); n >= width {
			t.Errorf("a line has %d columns of %d: %q", n, width, line)
		}
	}
}
