package send

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"relink/batch"
	"relink/batch/conflict"
	"relink/batch/source"
	"relink/linker"
	"relink/linker/guard"
)

// Sender sends one row to an HTTP server, and retries as long as that may help.
type Sender interface {
	// Put returns the server's answer for the row; Detail is appended to the
	// message of the code. An error means that nothing more should be sent.
	Put(ctx context.Context, row linker.Fields) (linker.Decision, error)
}

// Job is an import through the HTTP API of a platform, for those who cannot
// reach its database: rows are checked first, then sent one by one. The answers
// are kept in a journal, which lets an interrupted run be resumed.
type Job struct {
	// Input must be readable more than once: see Spool.
	Input source.Input
	// Rules: only Set and LastWins apply; the server decides the rest.
	Rules linker.Rules
	// Guard judges the rows before the first one is sent.
	Guard guard.Guard
	// DryRun stops before the first row is sent.
	DryRun bool
	Sender Sender
	// First, when not nil, sends the first row in place of Sender.Put, alone
	// and before any other: an unreachable server, or one that lacks the
	// operation, is thus detected by a single request.
	First func(ctx context.Context, row linker.Fields) (linker.Decision, error)
	// Workers is how many rows are sent concurrently.
	Workers int
	// Journal is the path of the answers. It is created if it does not exist;
	// if it does, the run is resumed with the rows that have no answer.
	Journal string
	// Settings are kept in the journal for resuming the run.
	Settings json.RawMessage
	// TempDir holds temporary files of about 50 bytes a row, more where rows
	// share their recordings. Defaults to the system's folder.
	TempDir string
	// Begin opens the report for the source.
	Begin func(*source.Reader) (batch.Report, error)
	// Planned, when not nil, is called with the number of rows that will be
	// sent.
	Planned func(rows int64)
	// Stop, when closed, ends the run after the requests in flight.
	Stop <-chan struct{}
	// Notice, when not nil, receives what was found out about the file.
	Notice   func(string)
	Progress *batch.Progress

	finder  *conflict.Finder // compares the rows of each recording
	answers *answerIndex
	waiting int64 // rows to be sent that have no answer yet
}

// Do checks the file, sends its rows and writes the report. When sending had to
// end early, Done is returned along with the error: the report then lists the
// remaining rows as unattempted, and the run can be resumed.
func (s *Job) Do(ctx context.Context) (*batch.Done, error) {
	done := &batch.Done{Run: linker.Run{
		Kind: linker.Import, DryRun: s.DryRun, State: linker.StateStarted, StartedAt: time.Now().UTC(),
	}}
	s.finder = conflict.NewFinder(s.TempDir)
	defer s.close()
	rejected, err := s.check(ctx, &done.Run)
	if err != nil {
		return nil, err
	}
	rows := done.Run.StagedRows
	done.Refusal = s.Guard.Judge(guard.Plan{
		Rows: rows, Outcomes: linker.Counts{linker.Rejected: rejected},
	})
	var j *journal
	var stopped error
	switch {
	case done.Refusal != nil:
		done.Run.State, done.Run.Message = linker.StateRefused, done.Refusal.Message
	case s.DryRun:
		done.Run.State = linker.StateDone
	default:
		if j, err = s.openJournal(&done.Run); err != nil {
			return nil, err
		}
		defer j.close()
		done.Applied, done.Run.State = true, linker.StateDone
		if stopped = s.send(ctx, j); stopped != nil {
			done.Run.State, done.Run.Message = linker.StateInterrupted, stopped.Error()
		}
		if err := j.sync(); err != nil {
			return nil, err
		}
	}
	// The answers so far are reported even after the context has ended.
	if err := s.report(context.WithoutCancel(ctx), done, j); err != nil {
		return nil, errors.Join(stopped, err)
	}
	done.Reported = true
	done.Run.FinishedAt = time.Now().UTC()
	done.Run.Outcomes = done.Tally.Outcomes()
	done.Run.ExitStatus = done.ExitStatus()
	if j != nil && stopped == nil {
		if err := j.end(); err != nil {
			return nil, err
		}
	}
	s.Progress.Enter(batch.Finished)
	if errors.Is(stopped, linker.ErrStopped) {
		return done, nil
	}
	return done, stopped
}

func (s *Job) close() {
	if s.finder != nil {
		s.finder.Close()
	}
	if s.answers != nil {
		s.answers.close()
	}
}

// openJournal creates the journal, or reads an existing one.
func (s *Job) openJournal(run *linker.Run) (*journal, error) {
	j, err := openJournal(s.Journal)
	if err != nil {
		return nil, err
	}
	head := JournalHead{Source: run.Source, StartedAt: run.StartedAt, Settings: s.Settings}
	if err := s.readJournal(j, run, head); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (s *Job) readJournal(j *journal, run *linker.Run, head JournalHead) error {
	known, err := j.begin(head)
	if err != nil {
		return err
	}
	if s.answers, err = newAnswerIndex(s.TempDir); err != nil {
		return err
	}
	if known.Source.SHA256 != run.Source.SHA256 {
		return &source.ChangedError{Path: s.Input.Path, Was: known.Source.SHA256, Is: run.Source.SHA256}
	}
	run.StartedAt = known.StartedAt
	return j.answers(func(e entry, at int64) error {
		if e.Row < 1 || e.Row > run.StagedRows {
			return fmt.Errorf("row %d is not in the file", e.Row)
		}
		before, err := s.answers.offset(e.Row)
		if err != nil {
			return err
		}
		if e.Outcome == linker.Failed && !j.ended {
			at = noAnswer // the server failed: it may not the next time
		}
		switch {
		case before == noAnswer && at != noAnswer:
			s.waiting--
		case before != noAnswer && at == noAnswer:
			s.waiting++
		}
		return s.answers.set(e.Row, at)
	})
}

// reading describes how the rows of the file are read.
func (s *Job) reading() batch.Reading {
	return batch.Reading{Input: s.Input, Rules: &s.Rules, Progress: s.Progress}
}
