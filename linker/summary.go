package linker

import "time"

// Summary is a run's summary.json, which --json also prints to stdout.
type Summary struct {
	// Run is the run's id, nil for validate, which has no database.
	Run     *int64 `json:"run"`
	Kind    string `json:"kind"` // import, reconcile, revert, validate
	DryRun  bool   `json:"dryRun"`
	Applied bool   `json:"applied"` // false: the report is a plan, nothing was written
	State   string `json:"state"`
	// Drift reports that links in scope differ from the file (reconcile).
	Drift    bool           `json:"drift"`
	Source   SourceIdentity `json:"source"`
	Database                // its keys are at the top level
	Operator *Operator      `json:"operator,omitempty"` // nil for validate
	Reason   string         `json:"reason,omitempty"`
	// ApprovedRun is the dry run whose approved plan was carried out, else 0.
	ApprovedRun int64  `json:"approvedRun,omitempty"`
	Rows        int64  `json:"rows"`
	Outcomes    Counts `json:"outcomes"`
	// LeftAlone is how many of the extra links are left on purpose; they do not
	// count as drift.
	LeftAlone int64 `json:"leftAlone,omitempty"`
	// PreviousTriggers are the links that the plan replaces or clears by the
	// trigger that made them: in the plan of a dry run as in that of the run.
	PreviousTriggers []TriggerCount `json:"previousTriggers,omitempty"`
	// KnownRejects and NewRejects are the refused rows that the last run of the
	// same scope refused too, and the others; nil when they were not compared.
	KnownRejects *int64   `json:"knownRejects,omitempty"`
	NewRejects   *int64   `json:"newRejects,omitempty"`
	Reasons      []Reason `json:"reasons"`
	// Map adds up the map of a remap, nil for others.
	Map        *MapTotals        `json:"map,omitempty"`
	Files      map[string]string `json:"files"` // report, rejects, … → path
	StartedAt  time.Time         `json:"startedAt"`
	FinishedAt time.Time         `json:"finishedAt"`
	ExitStatus ExitStatus        `json:"exitStatus"`
}

// SourceIdentity identifies an input file.
type SourceIdentity struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`  // as stored: compressed bytes of a compressed file
	SHA256 string `json:"sha256"` // of the bytes as stored, hexadecimal
}

// Reason groups the rows that ended with one code.
type Reason struct {
	Code  Code    `json:"code"`
	Count int64   `json:"count"`
	Lines []int64 `json:"lines"` // the first ReasonLines physical lines
	// Message is that of the first row where the code does not give the reason:
	// the database's own sentence.
	Message string `json:"message,omitempty"`
	// Values are what several of these rows were refused for.
	Values []Offender `json:"values,omitempty"`
}

// ReasonLines is how many line numbers a Reason names.
const ReasonLines = 10
