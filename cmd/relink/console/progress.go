package console

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"relink/batch"
	"relink/linker/text"
	"relink/reports"
)

const (
	// redrawEvery keeps a bar smooth; drawing more often only burdens the
	// terminal.
	redrawEvery = 100 * time.Millisecond
	// sayEvery is how often a log file gets a line: often enough to see that a
	// run is still working, seldom enough to read a night's log.
	sayEvery = 30 * time.Second
)

// The phases of each kind of run, for "2 of 4".
var (
	PhasesOfRun      = []batch.Phase{batch.Staging, batch.Planning, batch.Applying, batch.Reporting}
	PhasesOfDryRun   = []batch.Phase{batch.Staging, batch.Planning, batch.Reporting}
	PhasesOfValidate = []batch.Phase{batch.Staging, batch.Reporting}
)

var PhaseNames = map[batch.Phase]string{
	batch.Staging:   "reading",
	batch.Planning:  "planning",
	batch.Applying:  "applying",
	batch.Reporting: "reporting",
}

// Watch shows p until stop is called: as a bar on a terminal, as an occasional
// line in a log, and not at all with --quiet. stop leaves a clean screen and
// must be called before anything else is written to stdout.
func (n *notices) Watch(p *batch.Progress, phases []batch.Phase) (stop func()) {
	if n.Quiet {
		return func() {}
	}
	m := &meter{p: p, at: p.Phase, phases: phases, out: n, now: time.Now}
	tick, step := sayEvery, m.say
	if screen, ok := n.Writer.(*os.File); ok && n.terminal && !n.JSON {
		m.screen = screen
		tick, step = redrawEvery, m.draw
	}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				step()
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
		n.Clear()
		n.setWipe(nil)
	}
}

// meter turns counts into a bar or lines.
type meter struct {
	p      *batch.Progress
	at     func() batch.Phase
	phases []batch.Phase
	out    *notices
	screen *os.File
	now    func() time.Time

	phase batch.Phase
	since time.Time // the phase began
	pace  pace
	turn  int
}

// measure returns how far the phase is. total is 0 when it is unknown.
func (m *meter) measure(phase batch.Phase) (n, total int64, unit string) {
	switch phase {
	case batch.Staging:
		return m.p.BytesRead.Load(), m.p.BytesTotal.Load(), "bytes"
	case batch.Applying:
		return m.p.RowsApplied.Load(), m.p.RowsToApply.Load(), "rows"
	case batch.Reporting:
		return m.p.RowsReported.Load(), m.p.RowsToReport.Load(), "rows"
	}
	return 0, 0, ""
}

// enter records a change of phase and reports whether there is anything to
// show.
func (m *meter) enter() (changed, shown bool) {
	phase := m.at()
	changed = phase != m.phase
	if changed {
		m.phase, m.since, m.pace = phase, m.now(), pace{}
	}
	return changed, PhaseNames[phase] != ""
}

// title is "2/4 planning".
func (m *meter) title() string {
	title := PhaseNames[m.phase]
	if i := slices.Index(m.phases, m.phase); i >= 0 {
		title = fmt.Sprintf("%d/%d %s", i+1, len(m.phases), title)
	}
	return title
}

// rejected and lanes return "" while there is nothing to show.
func (m *meter) rejected() string {
	if n := m.p.Rejected.Load(); n > 0 {
		return text.Thousands(n) + " rejected"
	}
	return ""
}

func (m *meter) lanes() string {
	n := m.p.Lanes.Load()
	switch {
	case m.phase != batch.Applying || n == 0:
		return ""
	case n == 1:
		return "1 lane"
	}
	return fmt.Sprintf("%d lanes", n)
}

// draw updates the line on the screen.
func (m *meter) draw() {
	if _, shown := m.enter(); !shown {
		return
	}
	m.out.mu.Lock()
	defer m.out.mu.Unlock()
	columns, _, err := term.GetSize(int(m.screen.Fd()))
	if err != nil || columns <= 0 {
		columns = reports.DefaultWidth
	}
	// The cursor stays at the start of the line. Terminals that rewrap lines
	// when they become narrower keep it there, so that everything the line has
	// become is below it. Losing the terminal does not stop a run.
	_, _ = fmt.Fprint(m.screen, m.line().fit(columns), "\x1b[J\r")
	m.out.wipe = func() { _, _ = fmt.Fprint(m.screen, wipeLine) }
}

// wipeLine removes the line from the screen, and what it became in a terminal
// made narrower. The line itself is cleared first: at the top of its window,
// tmux would otherwise move what the second part clears into the history.
const wipeLine = "\r\x1b[K\x1b[J"

// line returns the line to show now.
func (m *meter) line() progressLine {
	n, total, unit := m.measure(m.phase)
	m.pace.add(m.now(), n)
	m.turn++
	l := progressLine{title: m.title(), n: n, total: total, turn: m.turn}
	add := func(part string) {
		if part != "" {
			l.parts = append(l.parts, part)
		}
	}
	add(m.rejected())
	rate := m.pace.perSecond()
	switch {
	case total > 0:
		add(m.pace.left(n, total))
	case m.now().Sub(m.since) >= time.Second:
		add(m.now().Sub(m.since).Truncate(time.Second).String())
	}
	switch unit {
	case "bytes":
		if rate > 0 {
			add(size(rate) + "/s")
		}
		add(text.Thousands(m.p.RowsRead.Load()) + " rows")
	case "rows":
		if rate > 0 {
			add(text.Thousands(int64(rate)) + " rows/s")
		}
		add(m.lanes())
		if total > 0 {
			add(text.Thousands(n) + " of " + text.Thousands(total))
		}
	}
	return l
}

// say writes the line for a log.
func (m *meter) say() {
	if _, shown := m.enter(); !shown {
		return
	}
	n, total, unit := m.measure(m.phase)
	parts := []string{m.title()}
	for _, part := range []string{m.lanes(), m.rejected()} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if total > 0 {
		parts = append(parts, fmt.Sprintf("%d %%", 100*min(n, total)/total))
	}
	switch unit {
	case "bytes":
		parts = append(parts, text.Thousands(m.p.RowsRead.Load())+" rows read")
	case "rows":
		parts = append(parts, text.Thousands(n)+" rows")
	}
	seconds := m.now().Sub(m.since).Seconds()
	if unit == "" && seconds >= 1 {
		parts = append(parts, m.now().Sub(m.since).Round(time.Second).String()+" so far")
	}
	if seconds >= 1 && n > 0 {
		rate := float64(n) / seconds
		if unit == "rows" {
			parts = append(parts, text.Thousands(int64(rate))+" rows/s")
		}
		if total > n {
			left := time.Duration(float64(total-n) / rate * float64(time.Second))
			parts = append(parts, "about "+left.Round(time.Second).String()+" left")
		}
	}
	m.out.progress(strings.Join(parts, ", "))
}
