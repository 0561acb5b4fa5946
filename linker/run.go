package linker

import (
	"encoding/json"
	"time"
)

// Run is the record of one run, as it stands in relink.runs.
type Run struct {
	ID     int64
	Kind   Kind
	State  State
	DryRun bool
	Source SourceIdentity // SHA256 is "" until the source was read to its end
	// Options are everything that changes what the run means. A resumed run
	// takes them from here, never from its own command line.
	Options    json.RawMessage
	StagedRows int64 // -1 until staging is complete
	Outcomes   Counts
	LeftAlone  int64 // reconcile: extras that are left on purpose
	// KnownRefused is how many refused rows the last run of the same scope had
	// refused too; nil when they were not compared.
	KnownRefused *int64
	OfRun        int64 // revert: the run taken back, else 0
	Database     Database
	// Operator began it, for the reason given ("" for none). Both stay when the
	// run is resumed; Host and PID are of the process that worked on it last.
	Operator Operator
	Reason   string
	// PlanSHA256 is of the bytes of a dry run's report, before any compression:
	// what is approved. "" for other runs.
	PlanSHA256 string
	// ApprovedRun is the dry run whose approved plan the run carries out, else 0.
	ApprovedRun int64
	OutDir      string
	Host        string
	PID         int
	Version     string
	StartedAt   time.Time
	ApplyingAt  time.Time // zero: no write was begun
	FinishedAt  time.Time // zero: not finished
	ExitStatus  ExitStatus
	Message     string // why it was refused or stopped, "" else
	// Took is how many milliseconds each phase took, in all processes that
	// were at work on the run. What a process that died had not yet saved
	// is not in it.
	Took map[string]int64
	// Alive reports that a process is working on the run right now.
	Alive bool
}

// KnownOperator is who began the run, nil when that is not recorded.
func (r *Run) KnownOperator() *Operator {
	if r.Operator == (Operator{}) {
		return nil
	}
	return &r.Operator
}

// CurrentState returns how far the run has come. A process that was killed could
// not record that: a run that has not ended and that no process is working on is
// interrupted.
func (r *Run) CurrentState() State {
	if !r.State.Ended() && !r.Alive {
		return StateInterrupted
	}
	return r.State
}

// Database is where a run was made. Every field is "" when it is not known: of
// runs that older versions recorded, or of validate, which has no database.
type Database struct {
	Name   string `json:"database,omitempty"`
	Schema string `json:"schema,omitempty"` // of the platform's tables
	Role   string `json:"role,omitempty"`
	Server string `json:"server,omitempty"` // host and port, or the socket, as the client called it
	// SystemIdentifier is what tells one PostgreSQL cluster from another. A
	// physical standby has that of its primary. "" where this role may not
	// read it.
	SystemIdentifier string `json:"-"`
	// Links is what tells the platform's table of links from one that was restored
	// from a dump or made anew under the same name.
	Links string `json:"-"`
	// Environment is the label of the database when the run was begun.
	Environment string `json:"environment,omitempty"`
}

// Kind is what a run does.
type Kind string

const (
	Import    Kind = "import"
	Reconcile Kind = "reconcile"
	Revert    Kind = "revert"
	Unlink    Kind = "unlink"
	Follow    Kind = "follow"   // an import of what the CRM's merges come to
	Remap     Kind = "remap"    // an import of what a map of CRM rows comes to
	Validate  Kind = "validate" // no database, so never in relink.runs
)

// State is how far a run has come.
type State string

const (
	StateStarted     State = "started"
	StateStaged      State = "staged"
	StatePlanned     State = "planned"
	StateApplying    State = "applying"
	StateReporting   State = "reporting"
	StateDone        State = "done"
	StateRefused     State = "refused"     // a guard said no; nothing was written
	StateInterrupted State = "interrupted" // stopped or died; can be resumed
	StateAbandoned   State = "abandoned"   // ended by hand without finishing
)

// Ended reports whether nothing is left to do for the run.
func (s State) Ended() bool {
	return s == StateDone || s == StateRefused || s == StateAbandoned
}
