package batch

import (
	"context"
	"errors"
	"fmt"

	"relink/batch/source"
	"relink/linker"
	"relink/linker/guard"
)

// plan decides all rows and lets the guards judge the plan.
func (j *Job) plan(ctx context.Context, a Attempt) (*Done, error) {
	j.Progress.Enter(Planning)
	first := j.Run.ApplyingAt.IsZero() && !j.wrote
	plan, err := a.Plan(ctx, first, j.mentions())
	if err != nil {
		return nil, err
	}
	if j.Run.Kind == linker.Revert {
		j.Run.StagedRows = plan.Rows
	}
	if plan.Rows != j.Run.StagedRows {
		return nil, fmt.Errorf("planning: %d rows were staged and %d planned", j.Run.StagedRows, plan.Rows)
	}
	j.Progress.Rejected.Store(plan.Outcomes[linker.Rejected])
	j.Progress.RowsToApply.Store(plan.Outcomes[linker.Created] + plan.Outcomes[linker.Replaced] + plan.Outcomes[linker.Cleared] + plan.Outcomes[linker.Reverted])
	if j.Planned != nil {
		j.Planned(plan)
	}
	done := &Done{Plan: plan, Applied: !first, Refusal: j.judge(plan)}
	if done.Refusal == nil && j.Earlier != nil {
		if done.Refusal, err = j.judgeNew(ctx, a, plan); err != nil {
			return nil, err
		}
	}
	if done.Refusal == nil && j.Expect != nil && (first || j.ExpectAgain) {
		if done.Refusal, err = j.compare(ctx, a); err != nil {
			return nil, err
		}
	}
	if done.Refusal == nil {
		done.Refusal = plan.Refused
	}
	j.Run.State = linker.StatePlanned
	return done, j.save(ctx, a)
}

// judge has the guards judge a plan. A map that is not complete comes before
// changes that are too many, as its exit status does.
func (j *Job) judge(plan guard.Plan) *guard.Refusal {
	refusal := j.Guard.Judge(plan)
	if j.Incomplete != nil && (refusal == nil || refusal.Kind.ExitStatus() == linker.ExitGuard) {
		return j.Incomplete
	}
	return refusal
}

// mentions finds recordings in the bytes of the source, for a run that may clear
// links of recordings that the source does not name.
func (j *Job) mentions() linker.Mentions {
	if s := j.Rules.Scope; s == nil || !s.Prune {
		return nil
	}
	return source.NewMentions(j.Input)
}

// compare compares the plan's report with the approved one.
func (j *Job) compare(ctx context.Context, a Attempt) (*guard.Refusal, error) {
	var done Done
	err := j.report(ctx, a, &done, j.Expect)
	var refusal *guard.Refusal
	if errors.As(err, &refusal) {
		return refusal, nil
	}
	return nil, err
}
