package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"relink/batch"
)

const (
	// redrawEvery keeps a bar smooth; more often is only work for the
	// terminal.
	redrawEvery = 100 * time.Millisecond
	// sayEvery is how often a log file gets a line: enough to see that a
	// run is alive, few enough to read a night's log.
	sayEvery = 30 * time.Second
)

// The phases that each kind of run goes through, for "2 of 4".
var (
	phasesOfRun      = []batch.Phase{batch.Staging, batch.Planning, batch.Applying, batch.Reporting}
	phasesOfDryRun   = []batch.Phase{batch.Staging, batch.Planning, batch.Reporting}
	phasesOfValidate = []batch.Phase{batch.Staging, batch.Reporting}
)

var phaseNames = map[batch.Phase]string{
	batch.Staging:   "reading",
	batch.Planning:  "planning",
	batch.Applying:  "applying",
	batch.Reporting: "reporting",
}

// watch shows p until stop is called: as a bar on a terminal, as a line now
// and then in a log, not at all with --quiet. stop leaves a clean screen and
// must be called before anything else is written to stdout.
func (a *app) watch(p *batch.Progress, phases []batch.Phase) (stop func()) {
	if a.quiet {
		return func() {}
	}
	m := &meter{p: p, at: p.Phase, phases: phases, out: a.stderr, now: time.Now}
	tick, step := sayEvery, m.say
	if screen, ok := a.stderr.w.(*os.File); ok && a.stderr.terminal && a.logFormat == "text" {
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
		a.stderr.clear()
		a.stderr.setWipe(nil)
	}
}

// meter turns counts into something to look at.
type meter struct {
	p      *batch.Progress
	at     func() batch.Phase
	phases []batch.Phase
	out    *notices
	screen *os.File
	now    func() time.Time

	phase batch.Phase
	since time.Time // the phase began
	bar   *progressbar.ProgressBar
	total int64
}

// measure tells how far the phase is. total is 0 when it is not known.
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

// enter notes a change of phase and reports whether there is anything to show.
func (m *meter) enter() (changed, shown bool) {
	phase := m.at()
	changed = phase != m.phase
	if changed {
		m.phase, m.since = phase, m.now()
	}
	return changed, phaseNames[phase] != ""
}

// title is "2/4 planning, 17 rejected".
func (m *meter) title() string {
	title := phaseNames[m.phase]
	if i := slices.Index(m.phases, m.phase); i >= 0 {
		title = fmt.Sprintf("%d/%d %s", i+1, len(m.phases), title)
	}
	if lanes := m.p.Lanes.Load(); m.phase == batch.Applying && lanes > 1 {
		title += fmt.Sprintf(", %d lanes", lanes)
	}
	if rejected := m.p.Rejected.Load(); rejected > 0 {
		title += fmt.Sprintf(", %s rejected", thousands(rejected))
	}
	return title
}

// draw brings the bar up to date.
func (m *meter) draw() {
	changed, shown := m.enter()
	n, total, unit := m.measure(m.phase)
	m.out.mu.Lock()
	defer m.out.mu.Unlock()
	if changed || total != m.total {
		m.total = total
		if m.bar != nil {
			_ = m.bar.Clear() // a terminal that went away stops no run
		}
		m.bar = nil
		m.out.wipe = nil
	}
	if !shown {
		return
	}
	if m.bar == nil {
		m.bar = newBar(m.screen, total, unit)
		m.out.wipe = func() { _ = m.bar.Clear() }
	}
	if total > 0 {
		// A full bar would be taken off the screen before its phase ends.
		n = min(n, total-1)
	}
	m.bar.Describe(m.title())
	_ = m.bar.Set64(n)
}

func newBar(screen *os.File, total int64, unit string) *progressbar.ProgressBar {
	options := []progressbar.Option{
		progressbar.OptionSetWriter(screen),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionSetWidth(30),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionClearOnFinish(),
		// The bar's own clock would draw outside our lock.
		progressbar.OptionSetSpinnerChangeInterval(0),
	}
	switch unit {
	case "bytes":
		options = append(options, progressbar.OptionShowBytes(true), progressbar.OptionShowCount())
	case "rows":
		options = append(options, progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("rows"))
	}
	if total <= 0 {
		total = -1
	}
	return progressbar.NewOptions64(total, options...)
}

// say writes the line for a log.
func (m *meter) say() {
	if _, shown := m.enter(); !shown {
		return
	}
	n, total, unit := m.measure(m.phase)
	parts := []string{m.title()}
	if total > 0 {
		parts = append(parts, fmt.Sprintf("%d %%", 100*min(n, total)/total))
	}
	switch unit {
	case "bytes":
		parts = append(parts, thousands(m.p.RowsRead.Load())+" rows read")
	case "rows":
		parts = append(parts, thousands(n)+" rows")
	}
	seconds := m.now().Sub(m.since).Seconds()
	if unit == "" && seconds >= 1 {
		parts = append(parts, m.now().Sub(m.since).Round(time.Second).String()+" so far")
	}
	if seconds >= 1 && n > 0 {
		rate := float64(n) / seconds
		if unit == "rows" {
			parts = append(parts, thousands(int64(rate))+" rows/s")
		}
		if total > n {
			left := time.Duration(float64(total-n) / rate * float64(time.Second))
			parts = append(parts, "about "+left.Round(time.Second).String()+" left")
		}
	}
	m.out.progress(strings.Join(parts, ", "))
}

// thousands writes n in groups of three digits: 1,234,567.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
