package batch

import (
	"context"
	"errors"
	"time"

	"relink/batch/source"
	"relink/batch/source/raw"
	"relink/linker"
)

// close writes the report of a run that has come to its end, and ends it.
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
			// A resumed run that a guard stops has already written: it is not
			// over, and can be resumed with other limits.
			j.Run.State = linker.StateInterrupted
		}
	}
	return done, j.finish(ctx, a, done)
}

// writeSidecars writes the files beside the report.
func (j *Job) writeSidecars(done *Done) error {
	if j.Finish == nil {
		return nil
	}
	return j.Finish(done)
}

// save makes the run's record durable, with the times so far.
func (j *Job) save(ctx context.Context, a Attempt) error {
	j.clock()
	return a.Save(ctx, j.Run)
}

// clock records how long each phase took.
func (j *Job) clock() {
	took := map[string]int64{}
	for phase := Starting; phase < Finished; phase++ {
		if ms := j.before[phase.String()] + j.Progress.Took(phase).Milliseconds(); ms > 0 {
			took[phase.String()] = ms
		}
	}
	j.Run.Took = took
}

// finish writes the report and then the run's record. The working tables are
// dropped last: until the run is recorded as ended, they may be needed again.
func (j *Job) finish(ctx context.Context, a Attempt, done *Done) error {
	err := j.report(ctx, a, done, j.begin)
	var changed *source.ChangedError
	if err != nil && (errors.As(err, &changed) || raw.IsUnreadable(err)) {
		// The rows are staged and decided; only the bytes of the records are
		// lost.
		done.SourceLost = err.Error()
		err = j.reportStaged(ctx, a, done)
	}
	if err != nil {
		return err
	}
	done.Reported = true
	j.Run.Outcomes, j.Run.LeftAlone = done.Tally.Outcomes(), done.leftAlone
	if j.Earlier != nil {
		known := j.refused.Known(j.Earlier)
		j.Run.KnownRefused = &known
	}
	j.clock()
	done.Run, done.Map = j.Run, j.Map
	done.Run.FinishedAt = time.Now().UTC()
	j.Run.ExitStatus = done.ExitStatus()
	done.Run.ExitStatus = j.Run.ExitStatus
	if err := j.writeSidecars(done); err != nil {
		return err
	}
	if err := j.remember(ctx); err != nil {
		return err
	}
	if err := j.save(ctx, a); err != nil {
		return err
	}
	if j.Run.State.Ended() {
		j.dropWorkingTables(ctx, a)
	}
	return nil
}

// dropWorkingTables cleans up after a run that is recorded as ended. An error
// is only worth a notice: the run has ended all the same.
func (j *Job) dropWorkingTables(ctx context.Context, a Attempt) {
	if err := a.DropWorkingTables(ctx); err != nil {
		j.notice("the working tables of run %d are left over, relink runs clean drops them: %s", j.Run.ID, err)
	}
}
