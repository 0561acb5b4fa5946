package send

import (
	"context"
	"fmt"

	"relink/batch"
	"relink/batch/source"
	"relink/linker"
)

// report reads the file once more and joins each row with what became of it.
// j is nil when nothing was sent.
func (s *Job) report(ctx context.Context, done *batch.Done, j *journal) (err error) {
	s.Progress.RowsToReport.Store(done.Run.StagedRows)
	var report batch.Report
	defer func() {
		if report == nil {
			return
		}
		if abortErr := report.Abort(); err == nil {
			err = abortErr
		}
	}()
	begin := func(src *source.Reader) (err error) {
		report, err = s.Begin(src)
		return err
	}
	identity, err := s.each(ctx, batch.Reporting, begin, func(r *source.Record, c linker.Checked) error {
		e, err := s.entry(r, c, j)
		if err != nil {
			return err
		}
		done.Tally.Add(&e)
		s.Progress.RowsReported.Store(r.Row)
		return report.Write(e, r.Rest)
	})
	if err != nil {
		return err
	}
	if identity.SHA256 != done.Run.Source.SHA256 {
		return &source.ChangedError{Path: s.Input.Path, Was: done.Run.Source.SHA256, Is: identity.SHA256}
	}
	if err := done.Tally.Verify(done.Run.StagedRows); err != nil {
		return err
	}
	return report.Commit()
}

// entry is the report's line for a record.
func (s *Job) entry(r *source.Record, c linker.Checked, j *journal) (linker.Entry, error) {
	e := linker.Entry{Row: r.Row, Line: r.Line, Fields: r.Fields, Raw: r.Raw}
	if c.Fault != nil {
		e.Outcome, e.Code, e.Message = linker.Rejected, c.Fault.Code, c.Fault.Message
		return e, nil
	}
	var err error
	e.Decision, err = s.decision(r.Row, c, j)
	e.Message = linker.Message(e.Code, c, e.Detail)
	return e, err
}

// decision is what became of a row that was found good.
func (s *Job) decision(row int64, c linker.Checked, j *journal) (linker.Decision, error) {
	f, err := s.fates.of(row)
	if err != nil {
		return linker.Decision{}, err
	}
	if f == conflicting {
		others, _, err := s.mates.At(row)
		return linker.Decision{
			Outcome: linker.Rejected, Code: linker.ConflictingRows, Detail: others.Places(), EntityID: c.Fields.ID,
		}, err
	}
	first, repeats := f.repeats()
	if repeats {
		if f, err = s.fates.of(first); err != nil {
			return linker.Decision{}, err
		}
	}
	at, known := f.at()
	switch {
	case j == nil:
		return linker.Decision{Outcome: linker.Valid}, nil
	case !known:
		return linker.Decision{Outcome: linker.Unattempted}, nil
	}
	answer, err := j.read(at)
	if err == nil && !repeats && answer.Row != row {
		err = fmt.Errorf("reading the journal at byte %d: found row %d where row %d belongs", at, answer.Row, row)
	}
	// The rows of a recording share the fate of the row that did their work.
	if repeats {
		switch answer.Outcome {
		case linker.Created, linker.Replaced, linker.Linked:
			answer.Outcome = linker.Unchanged
		}
	}
	return answer.Decision, err
}
