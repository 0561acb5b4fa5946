package batch

import (
	"context"
	"errors"
	"fmt"
	"io"

	"relink/batch/conflict"
	"relink/batch/source"
	"relink/linker"
)

// Report takes the lines of one report, in order. It has no effect until
// Commit.
type Report interface {
	// Write adds a line. rest gives the bytes of the record that follow
	// e.Raw when the record is too long to be held, nil otherwise. Nothing
	// of the entry is kept.
	Write(e linker.Entry, rest io.Reader) error
	// Commit makes the report complete and durable.
	Commit() error
	// Abort removes what was written; after Commit it does nothing.
	Abort() error
}

// Validation says what to validate and where the report goes.
type Validation struct {
	// Input must be readable twice: see Spool.
	Input source.Input
	// Guard judges the file; what it says of changes does not apply.
	Guard linker.Guard
	// TempDir takes temporary files of about 40 bytes a row, more where rows
	// share their recordings. Defaults to the system's folder.
	TempDir string
	// Begin opens a report for the source. It is called again for the
	// second reading, after Abort of the first report.
	Begin func(*source.Reader) (Report, error)
	// Notice, when not nil, is told what was found out about the file.
	Notice func(string)
	// Progress is kept up to date.
	Progress *Progress
}

// Validated is what came of a validation.
type Validated struct {
	Source  linker.SourceIdentity
	Tally   linker.Tally
	Refusal *linker.Refusal // nil when the guard lets the file pass
}

// Validate finds everything that can be found without a database and writes it
// into a report. Rows of one recording that ask for different targets get a
// note in the line of each: since such rows may stand at both ends of the
// file, a file that has them is read a second time.
func Validate(ctx context.Context, v Validation) (*Validated, error) {
	rows := conflict.NewFinder(v.TempDir)
	defer rows.Close()

	v.Progress.Enter(Staging)
	first := reading{Validation: v, finder: rows}
	done, err := first.read(ctx, func() (bool, error) {
		err := rows.Finish()
		return rows.Conflicts() == 0, err
	})
	if err == nil && rows.Conflicts() > 0 {
		v.Progress.Enter(Reporting)
		v.Progress.RowsToReport.Store(done.Tally.Rows())
		second := reading{Validation: v}
		second.Notice = nil // they were said
		if second.others, err = rows.Cursor(); err != nil {
			return nil, err
		}
		read := done.Source
		done, err = second.read(ctx, func() (bool, error) { return true, nil })
		if err == nil && done.Source != read {
			err = fmt.Errorf("reading %s a second time: it has changed since the first time; run again when nothing writes to it", read.Name)
		}
	}
	if err != nil {
		return nil, err
	}
	v.Progress.Enter(Finished)
	return done, nil
}

// reading is one of the readings of a file.
type reading struct {
	Validation
	finder *conflict.Finder // of the first reading
	others *conflict.Cursor // of the second
	seen   int              // notices that were passed on

	rejected int64
}

// ProgressRows is how many rows pass between two looks at the context and two
// updates of the progress: each costs more than the check of a row.
const ProgressRows = 256

// read reads the whole file into a new report, which is committed when keep,
// asked at the end, says so.
func (d *reading) read(ctx context.Context, keep func() (bool, error)) (*Validated, error) {
	src, err := source.Open(d.Input)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	d.Progress.BytesTotal.Store(max(0, src.Size()))
	d.passNotices(src)

	report, err := d.Begin(src)
	if err != nil {
		return nil, err
	}
	done := &Validated{}
	read, err := d.rows(ctx, src, report, &done.Tally)
	d.passNotices(src)
	if err == nil {
		err = done.Tally.Verify(read)
	}
	kept := false
	if err == nil {
		kept, err = keep()
	}
	if err == nil && kept {
		err = report.Commit()
	}
	if abortErr := report.Abort(); err == nil {
		err = abortErr
	}
	if err != nil {
		return nil, err
	}
	done.Source = src.Identity()
	done.Refusal = d.judge(&done.Tally)
	return done, nil
}

// rows takes every record to the report and returns how many there are.
func (d *reading) rows(ctx context.Context, src *source.Reader, report Report, tally *linker.Tally) (int64, error) {
	var r source.Record
	for n := int64(0); ; n++ {
		if n%ProgressRows == 0 {
			if err := context.Cause(ctx); err != nil {
				return n, fmt.Errorf("validating %s: %w", d.Input.Path, err)
			}
			d.count(src, n)
		}
		err := src.Next(&r)
		if errors.Is(err, io.EOF) {
			d.count(src, n)
			return n, nil
		}
		if err != nil {
			return n, err
		}
		e, err := d.entry(&r)
		if err != nil {
			return n, err
		}
		if e.Outcome == linker.Rejected {
			d.rejected++
		}
		tally.Add(&e)
		if err := report.Write(e, r.Rest); err != nil {
			return n, err
		}
	}
}

// entry is the report's line for a record.
func (d *reading) entry(r *source.Record) (linker.Entry, error) {
	e := linker.Entry{Row: r.Row, Line: r.Line, Fields: r.Fields, Decision: linker.Decision{Outcome: linker.Rejected}, Raw: r.Raw}
	checked := r.Check(&linker.Rules{Set: d.Input.Set, Values: d.Input.Values})
	if checked.Fault != nil {
		e.Code, e.Message = checked.Fault.Code, checked.Fault.Message
		return e, nil
	}
	e.Outcome, e.Message = linker.Valid, checked.Note
	if d.finder != nil {
		return e, d.finder.Add(r.Row, r.Line, &checked.Fields)
	}
	others, err := d.others.At(r.Row)
	if err != nil || !others.Conflict {
		return e, err
	}
	// In the words of an import, which will reject the row unless the targets
	// turn out to be one CRM row.
	e.Message = linker.Message(linker.ConflictingRows, checked, linker.OtherLines(others.Lines, others.More))
	return e, nil
}

func (d *reading) judge(t *linker.Tally) *linker.Refusal {
	return d.Guard.Judge(linker.Plan{Rows: t.Rows(), Outcomes: t.Outcomes()})
}

func (d *reading) count(src *source.Reader, rows int64) {
	p := d.Progress
	p.BytesRead.Store(src.BytesRead())
	if d.finder == nil {
		p.RowsReported.Store(rows)
		return
	}
	p.RowsRead.Store(rows)
	p.Rejected.Store(d.rejected)
}

func (d *reading) passNotices(src *source.Reader) {
	if d.Notice == nil {
		return
	}
	notices := src.Notices()
	for _, n := range notices[d.seen:] {
		d.Notice(n)
	}
	d.seen = len(notices)
}
