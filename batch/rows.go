package batch

import (
	"context"
	"errors"
	"io"
	"iter"

	"relink/batch/source"
	"relink/linker"
)

// Reading describes how the rows of a run are read, every time they are read.
type Reading struct {
	Input    source.Input
	Rules    *linker.Rules
	Progress *Progress
	// Notice, when not nil, receives what was found out about the input.
	Notice func(string)
}

// Row is a record and the result of Check.
type Row struct {
	source.Record
	Checked linker.Checked
}

// Entry returns the report's line for a row: complete when the row has a fault,
// without a decision otherwise.
func (r *Row) Entry() linker.Entry {
	e := linker.Entry{Row: r.Row, Line: r.Line, Fields: r.Fields, Raw: r.Raw}
	if f := r.Checked.Fault; f != nil {
		e.Outcome, e.Code, e.Message = linker.Rejected, f.Code, f.Message
	}
	return e
}

// Rows reads an input once, from its first record to its last. It is not safe
// for concurrent use.
type Rows struct {
	*source.Reader
	reading Reading
	phase   Phase
	row     Row
	faults  int64
	noticed int // number of notices already passed on
}

// countEvery is how many rows are read between two checks of the context and
// updates of the progress, each of which costs more than checking a row.
const countEvery = 256

// Open begins a phase in which the input is read; reading ends with ctx. The
// caller closes the rows.
func (r Reading) Open(ctx context.Context, phase Phase) (*Rows, error) {
	r.Progress.Enter(phase)
	src, err := source.OpenContext(ctx, r.Input)
	if err != nil {
		return nil, err
	}
	r.Progress.BytesTotal.Store(max(0, src.Size()))
	rows := &Rows{Reader: src, reading: r, phase: phase}
	rows.passNotices()
	return rows, nil
}

// Next reads and checks the next row, which is valid until the next call. The
// error is io.EOF after the last row, or the cause of ctx when that has ended.
func (r *Rows) Next(ctx context.Context) (*Row, error) {
	if r.row.Row%countEvery == 0 {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		r.count()
	}
	if err := r.Reader.Next(&r.row.Record); err != nil {
		r.count()
		return nil, err
	}
	r.row.Checked = r.row.Check(r.reading.Rules)
	if r.row.Checked.Fault != nil {
		r.faults++
	}
	return &r.row, nil
}

// All yields the remaining rows. An error ends the iteration and comes with the
// last step.
func (r *Rows) All(ctx context.Context) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		for {
			row, err := r.Next(ctx)
			if errors.Is(err, io.EOF) || !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// count updates the progress. Rows are counted only the first time they are
// read.
func (r *Rows) count() {
	p := r.reading.Progress
	p.BytesRead.Store(r.BytesRead())
	if r.phase == Staging {
		p.RowsRead.Store(r.row.Row)
		p.Rejected.Store(r.faults)
	}
}

// Close passes on the last notices and frees the file.
func (r *Rows) Close() error {
	r.passNotices()
	return r.Reader.Close()
}

func (r *Rows) passNotices() {
	if r.reading.Notice == nil {
		return
	}
	for _, n := range r.Notices()[r.noticed:] {
		r.reading.Notice(n)
		r.noticed++
	}
}
