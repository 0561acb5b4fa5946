package send

import (
	"context"
	"fmt"

	"relink/batch"
	"relink/batch/conflict"
	"relink/batch/source"
	"relink/linker"
)

// report reads the file once more and joins each row with its answer.
// j is nil when nothing was sent.
func (s *Job) report(ctx context.Context, done *batch.Done, j *journal) error {
	others, err := s.finder.Cursor()
	if err != nil {
		return err
	}
	s.Progress.RowsToReport.Store(done.Run.StagedRows)
	rows, err := s.reading().Open(ctx, batch.Reporting)
	if err != nil {
		return err
	}
	defer rows.Close()
	begin := func() (batch.Report, error) { return s.Begin(rows.Reader) }
	done.Tally, err = batch.WriteReport(begin, s.Progress, func(lines *batch.Lines) (int64, error) {
		for row, err := range rows.All(ctx) {
			if err != nil {
				return 0, err
			}
			e, err := s.entry(row, answers{others, j})
			if err != nil {
				return 0, err
			}
			if err := lines.Write(e, row.Rest); err != nil {
				return 0, err
			}
		}
		if was, is := done.Run.Source.SHA256, rows.Identity().SHA256; was != is {
			return 0, &source.ChangedError{Path: s.Input.Path, Was: was, Is: is}
		}
		return done.Run.StagedRows, nil
	})
	return err
}

// answers holds what is known about the rows when they are reported.
type answers struct {
	others  *conflict.Cursor
	journal *journal // nil when nothing was sent
}

// entry returns the report's line for a row.
func (s *Job) entry(row *batch.Row, a answers) (linker.Entry, error) {
	e := row.Entry()
	if row.Checked.Fault != nil {
		return e, nil
	}
	var err error
	e.Decision, err = s.decision(row, a)
	e.Message = linker.Message(e.Code, row.Checked, e.Detail)
	return e, err
}

// decision returns the outcome of a row that Check accepted.
func (s *Job) decision(row *batch.Row, a answers) (linker.Decision, error) {
	others, err := a.others.At(row.Row)
	switch {
	case err != nil:
		return linker.Decision{}, err
	case others.Conflict && !s.Rules.LastWins:
		return linker.Decision{
			Outcome: linker.Rejected, Code: linker.ConflictingRows,
			Detail: linker.OtherLines(others.Lines, others.More), EntityID: row.Checked.Fields.ID,
		}, nil
	case a.journal == nil:
		return linker.Decision{Outcome: linker.Valid}, nil
	case others.Repeats == 0:
		return s.answer(row.Row, a.journal)
	}
	// A row that repeats another one was not sent: the answer to that one
	// counts.
	d, err := s.answer(others.Repeats, a.journal)
	switch d.Outcome {
	case linker.Created, linker.Replaced, linker.Linked:
		d.Outcome = linker.Unchanged
	}
	return d, err
}

// answer returns the server's answer for a row.
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
