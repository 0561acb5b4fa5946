package batch

import (
	"context"

	"relink/linker"
	"relink/linker/guard"
)

// rewrite writes the report of what the run has done according to its marks. A
// row that could be applied now, but was not applied by this run, is
// unattempted.
func (j *Job) rewrite(ctx context.Context, a Attempt) (*Done, error) {
	j.Progress.Enter(Planning)
	first := j.Run.ApplyingAt.IsZero()
	plan, err := a.Plan(ctx, first, j.mentions())
	if err != nil {
		return nil, err
	}
	if j.Run.Kind == linker.Revert {
		j.Run.StagedRows = plan.Rows
	}
	done := &Done{Run: j.Run, Plan: plan, Map: j.Map, Applied: !first, Reported: true}
	if j.Run.State == linker.StateRefused {
		done.Refusal = j.refusal(plan)
	}
	if !first {
		if err := a.Unattempted(ctx); err != nil {
			return nil, err
		}
	}
	if err := j.report(ctx, a, done, j.Begin); err != nil {
		return nil, err
	}
	if err := j.writeSidecars(done); err != nil {
		return nil, err
	}
	if j.Run.State.Ended() {
		j.dropWorkingTables(ctx, a)
	}
	return done, nil
}

// refusal returns why an ended run was refused, nil when it was not.
func (j *Job) refusal(plan guard.Plan) *guard.Refusal {
	if refusal := j.judge(plan); refusal != nil && refusal.Message == j.Run.Message {
		return refusal
	}
	// The links have changed since, or --expect refused.
	for _, kind := range []guard.RefusalKind{guard.TooManyRejects, guard.TooManyChanges} {
		if kind.ExitStatus() == j.Run.ExitStatus {
			return &guard.Refusal{Kind: kind, Message: j.Run.Message}
		}
	}
	return &guard.Refusal{Kind: guard.TooShort, Message: j.Run.Message}
}
