package batch

import (
	"context"
	"io"

	"relink/batch/source"
	"relink/linker"
	"relink/linker/guard"
)

// remembering is a report that remembers the refused rows among its lines.
type remembering struct {
	Report
	rows *linker.RefusedRows
}

func (r remembering) Write(e linker.Entry, rest io.Reader) error {
	r.rows.Add(&e)
	return r.Report.Write(e, rest)
}

// nowhere is a report that is not written anywhere.
type nowhere struct{}

func (nowhere) Write(linker.Entry, io.Reader) error { return nil }
func (nowhere) Commit() error                       { return nil }
func (nowhere) Abort() error                        { return nil }

// begin opens the report of the run, and remembers its refused rows if that is
// asked for.
func (j *Job) begin(src *source.Reader) (Report, error) {
	report, err := j.Begin(src)
	if err != nil || j.Remember == nil {
		return report, err
	}
	j.refused = &linker.RefusedRows{}
	return remembering{report, j.refused}, nil
}

// judgeNew compares the rows that the plan refuses with those of the last run.
// Only the file has their ids as written, so it is read once more.
func (j *Job) judgeNew(ctx context.Context, a Attempt, plan guard.Plan) (*guard.Refusal, error) {
	var done Done
	var rows linker.RefusedRows
	err := j.report(ctx, a, &done, func(*source.Reader) (Report, error) { return remembering{nowhere{}, &rows}, nil })
	if err != nil {
		return nil, err
	}
	return j.Guard.JudgeNewRejects(rows.Count(), rows.Known(j.Earlier), plan.Rows), nil
}

// remember keeps the refused rows of a finished run for the next one. The run
// is recorded as finished only afterwards.
func (j *Job) remember(ctx context.Context) error {
	if j.Remember == nil || j.Run.State != linker.StateDone {
		return nil
	}
	return j.Remember(ctx, j.refused)
}
