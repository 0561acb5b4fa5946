package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"relink/batch/conflict"
	"relink/batch/source"
	"relink/linker"
	"relink/linker/guard"
	"relink/linker/text"
)

// Validation is a file to be validated, and where the report goes.
type Validation struct {
	// Input must be readable twice: see Spool.
	Input source.Input
	// Guard judges the file; its limit of changes does not apply.
	Guard guard.Guard
	// TempDir takes temporary files of about 40 bytes a row, more where rows
	// share their recordings. Defaults to the system's folder.
	TempDir string
	// Begin opens a report for the source. It is called again for the second
	// reading, after the first report was aborted.
	Begin func(*source.Reader) (Report, error)
	// Notice, when not nil, receives what was found out about the file.
	Notice func(string)
	// Progress is kept up to date.
	Progress *Progress
}

// Do finds everything that can be found without a database and writes it to a
// report. Rows of one recording that ask for different targets each get a note
// on their line: since such rows may be at both ends of the file, a file that
// has them is read a second time.
func (v *Validation) Do(ctx context.Context) (*Done, error) {
	started := time.Now().UTC()
	finder := conflict.NewFinder(v.TempDir)
	defer finder.Close()
	add := func(row *Row) (string, error) {
		return row.Checked.Note, finder.Add(row.Row, row.Line, &row.Checked.Fields)
	}
	done, err := v.read(ctx, Staging, add, func() error {
		if err := finder.Finish(); err != nil {
			return err
		}
		if finder.Conflicts() > 0 {
			return errConflicts
		}
		return nil
	})
	if errors.Is(err, errConflicts) {
		done, err = v.readAgain(ctx, finder, done.Run.Source)
	}
	if err != nil {
		return nil, err
	}
	v.Progress.Enter(Finished)
	done.Run.StartedAt, done.Run.FinishedAt = started, time.Now().UTC()
	return done, nil
}

// errConflicts ends a report that lacks the notes about rows in conflict.
var errConflicts = errors.New("rows are in conflict")

// readAgain writes the report of a file in which rows are in conflict. was
// identifies the file that was read the first time.
func (v *Validation) readAgain(ctx context.Context, finder *conflict.Finder, was linker.SourceIdentity) (*Done, error) {
	others, err := finder.Cursor()
	if err != nil {
		return nil, err
	}
	note := func(row *Row) (string, error) {
		o, err := others.At(row.Row)
		if !o.Conflict {
			return row.Checked.Note, err
		}
		// This is the message of an import, which will reject the row unless
		// the targets turn out to be the same CRM row.
		return linker.Message(linker.ConflictingRows, row.Checked, linker.OtherLines(o.Lines, o.More)), nil
	}
	v.Progress.RowsToReport.Store(v.Progress.RowsRead.Load())
	done, err := v.read(ctx, Reporting, note, func() error { return nil })
	if err == nil && done.Run.Source != was {
		err = fmt.Errorf("reading %s a second time: it has changed since the first time; run again when nothing writes to it", was.Name)
	}
	return done, err
}

// read reads the whole file into a new report. note returns the message for a
// row that has no fault. end is called after the last row; an error of end also
// ends the report.
func (v *Validation) read(ctx context.Context, phase Phase, note func(*Row) (string, error), end func() error) (*Done, error) {
	reading := Reading{Input: v.Input, Rules: &linker.Rules{Set: v.Input.Set, Values: v.Input.Values}, Progress: v.Progress}
	if phase == Staging {
		reading.Notice = v.Notice
	}
	rows, err := reading.Open(ctx, phase)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	begin := func() (Report, error) { return v.Begin(rows.Reader) }
	var strays, odd, firstOdd int64
	tally, err := WriteReport(begin, v.Progress, func(lines *Lines) (read int64, err error) {
		for row, err := range rows.All(ctx) {
			if err != nil {
				return 0, err
			}
			read = row.Row
			e := row.Entry()
			if row.Checked.Stray != "" {
				strays++
			}
			if row.Checked.Odd {
				if odd++; odd == 1 {
					firstOdd = row.Line
				}
			}
			if row.Checked.Fault == nil {
				e.Outcome = linker.Valid
				if e.Message, err = note(row); err != nil {
					return 0, err
				}
			}
			if err := lines.Write(e, row.Rest); err != nil {
				return 0, err
			}
		}
		return read, end()
	})
	if err == nil && odd > 0 && reading.Notice != nil {
		reading.Notice(fmt.Sprintf("%s values that can hardly be ids, the first on line %d: the message in the report says why",
			text.Plural(odd, "row holds", "rows hold"), firstOdd))
	}
	done := &Done{Run: linker.Run{Kind: linker.Validate, State: linker.StateDone, Source: rows.Identity()}, Tally: tally, Reported: true}
	done.Refusal = v.Guard.Judge(guard.Plan{Rows: tally.Rows(), Strays: strays, Outcomes: tally.Outcomes()})
	if done.Refusal != nil {
		done.Run.State = linker.StateRefused
	}
	return done, err
}
