package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"relink/batch/source"
	"relink/linker"
	"relink/linker/explain"
)

// report reads the source a second time and joins each row with its result.
// That way the fields as given need not be kept in the database, and the
// rejects have their original bytes.
func (j *Job) report(ctx context.Context, a Attempt, done *Done, begin func(*source.Reader) (Report, error)) error {
	j.Progress.RowsToReport.Store(j.Run.StagedRows)
	if j.Run.Kind == linker.Revert {
		j.Progress.Enter(Reporting)
		return j.write(done, func() (Report, error) { return begin(nil) }, func(m *merger) error {
			return a.Results(ctx, m.change)
		})
	}
	rows, err := j.reading(nil).Open(ctx, Reporting)
	if err != nil {
		return err
	}
	defer rows.Close()
	return j.write(done, func() (Report, error) { return begin(rows.Reader) }, func(m *merger) error {
		m.rows, m.read = rows, func() (*Row, error) { return rows.Next(ctx) }
		if err := a.Results(ctx, m.result); err != nil {
			return err
		}
		return m.end()
	})
}

// reportStaged writes the report when the source has changed or is gone.
func (j *Job) reportStaged(ctx context.Context, a Attempt, done *Done) error {
	return j.write(done, func() (Report, error) { return j.begin(nil) }, func(m *merger) error {
		return a.StagedResults(ctx, m.staged)
	})
}

// write writes a report whose lines come from merge.
func (j *Job) write(done *Done, begin func() (Report, error), merge func(*merger) error) (err error) {
	m := merger{job: j}
	done.Tally, err = WriteReport(begin, j.Progress, func(lines *Lines) (int64, error) {
		m.lines = lines
		return j.Run.StagedRows, merge(&m)
	})
	done.leftAlone, done.missed = m.leftAlone, m.missed
	return err
}

// merger joins rows and results, both in input order.
type merger struct {
	job   *Job
	lines *Lines
	rows  *Rows // the source, when it is read
	read  func() (*Row, error)
	row   *Row // the last one read, nil at the end
	ended bool

	leftAlone, missed int64
}

// change writes the line of one change that a revert undoes or leaves alone.
func (m *merger) change(r *linker.Result) error {
	return m.lines.Write(linker.Entry{
		Row: r.Row, Fields: linker.Fields{RecordingID: r.RecordingID},
		Decision: r.Decision, Message: linker.Message(r.Code, changed(r), r.Detail),
	}, nil)
}

// changed returns a change as a row, for messages.
func changed(r *linker.Result) linker.Checked {
	return linker.Checked{Fields: linker.Fields{RecordingID: r.RecordingID, ID: r.EntityID}}
}

// end writes the rest of the source and checks that it is the file that was
// staged.
func (m *merger) end() error {
	if err := m.drain(0); err != nil {
		return err
	}
	return m.job.changed(m.rows.Identity())
}

// result writes the line of one result, preceded by the lines of the rows that
// Check refused, for which the database has no result.
func (m *merger) result(r *linker.Result) error {
	if err := m.drain(r.Row); err != nil {
		return err
	}
	if r.Row == 0 {
		return m.extra(r)
	}
	if m.row == nil || m.row.Row != r.Row || m.row.Checked.Fault != nil {
		return m.mismatch(fmt.Errorf("reporting row %d: the record is not the one that was staged", r.Row))
	}
	c := m.row.Checked
	e := m.row.Entry()
	e.Decision, e.Message = r.Decision, linker.Message(r.Code, c, r.Detail)
	e.Code = c.Final(r.Code)
	return m.lines.Write(e, m.row.Rest)
}

// extra writes the line of a link that the file does not mention.
func (m *merger) extra(r *linker.Result) error {
	switch {
	case r.Missed:
		m.missed++
	case r.Outcome == linker.Extra && r.Detail != "":
		m.leftAlone++
	}
	return m.lines.Write(linker.Entry{
		Fields: linker.Fields{RecordingID: r.RecordingID}, Decision: r.Decision, Message: r.Detail,
	}, nil)
}

// staged writes the line of one row as it was staged. For a row that Check
// refused, only the code is left.
func (m *merger) staged(r *linker.StagedResult) error {
	if r.Row == 0 {
		return m.extra(&r.Result)
	}
	e := linker.Entry{Row: r.Row, Line: r.Line, Fields: r.Fields, Decision: r.Decision}
	if explain.NeedsNoDatabase(r.Code) {
		why, _ := explain.Explain(r.Code)
		e.Message = why.Meaning
	} else {
		e.Message = linker.Message(r.Code, linker.Checked{Fields: r.Fields}, r.Detail)
	}
	return m.lines.Write(e, nil)
}

// drain reads up to a row, or to the end when it is 0, and writes the lines of
// the rows before it, which Check refused.
func (m *merger) drain(to int64) error {
	for {
		switch err := m.next(); {
		case err != nil:
			return err
		case m.row == nil, m.row.Row == to:
			return nil
		case m.row.Checked.Fault == nil:
			return m.mismatch(fmt.Errorf("reporting row %d: the database has no result for it", m.row.Row))
		}
		if err := m.lines.Write(m.row.Entry(), m.row.Rest); err != nil {
			return err
		}
	}
}

// next reads the next row. It does nothing after the last one.
func (m *merger) next() (err error) {
	if m.ended {
		return nil
	}
	m.row, err = m.read()
	if errors.Is(err, io.EOF) {
		m.ended = true
		return nil
	}
	return err
}

// mismatch returns the reason why rows and results do not match: nearly always
// a changed file, otherwise err.
func (m *merger) mismatch(err error) error {
	for !m.ended {
		if err := m.next(); err != nil {
			return err
		}
	}
	return cmp.Or(m.job.changed(m.rows.Identity()), err)
}
