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
	IncompleteMap  RefusalKind = "incomplete_map"       // remap --require-complete: links would stay
	TooManyChanges RefusalKind = "too_many_changes"     // over --max-changes
	Unexpected     RefusalKind = "unexpected"           // not the report of --expect, not the plan approved
	Unapproved     RefusalKind = "unapproved"           // nobody has approved such a plan
	// RefusedByDatabase: the database has refused every change so far.
	RefusedByDatabase RefusalKind = "refused_by_database"
)

// ExitStatus is the status with which a program that was refused ends.
func (k RefusalKind) ExitStatus() linker.ExitStatus {
	switch k {
	case TooManyRejects, TooManyNew, NoGoodRow, IncompleteMap:
		return linker.ExitBudget
	case TooManyChanges, Unexpected, Unapproved:
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

// RefuseUnexpected is the refusal of a plan whose report differs from the
// report given with --expect, compared byte for byte. difference describes
// where, "" when that is not known.
func RefuseUnexpected(report, difference string) *Refusal {
	return unexpected(fmt.Sprintf("%q", report), difference,
		"compare this plan's report with the approved one, and give the new one to --expect when it is right")
}

// RefuseMoved is the refusal of a plan that is no longer the approved one;
// difference describes where.
func RefuseMoved(a linker.Approval, difference string) *Refusal {
	return unexpected(fmt.Sprintf("run %d by role %s", a.Run, a.By.Role), difference, "make a new dry run and "+haveApproved)
}

func unexpected(approved, difference, hint string) *Refusal {
	if difference != "" {
		difference = ": " + difference
	}
	return &Refusal{
		Kind:    Unexpected,
		Message: fmt.Sprintf("the plan is not the one approved in %s%s", approved, difference),
		Hint:    hint,
	}
}

const haveApproved = "have another role look at its report and run `relink approve RUN --reason TEXT`"

// RefuseUnapproved is the refusal of a plan that has no valid approval, for the
// given reason.
func RefuseUnapproved(why string) *Refusal {
	return &Refusal{
		Kind:    Unapproved,
		Message: "the plan is not approved: " + why,
		Hint:    "make a dry run with the same options and " + haveApproved,
	}
}
