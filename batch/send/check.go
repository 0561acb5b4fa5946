package send

import (
	"context"
	"errors"
	"strconv"

	"relink/batch"
	"relink/batch/conflict"
	"relink/batch/source"
	"relink/linker"
)

// check reads the file for the first time: it counts rows, finds those that
// need not or must not be sent, and tells how many are rejected already.
func (s *Job) check(ctx context.Context, run *linker.Run) (rejected int64, err error) {
	early, cancel := s.untilStop(ctx)
	defer cancel()
	var differ, repeat *conflict.Twins
	for _, t := range []**conflict.Twins{&differ, &repeat, &s.mates} {
		if *t, err = conflict.NewTwins(s.TempDir); err != nil {
			return 0, err
		}
	}
	defer differ.Close()
	defer repeat.Close()
	seen := 0
	var src *source.Reader
	notices := func() {
		for _, n := range src.Notices()[seen:] {
			seen++
			if s.Notice != nil {
				s.Notice(n)
			}
		}
	}
	begin := func(opened *source.Reader) error {
		src = opened
		s.Progress.BytesTotal.Store(max(0, src.Size()))
		notices()
		return nil
	}
	run.Source, err = s.each(early, batch.Staging, begin, func(r *source.Record, c linker.Checked) error {
		run.StagedRows = r.Row
		s.Progress.RowsRead.Store(r.Row)
		s.Progress.BytesRead.Store(src.BytesRead())
		if c.Fault != nil {
			rejected++
			s.Progress.Rejected.Store(rejected)
			return nil
		}
		s.waiting++
		own := strconv.FormatInt(r.Row, 10)
		return errors.Join(
			differ.Add(r.Row, r.Line, c.Fields.RecordingID, conflict.Target(&c.Fields)),
			s.mates.Add(r.Row, r.Line, c.Fields.RecordingID, own),
			// Here the line is the row, so that what is found is a row.
			repeat.Add(r.Row, r.Row, c.Fields.RecordingID+"\x00"+request(&c.Fields), own),
		)
	})
	if err != nil {
		return 0, err
	}
	notices()
	if err := errors.Join(differ.Finish(), repeat.Finish(), s.mates.Finish()); err != nil {
		return 0, err
	}
	conflicts, err := s.decide(run.StagedRows, differ, repeat)
	s.Progress.Rejected.Store(rejected + conflicts)
	return rejected + conflicts, err
}

// decide notes the rows that are not sent: those that contradict each other,
// and those that ask for what an earlier row asks for already.
func (s *Job) decide(rows int64, differ, repeat *conflict.Twins) (conflicts int64, err error) {
	if s.fates, err = newFates(s.TempDir); err != nil {
		return 0, err
	}
	for row := int64(1); row <= rows; row++ {
		_, differs, err := differ.At(row)
		if err != nil {
			return 0, err
		}
		others, repeats, err := repeat.At(row)
		if err != nil {
			return 0, err
		}
		switch {
		case differs && !s.Rules.LastWins:
			conflicts++
			s.waiting--
			err = s.fates.set(row, conflicting)
		case !differs && repeats && others.Lines[0] < row:
			s.waiting--
			err = s.fates.set(row, repeating(others.Lines[0]))
		}
		if err != nil {
			return 0, err
		}
	}
	return conflicts, nil
}

// request is everything that a row asks for, but for the trigger, which takes
// no part in whether there is anything to do.
func request(r *linker.Fields) string {
	return r.ID + "\x00" + r.ExternalID + "\x00" + r.IntegrationConnectionID + "\x00" + r.DataType
}

// untilStop is ctx, ended also by Stop.
func (s *Job) untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	early, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-s.Stop:
			cancel(linker.ErrStopped)
		case <-early.Done():
		}
	}()
	return early, func() { cancel(nil) }
}
