package batch

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"relink/batch/source"
	"relink/linker"
	"relink/linker/guard"
)

// Attempt is the database's side of one attempt at a run. It holds the run's
// locks until it is closed. Its methods are listed in the order in which they
// are called. linker.IsTransient reports whether another attempt may help after
// one of its errors.
type Attempt interface {
	// Staged reports whether all rows of the run are already staged.
	Staged(ctx context.Context) (bool, error)
	// Stage copies rows until next returns io.EOF, and returns how many there
	// were. It returns an error of next unchanged. doubts is called after the
	// last row and returns the reasons why the file may be incomplete.
	Stage(ctx context.Context, next func(*linker.Numbered) error, doubts func() []string) (int64, error)
	// Plan decides every staged row. first is true when the run has not
	// written yet. file, when not nil, keeps links from being cleared whose
	// recording stands in it.
	Plan(ctx context.Context, first bool, file linker.Mentions) (guard.Plan, error)
	// Apply carries the plan out. It returns linker.ErrStopped when stop was
	// closed while rows were left.
	Apply(ctx context.Context, stop <-chan struct{}, applied *atomic.Int64) error
	// Unattempted marks the rows that the run, now stopped, did not reach.
	Unattempted(ctx context.Context) error
	// Results calls each for every row that Check accepted, in input order,
	// then for the lines that a reconciliation adds.
	Results(ctx context.Context, each func(*linker.Result) error) error
	// StagedResults is Results for all rows of the source, as they were staged:
	// for a source that cannot be read again.
	StagedResults(ctx context.Context, each func(*linker.StagedResult) error) error
	// Save makes the run's record, and everything that was applied, durable.
	Save(ctx context.Context, r linker.Run) error
	// DropWorkingTables drops what only an unfinished run needs.
	DropWorkingTables(ctx context.Context) error
	Close()
}

// Job is a run to be made: what to do, and the functions that do it.
type Job struct {
	// Run is the run's record: a new one, or that of an interrupted run.
	Run linker.Run
	// Input must be readable more than once: see Spool. A revert has none: its
	// rows are the changes of the run that it reverts.
	Input source.Input
	// Rewrite only writes the report again: of a run that has ended, or of an
	// interrupted one as far as it got. Nothing is applied.
	Rewrite bool
	Rules   linker.Rules
	Guard   guard.Guard
	// Open begins an attempt; retry is true when this process has made one
	// before.
	Open func(ctx context.Context, retry bool) (Attempt, error)
	// Record saves the run's record without an attempt.
	Record func(ctx context.Context, r linker.Run) error
	// Begin opens the report for the source, which is nil for a revert. It may
	// be called again after the previous report was aborted.
	Begin func(*source.Reader) (Report, error)
	// Expect, when not nil, opens a report that compares itself with an
	// approved one; its Commit returns a *linker.Refusal when they differ.
	Expect func(*source.Reader) (Report, error)
	// ExpectAgain compares even when the run continues after its first write.
	ExpectAgain bool
	// Earlier, when not nil, holds the refused rows of the last run of the same
	// scope: the guard and the exit status count only rows that are not among
	// them.
	Earlier *linker.RefusedRows
	// Remember, when not nil, keeps the refused rows of a finished run for the
	// next one.
	Remember func(context.Context, *linker.RefusedRows) error
	// Map adds up the map of CRM rows that the input was made of, nil for others.
	// With refused rows in it the run does not end with 0.
	Map *linker.MapTotals
	// Incomplete, when not nil, is why the run is refused whatever its plan is: the
	// map leaves links out.
	Incomplete *guard.Refusal
	// Finish, when not nil, writes summary.json and the other files beside the
	// report. The run is recorded as ended only afterwards, so one that died in
	// between is resumed and then has all its files.
	Finish func(*Done) error
	// Planned, when not nil, is called with the plan before the first write.
	Planned func(guard.Plan)
	// RetryTimeout is how long the run may be without its database before it
	// gives up; 0 means at once. The time starts again whenever rows are
	// applied.
	RetryTimeout time.Duration
	// Stop, when closed, ends the run after the batches being applied; what was
	// done is reported and the run can be resumed. Cancelling the context stops
	// it at once.
	Stop <-chan struct{}
	// Notice, when not nil, receives messages for the user.
	Notice   func(string)
	Progress *Progress

	refused *linker.RefusedRows // of the last report written
	before  map[string]int64    // Run.Took when this process began
	wrote   bool                // this process has started to write
	read    bool                // this process has read the source as it was staged
	noticed []string            // notices of the source already passed on
	outage  outage
}

func (j *Job) notice(format string, args ...any) {
	if j.Notice != nil {
		j.Notice(fmt.Sprintf(format, args...))
	}
}
