package send

import (
	"context"

	"relink/batch"
	"relink/linker"
)

// check reads the file for the first time: it counts rows, finds those that
// need not or must not be sent, and returns how many are rejected already.
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
