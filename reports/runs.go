package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"relink/linker"
	"relink/linker/text"
)

// usualSchema is not shown in the table of runs.
const usualSchema = "public"

// maxUser is how much of a user's name is shown in the table of runs.
const maxUser = 16

// listedRun is a run in the list of runs.
type listedRun struct {
	ID         int64                 `json:"id"`
	Kind       linker.Kind           `json:"kind"`
	State      linker.State          `json:"state"`
	Source     linker.SourceIdentity `json:"source"`
	StartedAt  time.Time             `json:"startedAt"`
	FinishedAt *time.Time            `json:"finishedAt"`
	Outcomes   linker.Counts         `json:"outcomes"`
	linker.Database
	Operator *linker.Operator `json:"operator"`
	Reason   string           `json:"reason"`
}

func list(r linker.Run) listedRun {
	v := listedRun{
		ID: r.ID, Kind: r.Kind, State: r.State, Source: r.Source,
		StartedAt: r.StartedAt.UTC().Truncate(time.Second),
		Outcomes:  r.Outcomes, Database: r.Database, Operator: r.KnownOperator(), Reason: r.Reason,
	}
	if !r.FinishedAt.IsZero() {
		at := r.FinishedAt.UTC().Truncate(time.Second)
		v.FinishedAt = &at
	}
	if v.Outcomes == nil {
		v.Outcomes = linker.Counts{}
	}
	return v
}

// WriteRunsJSON writes the runs as an array of objects with the keys id, kind,
// state, source, startedAt, finishedAt, outcomes, database, schema, role,
// server, operator (null where it is not known) and reason, in the order given.
// finishedAt is null for a run that has not finished; source is the object of
// summary.json; state is that of linker.Run.
func WriteRunsJSON(w io.Writer, runs []linker.Run) error {
	listed := make([]listedRun, 0, len(runs))
	for _, r := range runs {
		listed = append(listed, list(r))
	}
	return writeJSON(w, listed)
}

// WriteRunJSON writes all that is recorded of one run, as an object: the keys
// of WriteRunsJSON, dryRun, reverts (the run that a revert takes back, else
// null), exitStatus (null for a run that has not finished), message, folder,
// host, pid, version, options, planSha256 ("" but for a dry run), approvals and
// approvedRun (the dry run whose approved plan it carries out, else null).
func WriteRunJSON(w io.Writer, r linker.Run, approvals []linker.Approval) error {
	v := struct {
		listedRun
		DryRun      bool               `json:"dryRun"`
		Reverts     *int64             `json:"reverts"`
		ExitStatus  *linker.ExitStatus `json:"exitStatus"`
		Message     string             `json:"message"`
		Folder      string             `json:"folder"`
		Host        string             `json:"host"`
		PID         int                `json:"pid"`
		Version     string             `json:"version"`
		Options     json.RawMessage    `json:"options"`
		PlanSHA256  string             `json:"planSha256"`
		Approvals   []linker.Approval  `json:"approvals"`
		ApprovedRun *int64             `json:"approvedRun"`
	}{
		listedRun: list(r), DryRun: r.DryRun, Message: r.Message, Folder: r.OutDir,
		Host: r.Host, PID: r.PID, Version: r.Version, Options: r.Options,
		PlanSHA256: r.PlanSHA256, Approvals: append([]linker.Approval{}, approvals...),
	}
	if r.OfRun != 0 {
		v.Reverts = &r.OfRun
	}
	if r.ApprovedRun != 0 {
		v.ApprovedRun = &r.ApprovedRun
	}
	if !r.FinishedAt.IsZero() {
		v.ExitStatus = &r.ExitStatus
	}
	return writeJSON(w, v)
}

// RunsText writes the runs as a table, in the order given: one line each, a
// second one for the counts where that would be wider than o.Width, and one for
// the reason if there is one. Only the width of o is used.
func RunsText(w io.Writer, runs []linker.Run, o TextOptions) error {
	p := newPage(o)
	if len(runs) == 0 {
		p.line("no runs yet")
	} else {
		p.runs(runs)
	}
	_, err := io.WriteString(w, strings.Join(p.lines, "\n")+"\n")
	return err
}

func (p *page) runs(runs []linker.Run) {
	rows := [][]string{{"RUN", "STARTED (UTC)", "KIND", "STATE", "TOOK", "BY", "SOURCE", "OUTCOMES"}}
	for _, r := range runs {
		kind, lasted := text.Printable(string(r.Kind)), ""
		if r.DryRun {
			kind += ", dry"
		}
		if !r.FinishedAt.IsZero() {
			lasted = took(r.FinishedAt.Sub(r.StartedAt))
		}
		source := text.Printable(filepath.Base(r.Source.Name))
		switch {
		case r.Kind == linker.Revert:
			source = "run " + strconv.FormatInt(r.OfRun, 10)
		case r.Source.Name == "":
			source = ""
		}
		if schema := r.Database.Schema; schema != "" && schema != usualSchema {
			source = strings.TrimLeft(source+" in "+text.Printable(schema), " ")
		}
		rows = append(rows, []string{
			strconv.FormatInt(r.ID, 10), r.StartedAt.UTC().Format(time.DateTime),
			kind, text.Printable(string(r.State)), lasted, text.Cut(text.Printable(r.Operator.User), maxUser), source, r.Outcomes.String(),
		})
	}
	const last = 7 // OUTCOMES
	widths, total := make([]int, last+1), 0
	for col := range widths {
		for _, row := range rows {
			widths[col] = max(widths[col], width(row[col]))
		}
		total += widths[col] + 2
	}
	narrow := total-2 > p.width
	indent := strings.Repeat(" ", widths[0]+2)
	for i, row := range rows {
		line := fmt.Sprintf("%*s", widths[0], row[0])
		for col := 1; col < last; col++ {
			line += "  " + row[col] + strings.Repeat(" ", widths[col]-width(row[col]))
		}
		switch {
		case !narrow:
			p.line("%s  %s", line, row[last])
		case i == 0:
			p.line("%s", line)
		default:
			p.line("%s", line)
			p.wrapped(indent, plain, row[last])
		}
		if i > 0 && runs[i-1].Reason != "" {
			p.wrapped(indent, p.faint(), "reason: "+runs[i-1].Reason)
		}
	}
}
