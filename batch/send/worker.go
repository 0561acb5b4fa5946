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
	// defaultWorkers keeps a thousand requests a minute going when an answer
	// takes a second.
	defaultWorkers = 16
	// workerQueue is how many rows wait for each worker. One that waits for
	// its server holds up the others only when its queue is full.
	workerQueue = 256
	// stopGrace is how long a run that has to stop waits for requests that
	// are under way: their answers would otherwise be unknown.
	stopGrace = 10 * time.Second
)

// sender sends the rows that have no answer yet.
type sender struct {
	*Job
	journal *journal
	halted  chan struct{} // closed when nothing more is to be sent
	once    sync.Once
	why     error // valid when halted is closed
}

// send sends all pending rows. The error is why it ended early.
func (s *Job) send(ctx context.Context, j *journal) error {
	s.Progress.RowsToApply.Store(s.waiting)
	if s.Planned != nil {
		s.Planned(s.waiting)
	}
	d := &sender{Job: s, journal: j, halted: make(chan struct{})}
	return d.run(ctx)
}

// halt ends the sending; the first reason counts.
func (d *sender) halt(why error) {
	d.once.Do(func() {
		d.why = why
		close(d.halted)
	})
}

func (d *sender) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-d.Stop:
			d.halt(linker.ErrStopped)
		case <-ctx.Done():
			d.halt(context.Cause(ctx))
		case <-d.halted:
		case <-ended:
			return
		}
		select {
		case <-time.After(stopGrace):
			cancel()
		case <-ended:
		}
	}()

	workers := d.Workers
	if workers <= 0 {
		workers = defaultWorkers
	}
	queues := make([]chan linker.Numbered, workers)
	var group errgroup.Group
	for i := range queues {
		queues[i] = make(chan linker.Numbered, workerQueue)
		group.Go(func() error {
			d.work(ctx, queues[i])
			return nil
		})
	}
	err := d.dispatch(ctx, queues)
	for _, q := range queues {
		close(q)
	}
	if err != nil {
		d.halt(err)
	}
	if err := group.Wait(); err != nil {
		return err
	}
	select {
	case <-d.halted:
		return d.why
	default:
		return nil
	}
}

// dispatch hands the pending rows to the workers. All rows of a recording go
// to one worker, which takes them in the order of the file.
func (d *sender) dispatch(ctx context.Context, queues []chan linker.Numbered) error {
	others, err := d.finder.Cursor()
	if err != nil {
		return err
	}
	rows, err := d.reading().Open(batch.Applying)
	if err != nil {
		return err
	}
	defer rows.Close()
	seed := maphash.MakeSeed()
	first := d.First
	for row, err := range rows.All(ctx) {
		if err != nil {
			return err
		}
		if pending, err := d.pending(row, others); err != nil {
			return err
		} else if !pending {
			continue
		}
		n := linker.Numbered{Row: row.Row, Line: row.Line, Checked: row.Checked}
		if first != nil {
			if err := d.ask(ctx, &n, first); err != nil {
				return err
			}
			first = nil
			continue
		}
		worker := maphash.String(seed, n.Fields.RecordingID) % uint64(len(queues))
		select {
		case queues[worker] <- n:
		case <-d.halted:
			return nil
		}
	}
	return nil
}

// pending reports whether a row is to be sent and has no answer yet.
func (d *sender) pending(row *batch.Row, others *conflict.Cursor) (bool, error) {
	if row.Checked.Fault != nil {
		return false, nil
	}
	o, err := others.At(row.Row)
	if err != nil || o.Repeats > 0 || o.Conflict && !d.Rules.LastWins {
		return false, err
	}
	at, err := d.answers.offset(row.Row)
	return at == noAnswer, err
}

// work sends the rows of one queue. After a halt it skips the rest.
func (d *sender) work(ctx context.Context, queue <-chan linker.Numbered) {
	for n := range queue {
		select {
		case <-d.halted:
			continue
		default:
		}
		if err := d.ask(ctx, &n, d.Sender.Put); err != nil {
			d.halt(err)
		}
	}
}

// ask sends one row by put and records the answer.
func (d *sender) ask(ctx context.Context, n *linker.Numbered, put func(context.Context, linker.Fields) (linker.Decision, error)) error {
	decision, err := put(ctx, n.Fields)
	if err != nil {
		return err
	}
	at, err := d.journal.add(n.Row, decision)
	if err != nil {
		return err
	}
	if decision.Outcome == linker.Rejected {
		d.Progress.Rejected.Add(1)
	}
	d.Progress.RowsApplied.Add(1)
	return d.answers.set(n.Row, at)
}
