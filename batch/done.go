package batch

import (
	"relink/linker"
	"relink/linker/explain"
	"relink/linker/guard"
)

// Done is the result of a run.
type Done struct {
	Run     linker.Run
	Plan    guard.Plan
	Tally   linker.Tally
	Refusal *guard.Refusal // nil unless a guard refused
	Applied bool           // the report lists what was done, not what would be done
	// Reported is true when there is a report; a run that was stopped before it
	// had a plan has none.
	Reported bool
	// Map is that of the job.
	Map *linker.MapTotals
	// SourceLost is the reason why the source could not be read a second time,
	// "" when it could. The report is then made from the rows as they were
	// staged, and there are no rejects.
	SourceLost string

	leftAlone int64 // extras that are never cleared, whatever the options
	missed    int64 // extras that should have been cleared and still exist
}

// ExitStatus returns the exit status of the program: the first that applies of
// interrupted, refused by a guard, finished with rows rejected or failed or
// with a prune that did not clear everything it should have, drift, success. A
// dry run returns the status that the real run would.
func (d *Done) ExitStatus() linker.ExitStatus {
	switch {
	case d.Refusal != nil:
		return d.Refusal.Kind.ExitStatus()
	case d.Run.State == linker.StateInterrupted:
		return linker.ExitInterrupted
	}
	outcomes := d.Tally.Outcomes()
	switch {
	case d.newRefused() > 0, d.Map != nil && d.Map.Refused > 0, d.Plan.PruneWithheld != "", d.missed > 0,
		d.Run.Kind == linker.Revert && outcomes[linker.Kept] > 0:
		return linker.ExitRejected
	case d.Run.DryRun && d.Drift():
		return linker.ExitDrift
	}
	return linker.ExitOK
}

// newRefused returns the number of rows rejected or failed, not counting those
// that the last run of the same scope refused too.
func (d *Done) newRefused() int64 {
	outcomes := d.Tally.Outcomes()
	n := outcomes[linker.Rejected] + outcomes[linker.Failed]
	if d.Run.KnownRefused != nil {
		n -= *d.Run.KnownRefused
	}
	return n
}

// WrongDatabase reports whether none of the recordings that were looked up
// exists.
func (d *Done) WrongDatabase() bool {
	missing, sought := int64(0), d.Tally.Rows()
	for _, r := range d.Tally.Reasons() {
		switch {
		case r.Code == linker.RecordingNotFound:
			missing = r.Count
		case explain.NeedsNoDatabase(r.Code):
			sought -= r.Count
		}
	}
	return missing > 0 && missing == sought
}

// Drift reports whether links in scope differ from the file, or would without
// this run. Extras that are left alone on purpose do not count.
func (d *Done) Drift() bool {
	kind := d.Run.Kind
	return (kind == linker.Reconcile || kind == linker.Follow) && d.Tally.Outcomes().Drift(d.leftAlone) > 0
}

// Summary returns the content of summary.json, without its list of files.
func (d *Done) Summary() linker.Summary {
	var id *int64 // nil for a run that is in no database
	if d.Run.ID != 0 {
		id = &d.Run.ID
	}
	s := linker.Summary{
		Run:              id,
		Kind:             string(d.Run.Kind),
		DryRun:           d.Run.DryRun,
		Applied:          d.Applied,
		State:            string(d.Run.State),
		Drift:            d.Drift(),
		Source:           d.Run.Source,
		Database:         d.Run.Database,
		Operator:         d.Run.KnownOperator(),
		Reason:           d.Run.Reason,
		ApprovedRun:      d.Run.ApprovedRun,
		Rows:             d.Tally.Rows(),
		Outcomes:         d.Tally.Outcomes(),
		LeftAlone:        d.leftAlone,
		PreviousTriggers: d.Plan.Triggers,
		Map:              d.Map,
		Reasons:          d.Tally.Reasons(),
		StartedAt:        d.Run.StartedAt,
		FinishedAt:       d.Run.FinishedAt,
		ExitStatus:       d.ExitStatus(),
	}
	if known := d.Run.KnownRefused; known != nil {
		unknown := d.newRefused()
		s.KnownRejects, s.NewRejects = known, &unknown
	}
	return s
}
