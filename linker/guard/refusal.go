package guard

import (
	"fmt"

	"relink/linker"
)

// RefusalKind names the guard that refused a plan.
type RefusalKind string

const (
	TooShort       RefusalKind = "too_short"            // fewer rows than --min-rows
	TooManyRejects RefusalKind = "too_many_rejects"     // over --max-rejects
	TooManyNew     RefusalKind = "too_many_new_rejects" // over --max-new-rejects
	NoGoodRow      RefusalKind = "no_good_row"          // reconcile: every row is rejected, or there is none
	TooManyChanges RefusalKind = "too_many_changes"     // over --max-changes
	Unexpected     RefusalKind = "unexpected"           // not the report of --expect
	// RefusedByDatabase: the database has refused every change so far.
	RefusedByDatabase RefusalKind = "refused_by_database"
)

// ExitStatus is the status with which a program that was refused ends.
func (k RefusalKind) ExitStatus() linker.ExitStatus {
	switch k {
	case TooManyRejects, TooManyNew, NoGoodRow:
		return linker.ExitBudget
	case TooManyChanges, Unexpected:
		return linker.ExitGuard
	default:
		return linker.ExitError
	}
}

// Refusal is a guard's answer to a plan that must not be carried out. It is an
// error so that it can end a run.
type Refusal struct {
	Kind    RefusalKind `json:"kind"`
	Message string      `json:"message"`        // what is wrong, one sentence
	Hint    string      `json:"hint,omitempty"` // what to do, naming the flag
	// Groups are the RefusalGroups largest groups of changes, largest
	// first, when the number of changes was the reason.
	Groups []Group `json:"groups,omitempty"`
}

// RefusalGroups is how many groups a Refusal names: they fit a terminal.
const RefusalGroups = 10

func (r *Refusal) Error() string { return r.Message }

// RefuseUnexpected is the refusal of a plan whose report is not, byte for byte,
// the report given with --expect. difference says where they part, "" when
// that is not known.
func RefuseUnexpected(report, difference string) *Refusal {
	if difference != "" {
		difference = ": " + difference
	}
	return &Refusal{
		Kind:    Unexpected,
		Message: fmt.Sprintf("the plan is not the one approved in %q%s", report, difference),
		Hint:    "compare this plan's report with the approved one, and give the new one to --expect when it is right",
	}
}
