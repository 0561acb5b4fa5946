package batch

import (
	"relink/linker"
	"relink/linker/explain"
	"relink/linker/guard"
)

// Done is what came of a run.
type Done struct {
	Run     linker.Run
	Plan    guard.Plan
	Tally   linker.Tally
	Refusal *guard.Refusal // nil unless a guard refused
	Applied bool           // the report lists what was done, not what would be
	// Reported is true when there is a report; a run that was stopped before
	// it had a plan has none.
	Reported bool
	// SourceLost is why the source could not be read a second time: the
	// report is made of the rows as they were staged, and there are no
	// rejects. "" when it could be read.
	SourceLost string

	leftAlone int64 // extras that are not to be cleared, whatever is asked for
	missed    int64 // extras that were to be cleared, and are still there
}

// ExitStatus is the status with which the program should end: the first that
// applies of interrupted, refused by a guard, finished with rows rejected or
// failed or with a prune that did not clear all it should, drift, all well. A
// dry run ends as the run would.
func (d *Done) ExitStatus() linker.ExitStatus {
	switch {
	case d.Refusal != nil:
		return d.Refusal.Kind.ExitStatus()
	case d.Run.State == linker.StateInterrupted:
		return linker.ExitInterrupted
	}
	outcomes := d.Tally.Outcomes()
	switch {
	case d.newRefused() > 0, d.Plan.PruneWithheld != "", d.missed > 0,
		d.Run.Kind == linker.Revert && outcomes[linker.Kept] > 0:
		return linker.ExitRejected
	case d.Run.Kind == linker.Reconcile && d.Run.DryRun && d.Drift():
		return linker.ExitDrift
	}
	return linker.ExitOK
}

// newRefused is the number of rows rejected or failed, without those that the
// last run of the same scope refused too.
func (d *Done) newRefused() int64 {
	outcomes := d.Tally.Outcomes()
	n := outcomes[linker.Rejected] + outcomes[linker.Failed]
	if d.Run.KnownRefused != nil {
		n -= *d.Run.KnownRefused
	}
	return n
}

// WrongDatabase reports whether not one recording of the file was found, of
// those that were looked for.
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

// Drift reports whether links in scope are, or without this run would be,
// different from the file. Extras that are left alone on purpose do not count.
func (d *Done) Drift() bool { return d.Tally.Outcomes().Drift(d.leftAlone) > 0 }

// Summary is the run's summary.json, without its files.
func (d *Done) Summary() linker.Summary {
	var id *int64 // nil for a run that no database has recorded
	if d.Run.ID != 0 {
		id = &d.Run.ID
	}
	s := linker.Summary{
		Run:              id,
		Kind:             string(d.Run.Kind),
		DryRun:           d.Run.DryRun,
		Applied:          d.Applied,
		State:            string(d.Run.State),
		Drift:            d.Run.Kind == linker.Reconcile && d.Drift(),
		Source:           d.Run.Source,
		Database:         d.Run.Database,
		Operator:         d.Run.KnownOperator(),
		Reason:           d.Run.Reason,
		ApprovedRun:      d.Run.ApprovedRun,
		Rows:             d.Tally.Rows(),
		Outcomes:         d.Tally.Outcomes(),
		LeftAlone:        d.leftAlone,
		PreviousTriggers: d.Plan.Triggers,
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
