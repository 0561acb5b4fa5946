package send

import (
	"context"

	"relink/batch"
	"relink/batch/source"
	"relink/linker"
)

// check reads the file for the first time: it counts rows, finds those that
// need not or must not be sent, and tells how many are rejected already.
func (s *Job) check(ctx context.Context, run *linker.Run) (rejected int64, err error) {
	early, cancel := s.untilStop(ctx)
	defer cancel()
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
		return s.finder.Add(r.Row, r.Line, &c.Fields)
	})
	if err != nil {
		return 0, err
	}
	notices()
	if err := s.finder.Finish(); err != nil {
		return 0, err
	}
	if !s.Rules.LastWins {
		rejected += s.finder.Conflicts()
		s.waiting -= s.finder.Conflicts()
	}
	s.waiting -= s.finder.Repeats()
	s.Progress.Rejected.Store(rejected)
	return rejected, nil
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
