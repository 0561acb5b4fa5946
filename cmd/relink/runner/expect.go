package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"relink/batch"
	"relink/linker"
	"relink/linker/guard"
	"relink/reports"
)

// expectation is a report that is not kept: it only compares itself with the
// approved one, in that one's format.
type expectation struct {
	lines    reports.Writer
	approved approvedReport
	// refuse returns the refusal of a report with the given difference.
	refuse   func(difference string) *guard.Refusal
	finished bool
}

// approvedReport compares what is written to it. Finish describes the first
// difference, "" when there is none.
type approvedReport interface {
	io.Writer
	Finish() (difference string, err error)
}

// expectReport compares with the report at path.
func expectReport(path string, refuse func(string) *guard.Refusal) (*expectation, error) {
	approved, err := reports.OpenExpect(path)
	if err != nil {
		return nil, err
	}
	return newExpectation(reportFile{approved}, approved.IsJSONL(), refuse), nil
}

func newExpectation(approved approvedReport, jsonl bool, refuse func(string) *guard.Refusal) *expectation {
	e := &expectation{approved: approved, refuse: refuse}
	if jsonl {
		e.lines = reports.NewJSONL(approved)
	} else {
		e.lines = reports.NewCSV(approved)
	}
	return e
}

func (e *expectation) Write(entry linker.Entry, _ io.Reader) error { return e.lines.Write(entry) }

// Commit returns a *guard.Refusal when the reports differ.
func (e *expectation) Commit() error {
	err := e.lines.Close()
	e.finished = true
	difference, finishErr := e.approved.Finish()
	if err := errors.Join(err, finishErr); err != nil {
		return err
	}
	if difference != "" {
		return e.refuse(difference)
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

// reportFile is an approved report that is available as a file.
type reportFile struct{ *reports.Expect }

func (f reportFile) Finish() (string, error) {
	different, err := f.Expect.Finish()
	if different == nil {
		return "", err
	}
	return different.String(), err
}

// plan is an approved report by its checksum, which decides. The report itself, where
// it is at hand, only says which line differs.
type plan struct {
	hash.Hash
	want string
	file *reports.Expect // nil where it is not at hand
}

// openPlan opens the plan whose report has the checksum and may stand at path.
func openPlan(path, sum string) (*plan, error) {
	p := &plan{Hash: sha256.New(), want: sum}
	if is, err := reports.SHA256(path); err != nil || is != sum {
		return p, nil // it was removed, or changed, or is on another machine
	}
	var err error
	p.file, err = reports.OpenExpect(path)
	return p, err
}

func (p *plan) Write(b []byte) (int, error) {
	if p.file != nil {
		if _, err := p.file.Write(b); err != nil {
			return 0, err
		}
	}
	return p.Hash.Write(b)
}

func (p *plan) Finish() (string, error) {
	var different *reports.Difference
	if p.file != nil {
		var err error
		if different, err = p.file.Finish(); err != nil {
			return "", err
		}
	}
	switch {
	case hex.EncodeToString(p.Sum(nil)) == p.want:
		return "", nil
	case different == nil:
		return "its report is no longer available, so the line that differs is unknown", nil
	}
	return different.String(), nil
}

// every is several reports as one.
type every []batch.Report

func (all every) Write(e linker.Entry, rest io.Reader) error {
	for _, r := range all {
		if err := r.Write(e, rest); err != nil {
			return err
		}
	}
	return nil
}

func (all every) Commit() error {
	for _, r := range all {
		if err := r.Commit(); err != nil {
			return err
		}
	}
	return nil
}

func (all every) Abort() error {
	var errs []error
	for _, r := range all {
		errs = append(errs, r.Abort())
	}
	return errors.Join(errs...)
}
