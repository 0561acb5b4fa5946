package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
	"relink/linker/postgres/sql"
)

// keepAlive is how often a leader makes sure that it still holds its locks.
const keepAlive = time.Second

// Options configure a session.
type Options struct {
	Run     int64
	Rules   linker.Rules
	Writing bool // takes the run lock and the fence; false for a dry run
	// Lanes is how many connections apply at once; 0 means DefaultLanes.
	Lanes int
	// LockTimeout is how long to wait for the run lock. 0 does not wait.
	LockTimeout time.Duration
	// OwnTimeout is how long to wait for a lock whose holder is this very
	// run: the leader of a dead process, whose end the server has not seen.
	OwnTimeout time.Duration
	// RetryTimeout is how long the run may be without its database, so also
	// how long a statement over whole tables waits for a lock.
	RetryTimeout time.Duration
	// BatchRows fixes how many rows one transaction applies. 0 lets time
	// decide (see batchTime).
	BatchRows int
	// PerMinute is the maximum number of rows written per minute; 0 or less
	// means no limit.
	PerMinute int
	// MaxLag is how far replicas may be behind while rows are written, 0 for no
	// limit. Store.CheckLag reports whether this role may see that.
	MaxLag time.Duration
	// Undo is the run that this run takes back (revert); 0 for none. Rows
	// then are that run's changes and nothing is staged.
	Undo int64
	// CountGroups asks for the plan's groups, which a change guard needs.
	CountGroups bool
	// Ready means that Store.Ready was called just now.
	Ready bool
	// Trial asks the plan to find out whether the database would let its
	// changes be made: for a dry run.
	Trial bool
	// Notice receives messages for the user; nil for none.
	Notice func(string)
	// Working, when not nil, holds the number of lanes that are applying.
	Working *atomic.Int64
}

// Session is one attempt at one run: its locks, its connections and the
// statements of the road. Its methods are not for concurrent use.
type Session struct {
	store *postgres.Store
	opt   Options

	leader *pgx.Conn // holds the locks, nothing else
	work   *pgx.Conn // stages, plans, reports

	ctx    context.Context // ends when the leader loses its connection
	cancel context.CancelCauseFunc
	pulse  sync.WaitGroup
	// waitedFor is the lock that the working session waited for last.
	waitedFor atomic.Pointer[lock.Held]

	breaker breaker
	pace    *pace // of the lanes, while they apply

	owner   string // the role that gets the working tables, quoted; "" for none
	texts   *sql.Texts
	canLock bool // this role may lock CRM rows against deletion
	// hasKey reports whether a foreign key keeps links from naming a CRM row
	// that does not exist. Without one, as where crm_entities is a view, apply
	// checks it.
	hasKey     bool
	oneCurrent oneCurrent // known from Plan on
	// scope limits which links are cleared and which are extra; nil values
	// do not limit. An implied scope is known only once rows are resolved.
	scope    postgres.Limits
	withheld string // why extras are not cleared although asked for
	// The state of a reconciliation's scope before it wrote and after, "" when
	// that is not known: see scope_state.go.
	stateBefore, stateAfter string

	toDo    int64 // rows of the work list
	applied bool  // results list what was done, not what would be
	// faults counts the rows that Check refused, nil unless this session
	// staged them.
	faults map[linker.Code]int64
	strays int64 // those of them that are probably no rows
}

// ErrLeaderLost reports that the connection which holds the run's locks is
// gone. Its lanes were stopped; the run can be resumed.
var ErrLeaderLost = errors.New("the connection that holds the run lock is lost")

// Open connects to the store and takes the locks. It returns a *LockedError
// when another run is working, or when this run already is.
func Open(ctx context.Context, s *postgres.Store, opt Options) (*Session, error) {
	x := &Session{store: s, opt: opt}
	x.ctx, x.cancel = context.WithCancelCause(ctx)
	if err := x.open(x.ctx); err != nil {
		x.Close()
		return nil, pg.Explain(err)
	}
	x.pulse.Add(1)
	go x.watch()
	return x, nil
}

func (x *Session) open(ctx context.Context) (err error) {
	purpose := fmt.Sprintf("run %d", x.opt.Run)
	if !x.opt.Ready {
		if err := x.store.CheckSession(ctx); err != nil {
			return err
		}
	}
	if x.leader, err = x.store.Connect(ctx, purpose+" leader"); err != nil {
		return err
	}
	if err := lock.NoticeSilence(ctx, x.leader); err != nil {
		return err
	}
	if x.work, err = x.store.Connect(ctx, purpose); err != nil {
		return err
	}
	p, err := x.store.Platform(ctx, x.work)
	if err != nil {
		return err
	}
	x.texts = sql.New(p, x.opt.Run)
	if err := x.tune(ctx); err != nil {
		return err
	}
	if err := x.findOwner(ctx); err != nil {
		return err
	}
	if err := lock.Wait(ctx, x.leader, lock.Alive, x.opt.Run, x.opt.OwnTimeout, nil); err != nil {
		return err
	}
	if x.opt.Writing {
		if err := x.lead(ctx); err != nil {
			return err
		}
	}
	_, err = x.work.Exec(ctx, `
		UPDATE relink.runs
		SET host = $2, pid = $3
		WHERE id = $1 AND finished_at IS NULL -- who writes a report again did not make the run`,
		x.opt.Run, postgres.Hostname(), os.Getpid())
	if err != nil {
		return fmt.Errorf("noting who leads run %d: %w", x.opt.Run, err)
	}
	return nil
}

// lead takes the run lock and makes sure that no earlier run can still write.
func (x *Session) lead(ctx context.Context) error {
	patience := max(x.opt.LockTimeout, lock.Grace)
	since := time.Now()
	told := false
	err := lock.Wait(ctx, x.leader, lock.Run, x.platform(), max(patience, x.opt.OwnTimeout), func(held *lock.LockedError) bool {
		waits := time.Since(since) < patience || held.Run == x.opt.Run
		if waits && !told && time.Since(since) > lock.Grace {
			told = true
			x.notice("waiting for %s", held.Holder)
		}
		return waits
	})
	if err != nil {
		return err
	}
	if err := x.fence(ctx); err != nil {
		return err
	}
	// What dead runs have left is in the platform's way.
	if _, err := postgres.CleanTables(ctx, x.work); err != nil {
		x.notice("working tables of dead runs are left, relink runs clean drops them: %s", pg.Explain(err))
	}
	return nil
}

// tune prepares the session for its work, and finds out what its role may do.
func (x *Session) tune(ctx context.Context) error {
	if err := postgres.Tune(ctx, x.work, x.lockWait()); err != nil {
		return err
	}
	const may = `
		SELECT
		    c.relkind IN ('r', 'p') AND has_any_column_privilege(c.oid, 'UPDATE'),
		    EXISTS (
		        SELECT FROM pg_constraint AS k
		        WHERE k.contype = 'f' AND k.conrelid = $1::text::regclass AND k.confrelid = c.oid
		    )
		FROM pg_class AS c
		WHERE c.oid = $2::text::regclass`
	err := x.work.QueryRow(ctx, may, x.texts.Platform.Base(platform.Links), x.texts.Platform.Base(platform.Entities)).
		Scan(&x.canLock, &x.hasKey)
	if err != nil {
		return fmt.Errorf("looking at table crm_entities: %w", err)
	}
	return nil
}

// watch ends the session's context when the leader's connection is lost, so
// that lanes stop before another run can have the lock.
func (x *Session) watch() {
	defer x.pulse.Done()
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		select {
		case <-x.ctx.Done():
			return
		case <-tick.C:
			// It also shows that the connection is still there.
			if err := x.tellLockWait(x.ctx); err != nil {
				x.cancel(fmt.Errorf("%w: %w", ErrLeaderLost, err))
				return
			}
		}
	}
}

// Close ends the session and lets its locks go. Working tables stay.
func (x *Session) Close() {
	x.cancel(context.Canceled)
	x.pulse.Wait()
	for _, conn := range []*pgx.Conn{x.work, x.leader} {
		if conn != nil {
			pg.Close(conn)
		}
	}
}

// during joins a call's context with the session's: whichever ends first.
func (x *Session) during(ctx context.Context) (context.Context, context.CancelFunc) {
	joined, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(x.ctx, func() { cancel(context.Cause(x.ctx)) })
	return joined, func() {
		stop()
		cancel(nil)
	}
}

// cause prefers the reason why a session ended to the error that followed, and
// explains it.
func (x *Session) cause(err error) error {
	if err == nil {
		return nil
	}
	if lost := context.Cause(x.ctx); lost != nil && errors.Is(lost, ErrLeaderLost) {
		err = lost
	}
	return pg.Explain(x.explainLockWait(err))
}

func (x *Session) notice(format string, args ...any) {
	if x.opt.Notice != nil {
		x.opt.Notice(fmt.Sprintf(format, args...))
	}
}

// Save records how far a run has come. It commits synchronously, whatever the
// server's settings, and with it everything the lanes have committed: a report
// written after Save is never ahead of the disk.
func (x *Session) Save(ctx context.Context, r linker.Run) error {
	ctx, done := x.during(ctx)
	defer done()
	return x.cause(postgres.Save(ctx, x.work, r, x.stateAfter))
}

// platform is the number of the platform in the locks between runs: those of
// different platforms do not concern each other.
func (x *Session) platform() int64 { return int64(x.texts.Platform.ID) }

// statement returns a statement for the working tables of this run.
func (x *Session) statement(name string) string { return x.texts.Of(name) }
