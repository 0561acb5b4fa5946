package batch

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"relink/batch/source"
	"relink/linker"
)

// Attempt is the database's side of one attempt at a run. The attempt holds
// the run's locks until it is closed; its methods come in the order of the
// road. Its errors say themselves whether another attempt may help: see
// linker.IsTransient.
type Attempt interface {
	// Staged reports whether all rows of the run are already staged.
	Staged(ctx context.Context) (bool, error)
	// Stage takes rows until next returns io.EOF and says how many came. An
	// error of next is returned as it is. doubts, asked at the end, says why
	// the file may not be whole.
	Stage(ctx context.Context, next func(*linker.Numbered) error, doubts func() []string) (int64, error)
	// Plan decides every staged row. first says that the run has not
	// written yet.
	Plan(ctx context.Context, first bool) (linker.Plan, error)
	// Apply carries the plan out. It returns linker.ErrStopped when stop was
	// closed and rows are left.
	Apply(ctx context.Context, stop <-chan struct{}, applied *atomic.Int64) error
	// Unattempted notes the rows that a stopped Apply left.
	Unattempted(ctx context.Context) error
	// Results gives every row that Check let pass in input order, then the
	// lines a reconciliation adds.
	Results(ctx context.Context, each func(*linker.Result) error) error
	// StagedResults is Results with all rows of the source, as they were
	// staged: for a source that cannot be read again.
	StagedResults(ctx context.Context, each func(*linker.StagedResult) error) error
	// Save makes the record of the run, and all that was applied, durable.
	Save(ctx context.Context, r linker.Run) error
	// DropWorkingTables ends what only an unfinished run needs.
	DropWorkingTables(ctx context.Context) error
	Close()
}

// Job is a run to be made: what to do, and who does it. Functions that are
// called more than once must stand that.
type Job struct {
	// Run is the run's record, new or as it was interrupted.
	Run linker.Run
	// Input must be readable more than once: see Spool. A revert has none:
	// its rows are the changes of the run it takes back.
	Input source.Input
	// Rewrite only writes the report again: of a run that has ended, or of
	// one that was interrupted, as far as it got. Nothing is applied.
	Rewrite bool
	Rules   linker.Rules
	Guard   linker.Guard
	// Open begins an attempt; again says that this process made one before.
	Open func(ctx context.Context, again bool) (Attempt, error)
	// Record saves the run's record without an attempt.
	Record func(ctx context.Context, r linker.Run) error
	// Begin opens the report for the source, nil for a revert. It may be
	// called again after the report before was aborted.
	Begin func(*source.Reader) (Report, error)
	// Expect, when not nil, opens a report that compares itself with an
	// approved one; its Commit returns a *linker.Refusal when they differ.
	Expect func(*source.Reader) (Report, error)
	// Finish, when not nil, writes what else tells of the run, once its report
	// is there. The run's record says only afterwards that the run has
	// ended: one that died in between is resumed, and has all its files.
	Finish func(*Done) error
	// Planned, when not nil, is shown the plan before the first write.
	Planned func(linker.Plan)
	// RetryTimeout is how long the run may be without its database before it
	// gives up; 0 gives up at once. Rows that are applied wind the clock
	// back.
	RetryTimeout time.Duration
	// Stop, when closed, ends the run after the batches in hand; what was
	// done is reported and the run can be resumed. Cancelling the context
	// stops at once.
	Stop <-chan struct{}
	// Notice, when not nil, is told what the person should know.
	Notice   func(string)
	Progress *Progress

	before  map[string]int64 // Run.Took when this process began
	wrote   bool             // this process has begun to write
	read    bool             // this process has seen the source as it was staged
	noticed []string         // notices of the source that were passed on
	outage  outage
}

// Done is what came of a run.
type Done struct {
	Run     linker.Run
	Plan    linker.Plan
	Tally   linker.Tally
	Refusal *linker.Refusal // nil unless a guard refused
	Applied bool            // the report says what was done, not what would be
	// Reported says that the report is there; a run that was stopped before
	// it had a plan has none.
	Reported bool
	// SourceLost says why the source could not be read a second time: the
	// report is made of the rows as they were staged, and there are no
	// rejects. "" when it could be read.
	SourceLost string

	leftAlone int64 // extras that are not to be cleared, whatever is asked for
	missed    int64 // extras that were to be cleared, and are still there
}

// Do takes the run along the whole road. Errors that a second attempt may not
// meet (a lost connection, a restarted server) are met with a second attempt,
// which plans anew from what the database then says: nothing is lost or done
// twice, also when the answer to a commit was what got lost.
//
// With an error the run's record says interrupted, and Done what is known.
func (j *Job) Do(ctx context.Context) (*Done, error) {
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = 15 * time.Second
	j.before = j.Run.Took
	for again := false; ; again = true {
		done, err := j.attempt(ctx, again)
		if err == nil {
			j.Progress.Enter(Finished)
			return done, nil
		}
		if j.Progress.RowsApplied.Load() > 0 {
			// It got further, so that it cannot go on like this for
			// ever.
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

// interrupted writes down that the run stopped, as well as it can be: the
// database may be what is missing, and a run that nobody is at work on counts
// as interrupted anyway.
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

// attempt goes the road once.
func (j *Job) attempt(ctx context.Context, again bool) (*Done, error) {
	j.Progress.RowsApplied.Store(0)
	// Until the first write there is nothing to finish: stop means now.
	early, cancel := UntilStop(ctx, j.Stop)
	defer cancel()
	a, err := j.Open(early, again)
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

// UntilStop returns ctx, which ends with linker.ErrStopped when stop is closed.
// The caller calls cancel.
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

// plan decides all rows and has the guards judge them.
func (j *Job) plan(ctx context.Context, a Attempt) (*Done, error) {
	j.Progress.Enter(Planning)
	first := j.Run.ApplyingAt.IsZero() && !j.wrote
	plan, err := a.Plan(ctx, first)
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
	j.Progress.RowsToApply.Store(plan.Outcomes[linker.Created] + plan.Outcomes[linker.Replaced] + plan.Outcomes[linker.Reverted])
	if j.Planned != nil {
		j.Planned(plan)
	}
	done := &Done{Plan: plan, Applied: !first, Refusal: j.Guard.Judge(plan)}
	if done.Refusal == nil && j.Expect != nil && first {
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

// compare holds the plan's report against the approved one.
func (j *Job) compare(ctx context.Context, a Attempt) (*linker.Refusal, error) {
	var done Done
	err := j.report(ctx, a, &done, j.Expect)
	var refusal *linker.Refusal
	if errors.As(err, &refusal) {
		return refusal, nil
	}
	return nil, err
}

// apply makes the links and reports what was done.
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
	j.Run.Message = "stopped by a signal"
	return done, j.finish(ctx, a, done)
}

// close reports a run that has come to its end, and ends it.
func (j *Job) close(ctx context.Context, a Attempt, done *Done) (*Done, error) {
	if done.Applied {
		j.Run.State = linker.StateReporting
		if err := j.save(ctx, a); err != nil {
			return nil, err
		}
	}
	j.Run.State, j.Run.Message = linker.StateDone, ""
	if done.Refusal != nil {
		j.Run.State, j.Run.Message = linker.StateRefused, done.Refusal.Message
		if done.Applied {
			// A resumed run that a guard stops has written: it is not
			// over, and can be resumed with other limits.
			j.Run.State = linker.StateInterrupted
		}
	}
	return done, j.finish(ctx, a, done)
}

// written writes the files beside the report.
func (j *Job) written(done *Done) error {
	if j.Finish == nil {
		return nil
	}
	return j.Finish(done)
}

// save makes the record durable, with the times so far.
func (j *Job) save(ctx context.Context, a Attempt) error {
	j.clock()
	return a.Save(ctx, j.Run)
}

// clock notes how long each phase took.
func (j *Job) clock() {
	took := map[string]int64{}
	for phase := Starting; phase < Finished; phase++ {
		if ms := j.before[phase.String()] + j.Progress.Took(phase).Milliseconds(); ms > 0 {
			took[phase.String()] = ms
		}
	}
	j.Run.Took = took
}

// finish writes the report and then the record. The working tables go last:
// until the record says that the run has ended, they may be needed again.
func (j *Job) finish(ctx context.Context, a Attempt, done *Done) error {
	state := j.Run.State
	err := j.report(ctx, a, done, j.Begin)
	var changed *source.ChangedError
	if err != nil && (errors.As(err, &changed) || source.IsUnreadable(err)) {
		// The rows are staged, and what became of them is known: only how
		// they were written is lost.
		done.SourceLost = err.Error()
		err = j.reportStaged(ctx, a, done)
	}
	if err != nil {
		return err
	}
	done.Reported = true
	j.Run.State = state
	j.Run.Outcomes, j.Run.LeftAlone = done.Tally.Outcomes(), done.leftAlone
	j.clock()
	done.Run = j.Run
	done.Run.FinishedAt = time.Now().UTC()
	j.Run.ExitStatus = done.ExitStatus()
	done.Run.ExitStatus = j.Run.ExitStatus
	if err := j.written(done); err != nil {
		return err
	}
	if err := j.save(ctx, a); err != nil {
		return err
	}
	if state.Ended() {
		j.dropWorkingTables(ctx, a)
	}
	return nil
}

// dropWorkingTables tidies up after a run that has ended. That it has is
// recorded by now, and stays true when tidying fails.
func (j *Job) dropWorkingTables(ctx context.Context, a Attempt) {
	if err := a.DropWorkingTables(ctx); err != nil {
		j.notice("the working tables of run %d are left over, relink runs clean drops them: %s", j.Run.ID, err)
	}
}

func (j *Job) notice(format string, args ...any) {
	if j.Notice != nil {
		j.Notice(fmt.Sprintf(format, args...))
	}
}
