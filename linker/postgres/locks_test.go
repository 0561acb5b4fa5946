package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
)

// open opens a session that is expected to be refused, or to have waited.
func (w *world) open(opt engine.Options) (*engine.Session, error) {
	w.t.Helper()
	if opt.Run == 0 {
		opt.Run = w.record(linker.Import)
	}
	opt.Writing = true
	x, err := engine.Open(w.t.Context(), w.store, opt)
	if err == nil {
		w.t.Cleanup(x.Close)
	}
	return x, err
}

func TestSecondRunIsToldWhoHoldsTheLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.record(linker.Reconcile)
	x := w.begin(engine.Options{Run: first})
	var locked *lock.LockedError
	began := time.Now()
	if _, err := w.open(engine.Options{OwnTimeout: time.Minute}); !errors.As(err, &locked) {
		t.Fatalf("second session: %v, want a LockedError", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v: only a holder that is the run itself is worth waiting for", took)
	}
	if locked.Run != first || !strings.HasPrefix(locked.Holder, fmt.Sprintf("reconcile %d, started ", first)) {
		t.Errorf("the lock is held by run %d: %s; want run %d, a reconcile", locked.Run, locked.Holder, first)
	}
	run, err := w.store.Run(t.Context(), first)
	if err != nil || !run.Alive {
		t.Errorf("run %+v (%v), want it alive", run, err)
	}

	// A dry run is in nobody's way.
	dry, err := engine.Open(t.Context(), w.store, engine.Options{Run: w.record(linker.Import)})
	if err != nil {
		t.Fatalf("a dry run beside a run: %v", err)
	}
	defer dry.Close()

	x.Close()
	// The server ends a session in its own time.
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if run, err = w.store.Run(t.Context(), first); err != nil || !run.Alive {
			break
		}
	}
	if err != nil || run.Alive || run.State != linker.StateInterrupted {
		t.Errorf("run %+v (%v), want it interrupted", run, err)
	}
	if _, err := w.open(engine.Options{}); err != nil {
		t.Errorf("a run after the first was closed and beside a dry run: %v", err)
	}
}

func TestSameRunTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.record(linker.Import)
	w.begin(engine.Options{Run: run})
	var locked *lock.LockedError
	if _, err := w.open(engine.Options{Run: run}); !errors.As(err, &locked) || locked.Run != run {
		t.Errorf("the same run again: %v, want a LockedError that names run %d", err, run)
	}
}

// One command right after the other: nobody's lock is in the way.
func TestClosedSessionHoldsNoLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.record(linker.Import)
	for n := range 8 {
		x, err := w.open(engine.Options{Run: run})
		if err != nil {
			t.Fatalf("session %d: %v", n, err)
		}
		w.stage(x, []linker.Fields{byID("r-10", "e-1")})
		w.plan(x, n == 0)
		w.apply(x)
		x.Close()
	}
}

func TestLockTimeoutWaits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		wait func(run int64) engine.Options
	}{
		{"for another run", func(int64) engine.Options { return engine.Options{LockTimeout: time.Minute} }},
		{"for the run itself", func(run int64) engine.Options {
			return engine.Options{Run: run, OwnTimeout: time.Minute}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			run := w.record(linker.Import)
			x := w.begin(engine.Options{Run: run})
			var closed atomic.Bool
			time.AfterFunc(700*time.Millisecond, func() {
				closed.Store(true)
				x.Close()
			})
			if _, err := w.open(c.wait(run)); err != nil {
				t.Fatal(err)
			}
			if !closed.Load() {
				t.Error("the second session was open before the first was closed")
			}
		})
	}
	t.Run("not for ever", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.begin(engine.Options{})
		began := time.Now()
		var locked *lock.LockedError
		if _, err := w.open(engine.Options{LockTimeout: 500 * time.Millisecond}); !errors.As(err, &locked) {
			t.Fatalf("second session: %v, want a LockedError", err)
		}
		if took := time.Since(began); took < 500*time.Millisecond {
			t.Errorf("it waited %v, want 500ms", took)
		}
	})
	t.Run("until the caller gives up", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.begin(engine.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer cancel()
		opt := engine.Options{Run: w.record(linker.Import), Writing: true, LockTimeout: time.Minute}
		if _, err := engine.Open(ctx, w.store, opt); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("second session: %v, want the end of its context", err)
		}
	})
}

// wires are the connections of a process that can be killed.
type wires struct {
	mu   sync.Mutex
	all  []net.Conn
	dead bool
}

func (k *wires) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead {
		// Not even the request to cancel a statement, which pgx sends over
		// a connection of its own, comes from a process that is dead.
		conn.Close()
		return nil, net.ErrClosed
	}
	k.all = append(k.all, conn)
	return conn, nil
}

// cut closes all connections, as the end of a process does.
func (k *wires) cut() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dead = true
	for _, conn := range k.all {
		conn.Close()
	}
}

// slow lets each new link take some time in the server.
func (w *world) slow(seconds float64) {
	w.t.Helper()
	w.exec(fmt.Sprintf(`
		CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
		    PERFORM pg_sleep(%v);
		    RETURN NEW;
		END $$;
		CREATE TRIGGER slow BEFORE INSERT ON recording_links FOR EACH ROW EXECUTE FUNCTION slow()`, seconds))
}

// lanes counts the lanes' sessions in the server.
func (w *world) lanes(run int64) int {
	w.t.Helper()
	return one[int](w, `
		SELECT count(*)
		FROM pg_stat_activity
		WHERE datname = current_database() AND application_name LIKE format('relink run %s lane %%', $1::bigint)`, run)
}

// within waits until something holds.
func (w *world) within(limit time.Duration, what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: not within %v", what, limit)
		}
	}
}

// A process is killed while the server is at work for one of its lanes. The
// next run begins when that lane cannot write any more, and not before.
func TestNextRunWaitsForTheLanesOfADeadOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slow(0.1)
	var rows []linker.Fields
	for n := 10; n < 50; n++ {
		rows = append(rows, byID(fmt.Sprintf("r-%d", n), "e-1"))
	}
	var process wires
	run := w.record(linker.Import)
	opt := engine.Options{Run: run, Writing: true, Lanes: 1}
	dead, err := engine.Open(t.Context(), postgres.NewStore(pg.Config{URL: w.url, Dial: process.dial}), opt)
	if err != nil {
		t.Fatal(err)
	}
	w.stage(dead, rows)
	w.plan(dead, true)
	applied := make(chan error, 1)
	go func() {
		var n atomic.Int64
		applied <- dead.Apply(t.Context(), nil, &n)
	}()
	w.within(20*time.Second, "a lane inserts", func() bool {
		return one[int](w, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'") == 1
	})
	process.cut()
	// The server looks for the lane's client once a second: the next run must
	// come before, without waiting for what is left of this process.
	if w.lanes(run) == 0 {
		t.Fatal("the lane ended with its client: nothing is shown")
	}
	x, err := w.open(engine.Options{Run: run, OwnTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if n := w.lanes(run); n != 0 {
		t.Errorf("%d lanes of the dead process are there when the next run has begun", n)
	}
	if err := <-applied; err == nil {
		t.Error("Apply of a killed process returned no error")
	}
	dead.Close()
	w.exec("DROP TRIGGER slow ON recording_links")
	w.plan(x, false)
	w.apply(x)
	results := w.results(x)
	for i, r := range results {
		if r.Outcome != linker.Created {
			t.Errorf("row %d is %s, want created", i+1, r.Outcome)
		}
	}
	w.reportIsTrue(run, rows, results)
}

func TestLostLeaderStopsItsLanes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slow(0.03)
	var rows []linker.Fields
	for n := 10; n < 50; n++ {
		for range 2 {
			rows = append(rows, byID(fmt.Sprintf("r-%d", n), "e-1"))
		}
	}
	rows = append(rows, byID("r-1", "e-2"), byID("nope", "e-2"))
	run := w.record(linker.Import)
	x := w.begin(engine.Options{Run: run, Lanes: 2, BatchRows: 4})
	w.stage(x, rows)
	w.plan(x, true)
	planned := w.results(x)
	var n atomic.Int64
	applied := make(chan error, 1)
	go func() { applied <- x.Apply(t.Context(), nil, &n) }()
	w.within(20*time.Second, "a batch is applied", func() bool { return n.Load() > 0 })
	w.exec(`
		SELECT pg_terminate_backend(pid, 5000)
		FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = format('relink run %s leader', $1::bigint)`, run)
	// Its lock is free from now on, and the fence holds the next run up until
	// the lanes have noticed.
	next, err := w.open(engine.Options{Run: w.record(linker.Import)})
	if err != nil {
		t.Fatal(err)
	}
	atOpen := one[int](w, "SELECT count(*) FROM relink.marks WHERE run = $1 AND made IS NOT NULL", run)
	if err := <-applied; !errors.Is(err, engine.ErrLeaderLost) {
		t.Errorf("Apply: %v, want ErrLeaderLost", err)
	}
	if n := w.lanes(run); n != 0 {
		t.Errorf("%d lanes work on without their leader", n)
	}
	if got := one[int](w, "SELECT count(*) FROM relink.marks WHERE run = $1 AND made IS NOT NULL", run); got != atOpen || got >= 41 {
		t.Errorf("%d links made, %d of them when the next run began; want no more, and not all 41", got, atOpen)
	}
	if _, err := x.Plan(t.Context(), false, nil); !errors.Is(err, engine.ErrLeaderLost) {
		t.Errorf("Plan without a leader: %v, want ErrLeaderLost", err)
	}
	x.Close()
	next.Close()

	w.exec("DROP TRIGGER slow ON recording_links")
	x = w.begin(engine.Options{Run: run})
	if staged, err := x.Staged(t.Context()); err != nil || staged {
		t.Errorf("Staged = %v, %v; want false: the next run has dropped the tables of this one", staged, err)
	}
	w.stage(x, rows)
	w.plan(x, false)
	w.apply(x)
	results := w.results(x)
	if diff := cmp.Diff(planned, results); diff != "" {
		t.Errorf("results of the run when resumed (-planned at first +got):\n%s", diff)
	}
	w.reportIsTrue(run, rows, results)
}

// Whoever holds the fence is named after two seconds, and waited for no longer
// than a statement may wait.
func TestFenceNamesItsHolderAndGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("SET application_name = 'some tool'; SELECT pg_advisory_lock_shared(x'72656c02'::int, 'public'::regnamespace::oid::int)")
	var mu sync.Mutex
	var notices []string
	_, err := w.open(engine.Options{
		Run: w.record(linker.Import), Writing: true,
		Notice: func(s string) { mu.Lock(); defer mu.Unlock(); notices = append(notices, s) },
	})
	var locked *lock.LockedError
	if !errors.As(err, &locked) || locked.Run != 0 || !strings.Contains(err.Error(), "(some tool) of role relink") {
		t.Errorf("a session whose fence is held: %v, want a LockedError that names the holder", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(notices) != 1 || !strings.Contains(notices[0], "waiting for the lanes of an earlier run to end: session ") {
		t.Errorf("notices %q, want one about the fence", notices)
	}
}

// A run that never had its lock leaves no record.
func TestDiscardedRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.record(linker.Import)
	if err := w.store.Discard(t.Context(), run, "another run is running"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Run(t.Context(), run); !errors.Is(err, postgres.ErrNoRun) {
		t.Errorf("Run of a discarded run: %v, want ErrNoRun", err)
	}
}

// A run keeps no run of another platform of its database waiting, and one of its own
// it does.
func TestEachPlatformHasItsOwnLocks(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t)
	w.exec(otherNames)
	other := postgres.NewStore(pg.Config{URL: w.url, Schema: "shown"})
	first, err := w.open(engine.Options{Run: w.record(linker.Import), Writing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	begin := func(s *postgres.Store) error {
		run, err := s.Begin(t.Context(), linker.Run{Kind: linker.Import})
		if err != nil {
			t.Fatal(err)
		}
		x, err := engine.Open(t.Context(), s, engine.Options{Run: run.ID, Writing: true})
		if err == nil {
			x.Close()
		}
		return err
	}
	if err := begin(other); err != nil {
		t.Errorf("a run of another platform: %v, want no error", err)
	}
	var locked *lock.LockedError
	if err := begin(w.store); !errors.As(err, &locked) {
		t.Errorf("another run of the platform: %v, want a LockedError", err)
	}
	waiting, err := other.Interrupted(t.Context())
	if err != nil || len(waiting) != 1 || waiting[0].Database.Schema != "shown" {
		t.Errorf("interrupted runs of the other platform: %+v, %v, want its own alone", waiting, err)
	}
}
