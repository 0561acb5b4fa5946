package batch

import (
	"context"
	"errors"

	"relink/linker"
)

// stage makes sure that all rows of the source stand in the working table.
func (j *Job) stage(ctx context.Context, a Attempt) error {
	j.Progress.enter(Staging)
	staged, err := a.Staged(ctx)
	if err != nil {
		return err
	}
	if j.Run.Source.SHA256 != "" {
		if err := j.verify(ctx); err != nil {
			return err
		}
	}
	if staged {
		return nil
	}
	source, err := Open(j.Input)
	if err != nil {
		return err
	}
	defer source.Close()
	j.Progress.BytesTotal.Store(max(0, source.Size()))
	stager := stager{job: j, source: source, ctx: ctx}
	rows, err := a.Stage(ctx, stager.next)
	j.passNotices(source)
	if err != nil {
		return err
	}
	stager.count()
	was, is := j.Run.Source.SHA256, source.Identity().SHA256
	if was != "" && was != is {
		// It was changed between the check and the reading. What is
		// staged must not be taken for the run's rows later.
		return errors.Join(&ChangedError{Path: j.Input.Path, Was: was, Is: is}, a.DropWorkingTables(ctx))
	}
	j.Run.Source, j.Run.StagedRows = source.Identity(), rows
	if j.Rewrite {
		return nil // the record of a run that has ended stays as it is
	}
	j.Run.State = linker.StateStaged
	return j.save(ctx, a)
}

// stager reads and checks the rows that are staged.
type stager struct {
	job      *Job
	source   *Source
	ctx      context.Context
	record   Record
	rows     int64
	rejected int64
}

func (s *stager) next(n *linker.Numbered) error {
	if s.rows%progressRows == 0 {
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
	n.Checked = checked(&s.record, s.job.Rules.Set)
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

// checked applies the rules that need no database to a record, readable or not.
func checked(r *Record, set linker.Fields) linker.Checked {
	if r.Fault != nil {
		return linker.Checked{Fault: r.Fault}
	}
	return linker.Check(r.Fields, set)
}

func (j *Job) passNotices(source *Source) {
	notices := source.Notices()
	for ; j.seen < len(notices); j.seen++ {
		j.notice("%s", notices[j.seen])
	}
}
