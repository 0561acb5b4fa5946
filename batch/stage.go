package batch

import (
	"context"
	"errors"

	"relink/batch/source"
	"relink/linker"
)

// stage makes sure that all rows of the source stand in the working table.
func (j *Job) stage(ctx context.Context, a Attempt) error {
	j.Progress.Enter(Staging)
	staged, err := a.Staged(ctx)
	if err != nil {
		return err
	}
	if j.Run.Source.SHA256 != "" && !(staged && j.read) {
		if err := j.verify(ctx); err != nil {
			return err
		}
	}
	if staged {
		j.read = true
		return nil
	}
	src, err := source.Open(j.Input)
	if err != nil {
		return err
	}
	defer src.Close()
	j.Progress.BytesTotal.Store(max(0, src.Size()))
	stager := stager{job: j, source: src, ctx: ctx}
	rows, err := a.Stage(ctx, stager.next)
	j.passNotices(src)
	if err != nil {
		return err
	}
	stager.count()
	was, is := j.Run.Source.SHA256, src.Identity().SHA256
	if was != "" && was != is {
		// It was changed between the check and the reading. What is
		// staged must not be taken for the run's rows later.
		return errors.Join(&source.ChangedError{Path: j.Input.Path, Was: was, Is: is}, a.DropWorkingTables(ctx))
	}
	j.Run.Source, j.Run.StagedRows = src.Identity(), rows
	if j.Rewrite {
		return nil // the record of a run that has ended stays as it is
	}
	j.Run.State, j.read = linker.StateStaged, true
	return j.save(ctx, a)
}

// stager reads and checks the rows that are staged.
type stager struct {
	job      *Job
	source   *source.Reader
	ctx      context.Context
	record   source.Record
	rows     int64
	rejected int64
}

func (s *stager) next(n *linker.Numbered) error {
	if s.rows%ProgressRows == 0 {
		if err := context.Cause(s.ctx); err != nil {
			return err
		}
		s.count()
	}
	if err := s.source.Next(&s.record); err != nil {
		return err
	}
	s.rows++
	n.Row, n.Line = s.record.Row, s.record.Line
	n.Checked = s.record.Check(&s.job.Rules)
	if n.Fault != nil {
		s.rejected++
	}
	return nil
}

func (s *stager) count() {
	s.job.Progress.BytesRead.Store(s.source.BytesRead())
	s.job.Progress.RowsRead.Store(s.rows)
	s.job.Progress.Rejected.Store(s.rejected)
}

func (j *Job) passNotices(src *source.Reader) {
	notices := src.Notices()
	for ; j.seen < len(notices); j.seen++ {
		j.notice("%s", notices[j.seen])
	}
}

// verify makes sure that the source is the file that the run began with.
func (j *Job) verify(ctx context.Context) error {
	is, err := source.Identify(ctx, j.Input)
	if err != nil {
		return err
	}
	if was := j.Run.Source.SHA256; was != is.SHA256 {
		return &source.ChangedError{Path: j.Input.Path, Was: was, Is: is.SHA256}
	}
	return nil
}
