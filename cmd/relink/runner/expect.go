package runner

import (
	"errors"
	"io"

	"relink/linker"
	"relink/linker/guard"
	"relink/reports"
)

// expectation is a report that is not kept: it only compares itself with the
// one that was approved, in that one's format.
type expectation struct {
	path     string
	lines    reports.Writer
	approved *reports.Expect
	finished bool
}

func newExpectation(path string) (*expectation, error) {
	approved, err := reports.OpenExpect(path)
	if err != nil {
		return nil, err
	}
	e := &expectation{path: path, approved: approved}
	if approved.IsJSONL() {
		e.lines = reports.NewJSONL(approved)
	} else {
		e.lines = reports.NewCSV(approved)
	}
	return e, nil
}

func (e *expectation) Write(entry linker.Entry, _ io.Reader) error { return e.lines.Write(entry) }

// Commit returns a *linker.Refusal when the reports differ.
func (e *expectation) Commit() error {
	err := e.lines.Close()
	e.finished = true
	different, finishErr := e.approved.Finish()
	if err := errors.Join(err, finishErr); err != nil {
		return err
	}
	if different != nil {
		return guard.RefuseUnexpected(e.path, different.String())
	}
	return nil
}

func (e *expectation) Abort() error {
	if e.finished {
		return nil
	}
	e.finished = true
	_, err := e.approved.Finish()
	return err
}
