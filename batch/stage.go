package batch

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"relink/batch/source"
	"relink/linker"
)

// stage makes sure that all rows of the source are in the working table.
func (j *Job) stage(ctx context.Context, a Attempt) error {
	staged, err := a.Staged(ctx)
	if err != nil {
		return err
	}
	if !staged || !j.read {
		if err := j.verify(ctx); err != nil {
			return err
		}
	}
	if staged {
		j.read = true
		return nil
	}
	rows, err := j.reading(j.noticeOnce).Open(ctx, Staging)
	if err != nil {
		return err
	}
	defer rows.Close()
	count, err := a.Stage(ctx, func(n *linker.Numbered) error {
		row, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			// The file may have changed since verify read it. The error then
			// keeps its rows from being staged.
			return cmp.Or(j.changed(rows.Identity()), err)
		}
		if err != nil {
			return err
		}
		n.Row, n.Line, n.Checked = row.Row, row.Line, row.Checked
		return nil
	}, rows.Doubts)
	if err != nil {
		return err
	}
	j.Run.Source, j.Run.StagedRows = rows.Identity(), count
	if j.Rewrite {
		return nil // the record of an ended run stays as it is
	}
	j.Run.State, j.read = linker.StateStaged, true
	return j.save(ctx, a)
}

// reading describes how the rows of the run are read.
func (j *Job) reading(notice func(string)) Reading {
	return Reading{Input: j.Input, Rules: &j.Rules, Progress: j.Progress, Notice: notice}
}

// noticeOnce passes on a notice of the source unless an earlier attempt did.
func (j *Job) noticeOnce(text string) {
	if !slices.Contains(j.noticed, text) {
		j.noticed = append(j.noticed, text)
		j.notice("%s", text)
	}
}

// verify checks that the source is the file that the run began with.
func (j *Job) verify(ctx context.Context) error {
	if j.Run.Source.SHA256 == "" {
		return nil // the run has not read it yet
	}
	is, err := source.Identify(ctx, j.Input)
	return cmp.Or(err, j.changed(is))
}

// changed returns a *source.ChangedError when the run began with another file.
func (j *Job) changed(is linker.SourceIdentity) error {
	if was := j.Run.Source.SHA256; was != "" && was != is.SHA256 {
		return &source.ChangedError{Path: j.Input.Path, Was: was, Is: is.SHA256}
	}
	return nil
}
