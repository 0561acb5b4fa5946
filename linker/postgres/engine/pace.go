package engine

import (
	"context"
	"sync"
	"time"

	"relink/linker"
)

// pace is what all lanes go through before each batch: a limit of rows a minute, and
// the wait for replicas. Who waits there has no transaction and no lock but those
// that keep other runs out. It is nil for a run without limits.
type pace struct {
	perMinute int
	mu        sync.Mutex
	next      time.Time // when the next batch may begin
	lag       *lagWatch // nil when no limit is set
}

// newPace makes the pace of the lanes. The caller closes it.
func (x *Session) newPace(ctx context.Context) (p *pace, err error) {
	if x.opt.PerMinute <= 0 && x.opt.MaxLag <= 0 {
		return nil, nil
	}
	p = &pace{perMinute: x.opt.PerMinute}
	if x.opt.MaxLag > 0 {
		p.lag, err = x.watchLag(ctx)
	}
	return p, err
}

func (p *pace) close() {
	if p != nil && p.lag != nil {
		p.lag.close()
	}
}

// wait returns when the next batch may begin, or linker.ErrStopped once stop is
// closed.
func (p *pace) wait(ctx context.Context, stop <-chan struct{}) error {
	for {
		pause, err := p.pause(ctx)
		if err != nil {
			return err
		}
		select {
		case <-stop:
			return linker.ErrStopped
		default:
		}
		if pause <= 0 {
			return nil
		}
		select {
		case <-stop:
			return linker.ErrStopped
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// pause is how long to wait before asking again, 0 when the batch may begin.
func (p *pace) pause(ctx context.Context) (time.Duration, error) {
	if p == nil {
		return 0, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lag != nil {
		if holds, err := p.lag.holds(ctx); err != nil || holds {
			return lagPoll, err
		}
	}
	return time.Until(p.next), nil
}

// took records the rows of a batch: the next one begins when their time has
// passed.
func (p *pace) took(rows int64) {
	if p == nil || p.perMinute <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	from := p.next
	if now := time.Now(); from.Before(now) {
		from = now
	}
	p.next = from.Add(time.Duration(rows) * time.Minute / time.Duration(p.perMinute))
}

// batchRows is how many rows one transaction writes, 0 for as many as time allows.
// A slow pace is kept by small batches, a second's rows at most, rather than by
// long pauses between large ones.
func (x *Session) batchRows() int {
	second := x.opt.PerMinute / 60
	if x.opt.PerMinute <= 0 || second > maxTuples {
		return x.opt.BatchRows
	}
	if x.opt.BatchRows > 0 {
		return min(x.opt.BatchRows, max(second, 1))
	}
	return max(second, 1)
}
