package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"relink/batch/source"
	"relink/linker"
)

// report reads the source a second time and joins each record with what the
// database says of its row. The raw fields therefore never travel through the
// database, and the rejects have their original bytes.
func (j *Job) report(ctx context.Context, a Attempt, done *Done, begin func(*source.Reader) (Report, error)) (err error) {
	j.Progress.Enter(Reporting)
	j.Progress.RowsToReport.Store(j.Run.StagedRows)
	var src *source.Reader
	if j.Run.Kind != linker.Revert {
		if src, err = source.Open(j.Input); err != nil {
			return err
		}
		defer src.Close()
	}
	report, err := begin(src)
	if err != nil {
		return err
	}
	return j.write(report, done, func(m *merger) error {
		m.source = src
		if src == nil {
			return a.Results(ctx, m.change)
		}
		if err := a.Results(ctx, m.result); err != nil {
			return err
		}
		return m.end()
	})
}

// reportStaged writes the report of a source that is not what it was any more.
func (j *Job) reportStaged(ctx context.Context, a Attempt, done *Done) error {
	report, err := j.Begin(nil)
	if err != nil {
		return err
	}
	return j.write(report, done, func(m *merger) error { return a.StagedResults(ctx, m.staged) })
}

// write has merge write the lines of a report, adds them up and commits it.
func (j *Job) write(report Report, done *Done, merge func(*merger) error) (err error) {
	defer func() {
		if abortErr := report.Abort(); err == nil {
			err = abortErr
		}
	}()
	done.Tally, done.leftAlone, done.missed = linker.Tally{}, 0, 0
	m := merger{job: j, report: report, tally: &done.Tally}
	if err := merge(&m); err != nil {
		return err
	}
	done.leftAlone, done.missed = m.leftAlone, m.missed
	if err := done.Tally.Verify(j.Run.StagedRows); err != nil {
		return err
	}
	return report.Commit()
}

// merger joins records and results, both in input order.
type merger struct {
	job    *Job
	source *source.Reader
	report Report
	tally  *linker.Tally
	record source.Record
	ended  bool

	leftAlone, missed int64
}

// change writes the line of one change that a revert takes back or leaves.
func (m *merger) change(r *linker.Result) error {
	return m.write(linker.Entry{
		Row: r.Row, Fields: linker.Fields{RecordingID: r.RecordingID},
		Decision: r.Decision, Message: linker.Message(r.Code, changed(r), r.Detail),
	}, nil)
}

// changed is a change as a row, for messages.
func changed(r *linker.Result) linker.Checked {
	return linker.Checked{Fields: linker.Fields{RecordingID: r.RecordingID, ID: r.EntityID}}
}

// end writes what is left of the source and makes sure that it is the file
// that was staged.
func (m *merger) end() error {
	if err := m.drain(0); err != nil {
		return err
	}
	return m.otherFile()
}

// otherFile is a *ChangedError when the source, read to its end, is not the file
// that was staged.
func (m *merger) otherFile() error {
	if was, is := m.job.Run.Source.SHA256, m.source.Identity().SHA256; was != is {
		return &source.ChangedError{Path: m.job.Input.Path, Was: was, Is: is}
	}
	return nil
}

// result writes the line of one result, and before it those of the records
// that never went to the database.
func (m *merger) result(r *linker.Result) error {
	if r.Row == 0 {
		if err := m.drain(0); err != nil {
			return err
		}
		return m.extra(r)
	}
	if err := m.drain(r.Row); err != nil {
		return err
	}
	c := m.record.Check(&m.job.Rules)
	if m.ended || m.record.Row != r.Row || c.Fault != nil {
		return m.unlike(fmt.Errorf("reporting row %d: the record is not the one that was staged", r.Row))
	}
	e := linker.Entry{
		Row: m.record.Row, Line: m.record.Line, Fields: m.record.Fields, Raw: m.record.Raw,
		Decision: r.Decision, Message: linker.Message(r.Code, c, r.Detail),
	}
	e.Code = c.Final(r.Code)
	return m.write(e, m.record.Rest)
}

// extra writes the line of a link that the file does not mention.
func (m *merger) extra(r *linker.Result) error {
	switch {
	case r.Missed:
		m.missed++
	case r.Outcome == linker.Extra && r.Detail != "":
		m.leftAlone++
	}
	return m.write(linker.Entry{
		Fields: linker.Fields{RecordingID: r.RecordingID}, Decision: r.Decision, Message: r.Detail,
	}, nil)
}

// staged writes the line of one row as it was staged. Of a row that Check
// refused only the code is left.
func (m *merger) staged(r *linker.StagedResult) error {
	if r.Row == 0 {
		return m.extra(&r.Result)
	}
	e := linker.Entry{Row: r.Row, Line: r.Line, Fields: r.Fields, Decision: r.Decision}
	if r.Code.NeedsNoDatabase() {
		why, _ := linker.Explain(r.Code)
		e.Message = why.Meaning
	} else {
		e.Message = linker.Message(r.Code, linker.Checked{Fields: r.Fields}, r.Detail)
	}
	return m.write(e, nil)
}

// drain reads on to a row, 0 for the end, and writes the lines of the records
// on the way: those that Check refused.
func (m *merger) drain(row int64) error {
	for !m.ended {
		if err := m.source.Next(&m.record); errors.Is(err, io.EOF) {
			m.ended = true
			break
		} else if err != nil {
			return err
		}
		if m.record.Row == row {
			return nil
		}
		fault := m.record.Check(&m.job.Rules).Fault
		if fault == nil {
			return m.unlike(fmt.Errorf("reporting row %d: the database has no result for it", m.record.Row))
		}
		err := m.write(linker.Entry{
			Row: m.record.Row, Line: m.record.Line, Fields: m.record.Fields, Raw: m.record.Raw,
			Decision: linker.Decision{Outcome: linker.Rejected, Code: fault.Code},
			Message:  fault.Message,
		}, m.record.Rest)
		if err != nil {
			return err
		}
	}
	return nil
}

// unlike tells why records and results do not go together: the file is another
// one, nearly always. Otherwise err.
func (m *merger) unlike(err error) error {
	for !m.ended {
		if next := m.source.Next(&m.record); errors.Is(next, io.EOF) {
			m.ended = true
		} else if next != nil {
			return next
		}
	}
	return cmp.Or(m.otherFile(), err)
}

func (m *merger) write(e linker.Entry, rest io.Reader) error {
	m.tally.Add(&e)
	if n := m.tally.Rows(); n%ProgressRows == 0 {
		m.job.Progress.RowsReported.Store(n)
	}
	return m.report.Write(e, rest)
}
