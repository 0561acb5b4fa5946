package batch

import (
	"context"
	"errors"

	"relink/linker"
)

// apply makes the links and writes the report of what was done.
func (j *Job) apply(ctx context.Context, a Attempt, done *Done) (*Done, error) {
	j.Progress.Enter(Applying)
	j.Run.State = linker.StateApplying
	if err := j.save(ctx, a); err != nil {
		return nil, err
	}
	before := done.Applied
	j.wrote, done.Applied = true, true
	err := a.Apply(ctx, j.Stop, &j.Progress.RowsApplied)
	if err == nil {
		return j.close(ctx, a, done)
	}
	refused := errors.As(err, &done.Refusal)
	if !refused && !errors.Is(err, linker.ErrStopped) {
		return nil, err
	}
	if err := a.Unattempted(ctx); err != nil {
		return nil, err
	}
	if refused {
		j.wrote, done.Applied = before, before // no link was made
		return j.close(ctx, a, done)
	}
	j.Run.State = linker.StateInterrupted
	j.Run.Message = "told to stop"
	return done, j.finish(ctx, a, done)
}
