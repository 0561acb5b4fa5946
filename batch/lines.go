package batch

import (
	"io"

	"relink/linker"
)

// Report takes the lines of one report, in order. It has no effect until
// Commit.
type Report interface {
	// Write adds a line. rest gives the bytes of the record that follow e.Raw
	// when the record is too long to be kept in memory, and is nil otherwise.
	// Write retains nothing of the entry.
	Write(e linker.Entry, rest io.Reader) error
	// Commit makes the report complete and durable.
	Commit() error
	// Abort removes what was written; it does nothing after Commit.
	Abort() error
}

// Lines writes the lines of a report and counts them.
type Lines struct {
	report   Report
	progress *Progress
	tally    linker.Tally
}

// Write adds a line; see Report.
func (l *Lines) Write(e linker.Entry, rest io.Reader) error {
	l.tally.Add(&e)
	if n := l.tally.Rows(); n%countEvery == 0 {
		l.progress.RowsReported.Store(n)
	}
	return l.report.Write(e, rest)
}

// WriteReport writes a report from begin to commit. write writes its lines and
// returns how many rows there must be. A report that is not complete is
// aborted.
func WriteReport(begin func() (Report, error), p *Progress, write func(*Lines) (rows int64, err error)) (tally linker.Tally, err error) {
	report, err := begin()
	if err != nil {
		return tally, err
	}
	defer func() {
		if abortErr := report.Abort(); err == nil {
			err = abortErr
		}
	}()
	lines := &Lines{report: report, progress: p}
	rows, err := write(lines)
	if err == nil {
		err = lines.tally.Verify(rows)
	}
	if err == nil {
		err = report.Commit()
	}
	return lines.tally, err
}
