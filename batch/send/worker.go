package send

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"relink/batch"
	"relink/batch/conflict"
	"relink/linker"
)

const (
	// defaultWorkers sustains a thousand requests a minute when an answer takes
	// a second.
	defaultWorkers = 16
	// workerQueue is how many rows wait for each worker. A worker that waits
	// for its server holds up the others only when its queue is full.
	workerQueue = 256
	// stopGrace is how long a stopping run waits for requests in flight: their
	// answers would otherwise be unknown.
	stopGrace = 10 * time.Second
)

// sender sends the rows that have no answer yet.
type sender struct {
	*Job
	journal *journal
	halted  chan struct{} // closed when nothing more may be sent
	once    sync.Once
	why     error // valid when halted is closed
}

// send sends all pending rows. The error is the reason why it ended early.
func (s *Job) send(ctx context.Context, j *journal) error {
	s.Progress.RowsToApply.Store(s.waiting)
	if s.Planned != nil {
		s.Planned(s.waiting)
	}
	sender := &sender{Job: s, journal: j, halted: make(chan struct{})}
	return sender.run(ctx)
}

// halt stops the sending; only the first reason is kept.
func (s *sender) halt(why error) {
	s.once.Do(func() {
		s.why = why
		close(s.halted)
	})
}

func (s *sender) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-s.Stop:
			s.halt(linker.ErrStopped)
		case <-ctx.Done():
			s.halt(context.Cause(ctx))
		case <-s.halted:
		case <-ended:
			return
		}
		select {
		case <-time.After(stopGrace):
			cancel()
		case <-ended:
		}
	}()

	workers := s.Workers
	if workers <= 0 {
		workers = defaultWorkers
	}
	queues := make([]chan linker.Numbered, workers)
	var group errgroup.Group
	for i := range queues {
		queues[i] = make(chan linker.Numbered, workerQueue)
		group.Go(func() error {
			s.work(ctx, queues[i])
			return nil
		})
	}
	err := s.dispatch(ctx, queues)
	for _, q := range queues {
		close(q)
	}
	if err != nil {
		s.halt(err)
	}
	if err := group.Wait(); err != nil {
		return err
	}
	select {
	case <-s.halted:
		return s.why
	default:
		return nil
	}
}

// dispatch distributes the pending rows to the workers. All rows of a recording
// go to one worker, in the order of the file.
func (s *sender) dispatch(ctx context.Context, queues []chan linker.Numbered) error {
	others, err := s.finder.Cursor()
	if err != nil {
		return err
	}
	rows, err := s.reading().Open(ctx, batch.Applying)
	if err != nil {
		return err
	}
	defer rows.Close()
	seed := maphash.MakeSeed()
	first := s.First
	for row, err := range rows.All(ctx) {
		if err != nil {
			return err
		}
		if pending, err := s.pending(row, others); err != nil {
			return err
		} else if !pending {
			continue
		}
		n := linker.Numbered{Row: row.Row, Line: row.Line, Checked: row.Checked}
		if first != nil {
			if err := s.ask(ctx, &n, first); err != nil {
				return err
			}
			first = nil
			continue
		}
		worker := maphash.String(seed, n.Fields.RecordingID) % uint64(len(queues))
		select {
		case queues[worker] <- n:
		case <-s.halted:
			return nil
		}
	}
	return nil
}

// pending reports whether a row is to be sent and has no answer yet.
func (s *sender) pending(row *batch.Row, others *conflict.Cursor) (bool, error) {
	if row.Checked.Fault != nil {
		return false, nil
	}
	o, err := others.At(row.Row)
	if err != nil || o.Repeats > 0 || o.Conflict && !s.Rules.LastWins {
		return false, err
	}
	at, err := s.answers.offset(row.Row)
	return at == noAnswer, err
}

// work sends the rows of one queue. After a halt it discards the rest.
func (s *sender) work(ctx context.Context, queue <-chan linker.Numbered) {
	for n := range queue {
		select {
		case <-s.halted:
			continue
		default:
		}
		if err := s.ask(ctx, &n, s.Sender.Put); err != nil {
			s.halt(err)
		}
	}
}

// ask sends one row with put and records the answer.
func (s *sender) ask(ctx context.Context, n *linker.Numbered, put func(context.Context, linker.Fields) (linker.Decision, error)) error {
	decision, err := put(ctx, n.Fields)
	if err != nil {
		return err
	}
	at, err := s.journal.add(n.Row, decision)
	if err != nil {
		return err
	}
	if decision.Outcome == linker.Rejected {
		s.Progress.Rejected.Add(1)
	}
	s.Progress.RowsApplied.Add(1)
	return s.answers.set(n.Row, at)
}
