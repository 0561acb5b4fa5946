package postgres

import (
	"context"
	"fmt"

	"relink/linker"
)

// Results hands every row that went to the database to each, in input order,
// with what became of it, then the extras of a reconciliation. Rows that Check
// refused are not among them: the file says all there is to say of those. The
// result belongs to Results and is valid during the call; an error of each ends
// it and is returned as it is.
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
	p.did("did", x.opt.Run)
	p.do("noting the rows that were not reached", "unattempted")
	return x.cause(p.err)
}
