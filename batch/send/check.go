package send

import (
	"cmp"
	"context"
	"fmt"

	"relink/batch"
	"relink/batch/source/raw"
	"relink/linker"
)

// check reads the file for the first time: it counts the rows, finds those that
// need not or must not be sent, and returns how many are already rejected.
func (s *Job) check(ctx context.Context, run *linker.Run) (rejected int64, err error) {
	early, cancel := batch.UntilStop(ctx, s.Stop)
	defer cancel()
	reading := s.reading()
	reading.Notice = s.Notice
	rows, err := reading.Open(early, batch.Staging)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for row, err := range rows.All(early) {
		if err != nil {
			return 0, err
		}
		run.StagedRows = row.Row
		if row.Checked.Fault != nil {
			rejected++
			continue
		}
		if err := s.refuseExpected(row); err != nil {
			return 0, err
		}
		if err := s.finder.Add(row.Row, row.Line, &row.Checked.Fields); err != nil {
			return 0, err
		}
	}
	run.Source = rows.Identity()
	if err := s.finder.Finish(); err != nil {
		return 0, err
	}
	if !s.Rules.LastWins {
		rejected += s.finder.Conflicts()
	}
	s.waiting = run.StagedRows - rejected - s.finder.Repeats()
	s.Progress.Rejected.Store(rejected)
	return rejected, nil
}

// refuseExpected refuses a row that is to be applied only while its recording
// is linked to a given CRM row: the HTTP operation has no such condition, and
// the link may change between a read and the write.
func (s *Job) refuseExpected(row *batch.Row) error {
	for _, f := range []linker.Field{linker.FieldExpectedEntityID, linker.FieldExpectedExternalID} {
		if *row.Checked.Fields.At(f) != "" {
			return &raw.Error{
				Place:  fmt.Sprintf("%s:%d", cmp.Or(s.Input.Name, s.Input.Path), row.Line),
				What:   fmt.Sprintf("%s is given, and the HTTP operation links whatever the recording is linked to; nothing was sent", f),
				Remedy: fmt.Sprintf("import with --database, or have the column ignored with --map %s=", f),
			}
		}
	}
	return nil
}
