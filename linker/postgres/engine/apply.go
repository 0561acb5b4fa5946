package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
)

const (
	// batchTime is how long one transaction of a lane aims to last. Its
	// locks are held that long, and a crash undoes that much.
	batchTime = 250 * time.Millisecond
	// firstBatchBlocks is the size of a lane's first batch, in blocks of the
	// work list of about 70 rows each; time decides from then on.
	firstBatchBlocks = 8
	maxBatchBlocks   = 1 << 10
	// laneLockTimeout is below PostgreSQL's deadlock_timeout (1 s), so that
	// relink backs off before the server looks for a deadlock.
	laneLockTimeout = 500 * time.Millisecond
	// maxLanes keeps a large machine from taking connections that the
	// platform needs. More lanes than cores of the server gain nothing.
	maxLanes = 4
)

// DefaultLanes is the number of lanes when none is asked for: a lane a core,
// since a lane keeps one backend busy, but at least two and at most four.
func DefaultLanes() int { return min(max(runtime.NumCPU(), 2), maxLanes) }

// Apply makes the planned links in concurrent lanes. It counts rows into
// applied as their transactions commit. When stop is closed it returns
// linker.ErrStopped after the batches in hand; the rest is still to do.
func (x *Session) Apply(ctx context.Context, stop <-chan struct{}, applied *atomic.Int64) error {
	ctx, done := x.during(ctx)
	defer done()
	x.applied = true
	blocks, err := x.workBlocks(ctx, "changes")
	if err != nil {
		return x.cause(err)
	}
	if x.pace, err = x.newPace(ctx); err != nil {
		return x.cause(err)
	}
	defer x.pace.close()
	before := applied.Load()
	lanes, err := x.openLanes(ctx, stop, blocks)
	if err != nil {
		return x.cause(err)
	}
	group, laneCtx := errgroup.WithContext(ctx)
	for n, l := range lanes {
		part := blockRange{blocks * int64(n) / int64(len(lanes)), blocks * int64(n+1) / int64(len(lanes))}
		group.Go(func() error {
			defer l.close()
			if working := x.opt.Working; working != nil {
				working.Add(1)
				defer working.Add(-1)
			}
			return l.run(laneCtx, part, applied)
		})
	}
	if err := group.Wait(); err != nil {
		return x.cause(err)
	}
	if n := applied.Load() - before; n != x.toDo {
		// Never true, and not to be believed in silence: rows that no lane
		// took would be reported as done.
		return fmt.Errorf("applying: the lanes took %d of %d rows", n, x.toDo)
	}
	if x.prunes() {
		if err := x.prune(ctx, stop); err != nil {
			return x.cause(err)
		}
	}
	return x.cause(x.noteStateAfter(ctx))
}

// workBlocks is the length of a work list in blocks.
func (x *Session) workBlocks(ctx context.Context, table string) (blocks int64, err error) {
	query := x.texts.Inline("SELECT pg_relation_size('run." + table + "') / current_setting('block_size')::bigint")
	if err := x.work.QueryRow(ctx, query).Scan(&blocks); err != nil {
		return 0, fmt.Errorf("measuring the work list: %w", err)
	}
	return blocks, nil
}

// lane applies a range of the work list over one connection.
type lane struct {
	x    *Session
	conn *pgx.Conn
	stop <-chan struct{} // closed when the run is to end after the batch in hand
	// statements of this run
	clear, link, expected, batch string
}

// openLanes opens the requested number of lanes, at most one per block. If the
// server has no more connections to give, fewer will do, as long as there is
// one.
func (x *Session) openLanes(ctx context.Context, stop <-chan struct{}, blocks int64) (lanes []*lane, err error) {
	want := x.opt.Lanes
	if want <= 0 {
		want = DefaultLanes()
	}
	want = min(want, int(blocks))
	for n := range want {
		l, err := x.openLane(ctx, stop, n)
		if n > 0 && pg.SQLState(err) == pg.StateTooManyConnections {
			x.notice("%d of %d lanes apply: the server has no connection left for more", n, want)
			break
		}
		if err != nil {
			for _, opened := range lanes {
				opened.close()
			}
			return nil, err
		}
		lanes = append(lanes, l)
	}
	return lanes, nil
}

func (x *Session) openLane(ctx context.Context, stop <-chan struct{}, n int) (*lane, error) {
	conn, err := x.store.Connect(ctx, fmt.Sprintf("run %d lane %d", x.opt.Run, n))
	if err != nil {
		return nil, err
	}
	l := &lane{
		x: x, conn: conn, stop: stop,
		clear: x.statement("clear"), link: x.statement("link"),
		expected: x.statement("expected"), batch: x.statement("batch"),
	}
	if err = l.prepare(ctx); err == nil {
		_, err = conn.Exec(ctx, "SELECT pg_advisory_lock_shared($1, $2)", int32(lock.Fence), int32(x.platform()))
	}
	if err != nil {
		l.close()
		return nil, fmt.Errorf("preparing lane %d: %w", n, err)
	}
	return l, nil
}

func (l *lane) close() { pg.Close(l.conn) }

// prepare sets what a lane's session needs.
func (l *lane) prepare(ctx context.Context) error {
	_, err := l.conn.Exec(ctx, `
		SELECT set_config('lock_timeout', $1, false),
		    -- a backend whose client died stops within a second
		    set_config('client_connection_check_interval', '1s', false),
		    -- the leader commits synchronously before anything is reported
		    set_config('synchronous_commit', 'off', false),
		    -- a batch is small: it must reach links by index, and a planner
		    -- left free hashes the whole table for every batch
		    set_config('enable_hashjoin', 'off', false),
		    set_config('enable_mergejoin', 'off', false),
		    -- not force_custom_plan: it holds for the foreign key's look-ups
		    -- too, and planning one for every link took a third of the time
		    set_config('plan_cache_mode', 'auto', false),
		    set_config('idle_in_transaction_session_timeout', '60s', false)`,
		fmt.Sprintf("%dms", laneLockTimeout.Milliseconds()))
	if err != nil {
		return err
	}
	return lock.NoticeSilence(ctx, l.conn)
}

// run applies all batches of a range of blocks.
func (l *lane) run(ctx context.Context, blocks blockRange, applied *atomic.Int64) error {
	batches := newBatches(blocks, l.x.batchRows())
	for {
		if err := l.x.pace.wait(ctx, l.stop); err != nil {
			return err
		}
		from, to, more := batches.next()
		if !more {
			return nil
		}
		began := time.Now()
		n, err := l.apply(ctx, from, to)
		if err != nil {
			return err
		}
		applied.Add(n)
		l.x.pace.took(n)
		if n == 0 {
			batches.skipBlock()
			continue
		}
		batches.took(time.Since(began))
	}
}

// apply applies one batch on the fast path or, when anything is not as planned,
// on the slow path. The fast path relies on a unique index to detect that.
func (l *lane) apply(ctx context.Context, from, to pgTID) (int64, error) {
	if !l.x.oneCurrent.byIndex {
		return l.applySlow(ctx, from, to)
	}
	var n int64
	err := l.waitForTable(ctx, func() (err error) {
		n, err = l.fast(ctx, from, to)
		return err
	})
	if err == nil && n > 0 {
		l.x.breaker.made()
	}
	if err == nil || !(errors.Is(err, errNotAsPlanned) || isRefusal(err)) {
		return n, err
	}
	return l.applySlow(ctx, from, to)
}

func (l *lane) applySlow(ctx context.Context, from, to pgTID) (int64, error) {
	rows, err := l.read(ctx, from, to)
	if err != nil {
		return 0, err
	}
	return int64(len(rows)), l.slow(ctx, rows)
}

// errNotAsPlanned reports that a batch changed fewer rows than planned.
var errNotAsPlanned = errors.New("the batch does not find what was planned")

// fast clears the planned links by id and inserts the new ones; both counts
// must be those of the plan.
func (l *lane) fast(ctx context.Context, from, to pgTID) (int64, error) {
	var rows, links int64
	err := pgx.BeginFunc(ctx, l.conn, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, l.expected, from, to).Scan(&rows, &links); err != nil {
			return fmt.Errorf("counting a batch: %w", err)
		}
		if rows == 0 {
			return nil
		}
		// It stays for triggers and constraints that wait for the commit.
		if err := pg.SetPath(ctx, tx, l.x.texts.Platform.Path); err != nil {
			return err
		}
		if links > 0 {
			tag, err := tx.Exec(ctx, l.clear, from, to)
			if err != nil {
				return fmt.Errorf("clearing links: %w", err)
			}
			if tag.RowsAffected() != links {
				return errNotAsPlanned
			}
		}
		// The links that are made are joined with the batch for their marks.
		if _, err := tx.Exec(ctx, "SELECT pg_catalog.set_config('enable_hashjoin', 'on', true)"); err != nil {
			return fmt.Errorf("making links: %w", err)
		}
		tag, err := tx.Exec(ctx, l.link, l.x.opt.Run, from, to, l.x.hasKey)
		if err != nil {
			return fmt.Errorf("making links: %w", err)
		}
		if tag.RowsAffected() != rows {
			return errNotAsPlanned
		}
		return nil
	})
	return rows, err
}

// read fetches a batch of the work list for the slow path.
func (l *lane) read(ctx context.Context, from, to pgTID) ([]change, error) {
	rows, err := l.conn.Query(ctx, l.batch, from, to)
	if err != nil {
		return nil, fmt.Errorf("reading a batch: %w", err)
	}
	changes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c change, err error) {
		err = row.Scan(&c.row, &c.recording, &c.entity, &c.trigger, &c.link, &c.expected, &c.restores)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a batch: %w", err)
	}
	return changes, nil
}
