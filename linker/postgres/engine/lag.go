package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres"
	"relink/linker/postgres/pg"
)

// lagPoll is how often replicas are looked at.
const lagPoll = 500 * time.Millisecond

// lagWatch measures how far the replicas are behind. The server's replay_lag is
// that of the last position that a replica has confirmed, and stops growing
// when a replica stops; so the age of the oldest unconfirmed position counts as
// well.
type lagWatch struct {
	conn   *pgx.Conn
	query  string
	max    time.Duration
	absent time.Duration // how long one that has gone away is waited for
	notice func(string, ...any)

	looked   time.Time
	behind   string // what is too far behind, "" for nothing
	told     bool
	written  []position           // oldest first
	replicas map[string]time.Time // when each was seen last
}

// position is how far the server had written at a time.
type position struct {
	at  time.Time
	lsn int64
}

func (x *Session) watchLag(ctx context.Context) (*lagWatch, error) {
	conn, err := x.store.Connect(ctx, fmt.Sprintf("run %d lag", x.opt.Run))
	if err != nil {
		return nil, err
	}
	w := &lagWatch{
		conn: conn, query: x.statement("replicas"), max: x.opt.MaxLag, absent: x.lockWait(), notice: x.notice,
		replicas: map[string]time.Time{},
	}
	if err := w.look(ctx, time.Now()); err != nil {
		w.close()
		return nil, err
	}
	if len(w.replicas) == 0 {
		w.notice("no replica is connected to this server: --max-lag has none to wait for")
	}
	return w, nil
}

func (w *lagWatch) close() { pg.Close(w.conn) }

// holds reports whether to wait for a replica.
func (w *lagWatch) holds(ctx context.Context) (bool, error) {
	if now := time.Now(); now.Sub(w.looked) >= lagPoll {
		if err := w.look(ctx, now); err != nil {
			return false, err
		}
	}
	switch {
	case w.behind != "" && !w.told:
		w.told = true
		w.notice("waiting: %s, more than --max-lag %s", w.behind, w.max)
	case w.behind == "" && w.told:
		w.told = false
		w.notice("the replicas have caught up")
	}
	return w.behind != "", nil
}

// look asks where the replicas are.
func (w *lagWatch) look(ctx context.Context, now time.Time) error {
	w.looked, w.behind = now, ""
	rows, err := w.conn.Query(ctx, w.query)
	if err != nil {
		return fmt.Errorf("looking at the replicas: %w", err)
	}
	var (
		name          string
		state         *string
		here          int64
		there         *int64
		seconds       float64
		oldest        int64 = -1
		cannotBeSeen  bool
		worst         time.Duration
		nobodyIsThere = true
	)
	_, err = pgx.ForEachRow(rows, []any{&name, &state, &here, &there, &seconds}, func() error {
		if state == nil {
			cannotBeSeen = true
			return nil
		}
		if nobodyIsThere {
			nobodyIsThere = false
			w.written = append(w.written, position{now, here})
		}
		w.replicas[name] = now
		replayed := int64(0) // one that has confirmed nothing yet
		if there != nil {
			replayed = *there
		}
		lag := w.age(now, replayed)
		if replayed < here {
			lag = max(lag, time.Duration(seconds*float64(time.Second)))
		}
		if lag > w.max && lag > worst {
			worst = lag
			w.behind = fmt.Sprintf("replica %s is %s behind", name, lag.Round(100*time.Millisecond))
		}
		if oldest < 0 || replayed < oldest {
			oldest = replayed
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("looking at the replicas: %w", err)
	}
	if cannotBeSeen {
		return postgres.ErrLagHidden
	}
	w.forget(oldest)
	w.missing(now)
	return nil
}

// age is how long ago the server wrote what a replica has not replayed, 0 when it
// has replayed all that is known.
func (w *lagWatch) age(now time.Time, replayed int64) time.Duration {
	for _, p := range w.written {
		if p.lsn > replayed {
			return now.Sub(p.at)
		}
	}
	return 0
}

// forget drops the positions that all replicas have replayed.
func (w *lagWatch) forget(replayed int64) {
	n := 0
	for n < len(w.written) && w.written[n].lsn <= replayed {
		n++
	}
	w.written = w.written[n:]
}

// missing waits a while for replicas that have disappeared: one that is gone
// counts as behind.
func (w *lagWatch) missing(now time.Time) {
	for name, seen := range w.replicas {
		gone := now.Sub(seen)
		switch {
		case gone > w.absent:
			delete(w.replicas, name)
			w.notice("replica %s has been away for %s: it is not waited for any more", name, gone.Round(time.Second))
		case gone > w.max:
			w.behind = fmt.Sprintf("replica %s has been away for %s", name, gone.Round(100*time.Millisecond))
		}
	}
}
