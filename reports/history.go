package reports

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"relink/linker"
	"relink/linker/text"
)

// HistoryText writes the links of a recording for people, oldest first,
// followed by the runs that made or cleared them, as far as these are recorded.
func HistoryText(w io.Writer, links []linker.PastLink, runs map[int64]linker.Run) error {
	t := &table{w: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.line("linked\tcleared\tdata type\tCRM row\ttrigger\tmade by\tcleared by")
	by := func(run, row int64) string {
		source := "no file"
		if name := runs[run].Source.Name; name != "" {
			source = text.Printable(name)
		}
		switch {
		case run == 0:
			return "the platform"
		case row == 0:
			return fmt.Sprintf("run %d (%s)", run, source)
		}
		return fmt.Sprintf("run %d, row %d of %s", run, row, source)
	}
	for _, l := range links {
		cleared, clearedBy := "current", ""
		if l.ClearedAt != nil {
			cleared, clearedBy = moment(*l.ClearedAt), by(l.ClearedByRun, l.ClearedByRow)
			if l.ClearedTrigger != "" {
				clearedBy += ", " + text.Printable(l.ClearedTrigger)
			}
		}
		row := text.Printable(l.EntityID)
		if l.ExternalID != "" {
			row += fmt.Sprintf(" (%s in %s)", text.Printable(l.ExternalID), text.Printable(l.IntegrationConnectionID))
		}
		t.line("%s\t%s\t%s\t%s\t%s\t%s\t%s", momentKnown(l.LinkedAt), cleared, cmp.Or(text.Printable(l.DataType), "-"), row,
			cmp.Or(text.Printable(l.Trigger), "-"), by(l.LinkedByRun, l.LinkedByRow), clearedBy)
	}
	if err := t.flush(); err != nil {
		return err
	}
	for i, id := range slices.Sorted(maps.Keys(runs)) {
		if i == 0 {
			t.line("")
		}
		t.run(runs[id])
	}
	return t.flush()
}

// run adds a run in one line: its kind, file, user and reason.
func (t *table) run(r linker.Run) {
	line := fmt.Sprintf("run %d, %s", r.ID, text.Printable(string(r.Kind)))
	switch {
	case r.OfRun != 0:
		line += fmt.Sprintf(" of run %d", r.OfRun)
	case r.Source.Name != "":
		line += fmt.Sprintf(" of %s (SHA-256 %s)", text.Printable(r.Source.Name), cmp.Or(text.Printable(r.Source.SHA256), "unknown"))
	}
	line += ", " + moment(r.StartedAt) + " UTC"
	if who := r.Operator.String(); who != "" {
		line += ", by " + text.Printable(who)
	}
	if r.Reason != "" {
		line += ": " + text.Printable(r.Reason)
	}
	t.line("%s", line)
}
