package reports

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"relink/linker"
)

// Metrics describes the end of a command for a monitor.
type Metrics struct {
	// Name distinguishes the jobs of a machine: it is the label name of all
	// metrics.
	Name string
	// Summary is that of the run, nil when there is none: the command failed
	// before, or had nothing to do.
	Summary    *linker.Summary
	Skipped    bool // there was nothing to do
	ExitStatus linker.ExitStatus
	Started    time.Time
	Finished   time.Time
	Earlier    Milestones
}

// Milestones are the last times at which all was well. Later runs that fail
// keep them.
type Milestones struct {
	Success    time.Time // exit status 0
	Completion time.Time // the run finished, perhaps with rows to look at
}

const (
	metricSuccess    = "relink_last_success_timestamp_seconds"
	metricCompletion = "relink_last_completion_timestamp_seconds"
)

// milestones returns those before the command, updated with its result.
func (m *Metrics) milestones() Milestones {
	at := m.Earlier
	if m.ExitStatus == linker.ExitOK {
		at.Success = m.Finished
	}
	if m.ExitStatus.Completed() {
		at.Completion = m.Finished
	}
	return at
}

// WriteMetrics writes m in the text format of Prometheus, as the textfile
// collector of node_exporter reads it.
func WriteMetrics(w io.Writer, m Metrics) error {
	g := gauges{labels: "name=" + label(m.Name)}
	g.one("relink_last_run_start_timestamp_seconds", "When the last run began.", seconds(m.Started))
	g.one("relink_last_run_duration_seconds", "How long the last run took.", decimal(m.Finished.Sub(m.Started).Seconds()))
	g.one("relink_last_run_exit_status", "How the last run ended: 0 well, 2 rows to look at, 3 and 4 refused, 5 drift, 1, 11 and 130 broken off.", strconv.Itoa(int(m.ExitStatus)))
	g.one("relink_last_run_skipped", "1 when there was nothing to do, since neither file nor links had changed.", flag(m.Skipped))
	if s := m.Summary; s != nil {
		if d := s.Database; d.Name != "" {
			g.head("relink_last_run_info", "Where the last run worked, and as whom.")
			fmt.Fprintf(&g.b, "relink_last_run_info{%s,database=%s,schema=%s,role=%s} 1\n", g.labels, label(d.Name), label(d.Schema), label(d.Role))
		}
		g.one("relink_last_run_dry_run", "1 when the last run only looked.", flag(s.DryRun))
		g.one("relink_last_run_applied", "1 when the last run wrote, 0 when the counts are those of a plan.", flag(s.Applied))
		g.one("relink_last_run_drift", "1 when links in scope were other than the file says.", flag(s.Drift))
		g.head("relink_last_run_rows", "Rows of the file by what became of them; extra and cleared are links beside it.")
		for _, o := range linker.Outcomes {
			if o != linker.Valid {
				g.line("relink_last_run_rows", "outcome", string(o), strconv.FormatInt(s.Outcomes[o], 10))
			}
		}
		if len(s.Reasons) > 0 {
			g.head("relink_last_run_refused_rows", "Rows rejected or failed, by code.")
		}
		for _, r := range s.Reasons {
			g.line("relink_last_run_refused_rows", "code", string(r.Code), strconv.FormatInt(r.Count, 10))
		}
	}
	if m.Summary != nil && m.Summary.NewRejects != nil {
		g.one("relink_last_run_new_refused_rows", "Rows rejected or failed that the run before did not refuse too.", strconv.FormatInt(*m.Summary.NewRejects, 10))
	}
	at := m.milestones()
	if !at.Success.IsZero() {
		g.one(metricSuccess, "When a run last ended with exit status 0.", seconds(at.Success))
	}
	if !at.Completion.IsZero() {
		g.one(metricCompletion, "When a run last came to its end, with exit status 0, 2 or 5.", seconds(at.Completion))
	}
	_, err := io.WriteString(w, g.b.String())
	return err
}

// ReadMilestones finds the milestones in the output of WriteMetrics. Other
// lines are ignored.
func ReadMilestones(r io.Reader) (at Milestones, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), "{")
		value := lines.Text()[strings.LastIndex(lines.Text(), " ")+1:]
		t, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue
		}
		switch name {
		case metricSuccess:
			at.Success = time.UnixMilli(int64(t * 1000))
		case metricCompletion:
			at.Completion = time.UnixMilli(int64(t * 1000))
		}
	}
	return at, lines.Err()
}

// gauges builds a text of metrics that all have the same labels.
type gauges struct {
	b      strings.Builder
	labels string
}

func (g *gauges) head(name, help string) {
	fmt.Fprintf(&g.b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
}

func (g *gauges) one(name, help, value string) {
	g.head(name, help)
	fmt.Fprintf(&g.b, "%s{%s} %s\n", name, g.labels, value)
}

func (g *gauges) line(name, key, of, value string) {
	fmt.Fprintf(&g.b, "%s{%s,%s=%s} %s\n", name, g.labels, key, label(of), value)
}

// label quotes a label's value: Prometheus knows only three escapes.
func label(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(s, "\uFFFD")) + `"`
}

func flag(is bool) string {
	if is {
		return "1"
	}
	return "0"
}

// seconds returns the seconds since 1970, to the millisecond.
func seconds(t time.Time) string {
	return decimal(float64(t.UnixMilli()) / 1000)
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
