package batch

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"relink/linker"
)

// Do carries the run out. After an error that another attempt may fix (a lost
// connection, a restarted server) it makes one, planning again from the state
// of the database: nothing is lost or done twice, even when the answer to a
// commit was lost.
//
// When Do returns an error, the run is recorded as interrupted, and Done holds
// what is known.
func (j *Job) Do(ctx context.Context) (*Done, error) {
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = 15 * time.Second
	j.before = j.Run.Took
	for retry := false; ; retry = true {
		done, err := j.attempt(ctx, retry)
		if err == nil {
			j.Progress.Enter(Finished)
			return done, nil
		}
		if j.Progress.RowsApplied.Load() > 0 {
			// It makes progress, so it will finish eventually.
			j.outage = outage{}
			pause.Reset()
		}
		j.outage.begin()
		if ctx.Err() != nil || j.stopped() || !linker.IsTransient(err) {
			return j.interrupted(err)
		}
		left := j.RetryTimeout - j.outage.lasts()
		if left <= 0 {
			if j.RetryTimeout > 0 {
				j.notice("giving up: %s without the database", j.RetryTimeout)
			}
			return j.interrupted(err)
		}
		wait := min(pause.NextBackOff(), left)
		j.notice("%s; trying again in %s", err, wait.Round(100*time.Millisecond))
		select {
		case <-time.After(wait):
		case <-j.Stop:
			return j.interrupted(err)
		case <-ctx.Done():
			return j.interrupted(err)
		}
	}
}

// interrupted records that the run stopped, if the database can be reached.
// Otherwise the run counts as interrupted because no process holds its lock.
func (j *Job) interrupted(cause error) (*Done, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	j.Run.State, j.Run.Message = linker.StateInterrupted, cause.Error()
	j.clock()
	if err := j.Record(ctx, j.Run); err != nil && !linker.IsTransient(err) {
		cause = errors.Join(cause, err)
	}
	return &Done{Run: j.Run, Applied: j.wrote || !j.Run.ApplyingAt.IsZero()}, cause
}

// attempt makes one attempt at the run.
func (j *Job) attempt(ctx context.Context, retry bool) (*Done, error) {
	j.Progress.RowsApplied.Store(0)
	// There is nothing to finish before the first write: stop takes effect at
	// once.
	early, cancel := UntilStop(ctx, j.Stop)
	defer cancel()
	a, err := j.Open(early, retry)
	if err != nil {
		return nil, stopCause(early, err)
	}
	defer a.Close()
	j.outage.end()
	if j.Run.Kind != linker.Revert {
		if err := j.stage(early, a); err != nil {
			return nil, stopCause(early, err)
		}
	}
	if j.Rewrite {
		return j.rewrite(early, a)
	}
	done, err := j.plan(early, a)
	if err != nil {
		return nil, stopCause(early, err)
	}
	if done.Refusal != nil && done.Applied {
		if err := a.Unattempted(early); err != nil {
			return nil, stopCause(early, err)
		}
	}
	if done.Refusal != nil || j.Run.DryRun {
		return j.close(ctx, a, done)
	}
	if early.Err() != nil {
		return nil, context.Cause(early)
	}
	return j.apply(ctx, a, done)
}

// UntilStop returns a copy of ctx that ends with linker.ErrStopped when stop is
// closed. The caller must call cancel.
func UntilStop(ctx context.Context, stop <-chan struct{}) (early context.Context, cancel context.CancelFunc) {
	early, end := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-stop:
			end(linker.ErrStopped)
		case <-early.Done():
		}
	}()
	return early, func() { end(nil) }
}

func stopCause(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), linker.ErrStopped) {
		return linker.ErrStopped
	}
	return err
}

func (j *Job) stopped() bool {
	select {
	case <-j.Stop:
		return true
	default:
		return false
	}
}
