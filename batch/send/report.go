package send

import (
	"context"
	"fmt"

	"relink/batch"
	"relink/batch/conflict"
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
	others, err := s.finder.Cursor()
	if err != nil {
		return err
	}
	identity, err := s.each(ctx, batch.Reporting, begin, func(r *source.Record, c linker.Checked) error {
		e, err := s.entry(r, c, answers{others, j})
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

// answers are what is known of the rows when they are reported.
type answers struct {
	others  *conflict.Cursor
	journal *journal // nil when nothing was sent
}

// entry is the report's line for a record.
func (s *Job) entry(r *source.Record, c linker.Checked, a answers) (linker.Entry, error) {
	e := linker.Entry{Row: r.Row, Line: r.Line, Fields: r.Fields, Raw: r.Raw}
	if c.Fault != nil {
		e.Outcome, e.Code, e.Message = linker.Rejected, c.Fault.Code, c.Fault.Message
		return e, nil
	}
	var err error
	e.Decision, err = s.decision(r.Row, c, a)
	e.Message = linker.Message(e.Code, c, e.Detail)
	return e, err
}

// decision is what became of a row that was found good.
func (s *Job) decision(row int64, c linker.Checked, a answers) (linker.Decision, error) {
	others, err := a.others.At(row)
	switch {
	case err != nil:
		return linker.Decision{}, err
	case others.Conflict && !s.Rules.LastWins:
		return linker.Decision{
			Outcome: linker.Rejected, Code: linker.ConflictingRows,
			Detail: linker.OtherLines(others.Lines, others.More), EntityID: c.Fields.ID,
		}, nil
	case a.journal == nil:
		return linker.Decision{Outcome: linker.Valid}, nil
	case others.Repeats == 0:
		return s.answer(row, a.journal)
	}
	// A row that repeats another has the answer of that one, which did the
	// work.
	d, err := s.answer(others.Repeats, a.journal)
	switch d.Outcome {
	case linker.Created, linker.Replaced, linker.Linked:
		d.Outcome = linker.Unchanged
	}
	return d, err
}

// answer is what the server said of a row.
func (s *Job) answer(row int64, j *journal) (linker.Decision, error) {
	at, err := s.answers.offset(row)
	if err != nil || at == noAnswer {
		return linker.Decision{Outcome: linker.Unattempted}, err
	}
	answer, err := j.read(at)
	if err == nil && answer.Row != row {
		err = fmt.Errorf("reading the journal at byte %d: found row %d where row %d belongs", at, answer.Row, row)
	}
	return answer.Decision, err
}
