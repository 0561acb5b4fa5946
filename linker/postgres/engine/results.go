package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker"
)

// Results calls each for every row that went to the database, in input order,
// with its outcome, then for the extras of a reconciliation. Rows that Check
// refused are not included: the file has everything about those. The result
// belongs to Results and is valid during the call; an error of each ends it and
// is returned unchanged.
func (x *Session) Results(ctx context.Context, each func(*linker.Result) error) error {
	ctx, done := x.during(ctx)
	defer done()
	if err := x.results(ctx, each); err != nil {
		return err
	}
	if x.opt.Rules.Scope == nil {
		return nil
	}
	return x.extraResults(ctx, each)
}

// StagedResults is Results with every row of the source, as it was staged, also
// those that Check refused: for a source that cannot be read a second time.
func (x *Session) StagedResults(ctx context.Context, each func(*linker.StagedResult) error) error {
	ctx, done := x.during(ctx)
	defer done()
	if err := x.stagedResults(ctx, each); err != nil {
		return err
	}
	if x.opt.Rules.Scope == nil {
		return nil
	}
	return x.extraResults(ctx, func(r *linker.Result) error { return each(&linker.StagedResult{Result: *r}) })
}

func (x *Session) stagedResults(ctx context.Context, each func(*linker.StagedResult) error) error {
	rows, err := x.work.Query(ctx, x.statement("results_staged"), false)
	if err != nil {
		return x.cause(fmt.Errorf("reading the rows as they were staged: %w", err))
	}
	var r linker.StagedResult
	f := &r.Fields
	into := []any{
		&r.Row, &r.Line, &f.RecordingID, &f.DataType, &f.ID, &f.ExternalID, &f.IntegrationConnectionID, &f.Trigger,
		&r.Outcome, &r.Code, &r.Detail, &r.EntityID, &r.PreviousEntityID, &r.PreviousDataType,
	}
	var failed error
	_, err = pgx.ForEachRow(rows, into, func() error {
		failed = each(&r)
		return failed
	})
	if failed != nil || err == nil {
		return failed
	}
	return x.cause(fmt.Errorf("reading the rows as they were staged: %w", err))
}

func (x *Session) results(ctx context.Context, each func(*linker.Result) error) error {
	rows, err := x.work.Query(ctx, x.statement("results"), x.opt.Undo != 0)
	if err != nil {
		return x.cause(fmt.Errorf("reading the results: %w", err))
	}
	defer rows.Close()
	var r linker.Result
	for rows.Next() {
		// All columns but the first are text, whose binary form is the
		// text itself: no scan, no reflection, a million times. Null is "".
		v := rows.RawValues()
		r.Row = int64(beUint64(v[0]))
		r.Outcome = linker.Outcome(intern(v[1], string(r.Outcome)))
		r.Code = linker.Code(intern(v[2], string(r.Code)))
		r.Detail = intern(v[3], r.Detail)
		r.EntityID = string(v[4])
		r.PreviousEntityID = r.EntityID
		if v[5] != nil {
			r.PreviousEntityID = string(v[5])
		}
		r.PreviousDataType = intern(v[6], r.PreviousDataType)
		r.RecordingID = string(v[7])
		if err := each(&r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return x.cause(fmt.Errorf("reading the results: %w", err))
	}
	return nil
}

// intern returns b as a string, without a copy when it equals one at hand.
func intern(b []byte, at string) string {
	if string(b) == at {
		return at
	}
	return string(b)
}

func beUint64(b []byte) (v uint64) {
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// Unattempted notes which rows the run, stopped now, did not reach.
func (x *Session) Unattempted(ctx context.Context) error {
	ctx, done := x.during(ctx)
	defer done()
	x.applied = true
	p := planner{x: x, ctx: ctx}
	p.marked(x.opt.Run)
	p.do("noting the rows that were not reached", "unattempted")
	return x.cause(p.err)
}
