package guard

import (
	"relink/linker"
)

// Plan is the sum of what a run would do, known before its first write.
type Plan struct {
	Rows     int64 // rows read from the input
	Strays   int64 // those of them that are probably no rows: see Checked.Stray
	Outcomes linker.Counts
	// Groups are the current links the run concerns and the changes it
	// plans, by the connection and data type of the link that is current.
	Groups []Group
	// Triggers are the links replaced or cleared by the trigger that made them,
	// those of most links first; nil for a revert, which takes back links of a
	// run.
	Triggers []linker.TriggerCount
	// Touched counts the recordings whose link would change, by
	// organization.
	Touched []OrganizationCount
	// PruneWithheld is why nothing will be cleared although --prune was
	// given; "" when nothing withholds it.
	PruneWithheld string
	// Refused is how the database would end the run, found out by trying;
	// nil when it would not, or was not asked.
	Refused *Refusal
}

// Group is a part of the links a run concerns: of the scope (reconcile) or of
// the recordings mentioned (import).
type Group struct {
	Connection string
	DataType   string
	Current    int64 // links that are current before the run
	Replaced   int64 // of these, links the run replaces
	Cleared    int64 // of these, links the run clears without a new one
}

// OrganizationCount is the number of recordings of one organization.
type OrganizationCount struct {
	Organization string
	Recordings   int64
}
