package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/guard"
	"relink/linker/postgres/engine"
)

// importing imports rows as a run of its own and returns the run.
func (w *world) importing(rows ...linker.Fields) int64 {
	w.t.Helper()
	run := w.record(linker.Import)
	w.imported(engine.Options{Run: run}, rows)
	return run
}

// undone is a line of a revert's report.
func undone(outcome linker.Outcome, recording, entity, previous, previousType string) linker.Result {
	return linker.Result{
		Decision: linker.Decision{
			Outcome: outcome, EntityID: entity, PreviousEntityID: previous, PreviousDataType: previousType,
		},
		RecordingID: recording,
	}
}

func TestRevert(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.current()
	run := w.record(linker.Reconcile)
	scope := &linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"ACCOUNT"}, Prune: true, TakeOver: true}
	w.imported(engine.Options{Run: run, Rules: linker.Rules{Scope: scope}}, []linker.Fields{
		{RecordingID: "r-10", DataType: "ACCOUNT", ID: "e-5", Trigger: "EXTERNAL_API_LINK"},
		byID("r-3", "e-6"), byID("r-1", "e-1"), byID("r-4", "nope"),
	})
	if diff := cmp.Diff([]string{"r-1>e-1", "r-10>e-5", "r-3>e-6", "r-4>e-two"}, w.current()); diff != "" {
		t.Fatalf("current links of the run (-want +got):\n%s", diff)
	}
	history := column[string](w, "SELECT l::text FROM recording_links AS l WHERE cleared_at IS NOT NULL ORDER BY id")
	got, undo := w.reverted(run)
	want := numbered([]linker.Result{
		undone(linker.Reverted, "r-10", "", "e-5", "ACCOUNT"),
		undone(linker.Reverted, "r-2", "e-2", "", ""),
		undone(linker.Reverted, "r-3", "e-lead", "e-6", "ACCOUNT"),
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, w.current()); diff != "" {
		t.Errorf("current links (-before +after):\n%s", diff)
	}
	after := column[string](w, "SELECT l::text FROM recording_links AS l WHERE cleared_at IS NOT NULL ORDER BY id")
	if diff := cmp.Diff(history, after[:len(history)]); diff != "" {
		t.Errorf("history changed (-before +after):\n%s", diff)
	}
	restored := column[string](w, `
		SELECT format('%s %s %s restores %s', l.recording_id, l.data_type, l.trigger, was.entity_id)
		FROM pgtest.marked_links() AS l
		JOIN recording_links AS was ON was.id = l.restores AND was.recording_id = l.recording_id
		WHERE l.linked_by_run = $1
		ORDER BY l.recording_id COLLATE "C"`, undo)
	if diff := cmp.Diff([]string{"r-2 ACCOUNT USER_LINK_WEB restores e-2", "r-3 LEAD CALENDAR_MATCH restores e-lead"}, restored); diff != "" {
		t.Errorf("restored links (-want +got):\n%s", diff)
	}
}

// Undo as people do it: any number of runs, taken back in natural order, runs
// that take back and runs that take those back.
func TestRevertInTurns(t *testing.T) {
	t.Parallel()
	revert := func(w *world, run int64) int64 {
		w.t.Helper()
		results, undo := w.reverted(run)
		for _, r := range results {
			if r.Outcome != linker.Reverted {
				w.t.Errorf("revert of run %d: %+v, want reverted", run, r)
			}
		}
		return undo
	}
	is := func(w *world, want ...string) {
		w.t.Helper()
		if diff := cmp.Diff(append(want, "r-2>e-2", "r-4>e-two"), w.current(), sortedStrings); diff != "" {
			w.t.Errorf("current links (-want +got):\n%s", diff)
		}
	}
	t.Run("two runs, the later one first", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		first := w.importing(byID("r-1", "e-5"), byID("r-10", "e-5"))
		second := w.importing(byID("r-1", "e-6"), byID("r-3", "e-6"), byID("r-10", "e-6"))
		is(w, "r-1>e-6", "r-3>e-6", "r-10>e-6")
		revert(w, second)
		is(w, "r-1>e-5", "r-3>e-lead", "r-10>e-5")
		revert(w, first)
		is(w, "r-1>e-1", "r-3>e-lead")
	})
	t.Run("revert, redo, revert, and so on", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		run := w.importing(byID("r-1", "e-5"), byID("r-10", "e-5"))
		for range 3 {
			run = revert(w, run)
			is(w, "r-1>e-1", "r-3>e-lead")
			run = revert(w, run)
			is(w, "r-1>e-5", "r-3>e-lead", "r-10>e-5")
		}
	})
	t.Run("the run itself again after its redo", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		run := w.importing(byID("r-1", "e-5"), byID("r-10", "e-5"))
		revert(w, revert(w, run))
		revert(w, run)
		is(w, "r-1>e-1", "r-3>e-lead")
	})
	t.Run("three runs, back and forth", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		first := w.importing(byID("r-1", "e-5"))
		second := w.importing(byID("r-1", "e-6"))
		third := w.importing(byID("r-1", "e-7"))
		undoThird := revert(w, third)
		undoSecond := revert(w, second)
		is(w, "r-1>e-5", "r-3>e-lead")
		revert(w, undoSecond)
		revert(w, undoThird)
		is(w, "r-1>e-7", "r-3>e-lead")
		revert(w, third)
		revert(w, second)
		revert(w, first)
		is(w, "r-1>e-1", "r-3>e-lead")
	})
	t.Run("a prune", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		run := w.record(linker.Reconcile)
		scope := &linker.Scope{Connections: []string{"c-1"}, Prune: true}
		w.imported(engine.Options{Run: run, Rules: linker.Rules{Scope: scope}}, []linker.Fields{byID("r-2", "e-2")})
		is(w)
		undo := revert(w, run)
		is(w, "r-1>e-1", "r-3>e-lead")
		redo := revert(w, undo)
		is(w)
		revert(w, redo)
		is(w, "r-1>e-1", "r-3>e-lead")
	})
}

// What somebody has changed since stays.
func TestRevertKeepsWhatOthersDid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.record(linker.Reconcile)
	w.exec(`
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT 'r-' || n, 'ACCOUNT', 'e-9', now() FROM generate_series(40, 42) AS n`)
	scope := &linker.Scope{Connections: []string{"c-1"}, Prune: true, TakeOver: true}
	w.imported(engine.Options{Run: run, Rules: linker.Rules{Scope: scope}}, []linker.Fields{
		byID("r-1", "e-5"), byID("r-2", "e-5"), byID("r-3", "e-5"), byID("r-4", "e-5"), byID("r-10", "e-5"), byID("r-11", "e-5"), byID("r-12", "e-5"),
	})
	undo := w.record(linker.Revert)
	x := w.begin(engine.Options{Run: undo, Undo: run, Lanes: 1})
	// Before the plan: replaced, cleared, and relinked to what it was.
	w.exec(`
		UPDATE recording_links SET cleared_at = clock_timestamp()
		WHERE recording_id IN ('r-1', 'r-2', 'r-3', 'r-11') AND cleared_at IS NULL;
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES
		    ('r-1', 'ACCOUNT', 'e-8', clock_timestamp()),
		    ('r-3', 'LEAD', 'e-lead', clock_timestamp()),
		    ('r-11', 'ACCOUNT', 'e-5', clock_timestamp()),
		    ('r-40', 'ACCOUNT', 'e-8', clock_timestamp())`)
	w.plan(x, true)
	planned := w.results(x)
	// Between plan and write.
	w.exec(`
		UPDATE recording_links SET cleared_at = clock_timestamp()
		WHERE recording_id IN ('r-4', 'r-12') AND cleared_at IS NULL;
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES
		    ('r-4', 'ACCOUNT', 'e-7', clock_timestamp()),
		    ('r-41', 'ACCOUNT', 'e-7', clock_timestamp())`)
	w.apply(x)
	want := numbered([]linker.Result{
		undone(linker.Kept, "r-1", "e-1", "e-8", "ACCOUNT"),
		undone(linker.Reverted, "r-10", "", "e-5", "ACCOUNT"),
		undone(linker.Kept, "r-11", "", "e-5", "ACCOUNT"), // the same target, linked by somebody
		undone(linker.Reverted, "r-12", "", "e-5", "ACCOUNT"),
		undone(linker.Kept, "r-2", "e-2", "", ""),
		undone(linker.Kept, "r-3", "e-lead", "e-lead", "LEAD"),
		undone(linker.Reverted, "r-4", "e-two", "e-5", "ACCOUNT"),
		undone(linker.Kept, "r-40", "e-9", "e-8", "ACCOUNT"),
		undone(linker.Reverted, "r-41", "e-9", "", ""),
		undone(linker.Reverted, "r-42", "e-9", "", ""),
	})
	if diff := cmp.Diff(want, planned); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	want[3] = undone(linker.Kept, "r-12", "", "", "")
	want[6] = undone(linker.Kept, "r-4", "e-two", "e-7", "ACCOUNT")
	want[8] = undone(linker.Kept, "r-41", "e-9", "e-7", "ACCOUNT")
	if diff := cmp.Diff(numbered(want), w.results(x)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	x.Close()
	if diff := cmp.Diff([]string{"r-1>e-8", "r-11>e-5", "r-3>e-lead", "r-4>e-7", "r-40>e-8", "r-41>e-7", "r-42>e-9"}, w.current()); diff != "" {
		t.Errorf("current links (-want +got):\n%s", diff)
	}
	// A second revert of the same run finds nothing of it left.
	for _, r := range func() []linker.Result { r, _ := w.reverted(run); return r }() {
		if r.Outcome != linker.Kept {
			t.Errorf("second revert: %+v, want kept", r)
		}
	}
}

func TestRevertCountsForTheGuard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.importing(byID("r-1", "e-5"), byID("r-3", "e-6"), byID("r-10", "e-7"), byID("r-4", "nope"))
	undo := w.record(linker.Revert)
	opt := engine.Options{Run: undo, Undo: run, CountGroups: true}
	x := w.begin(opt)
	plan := w.plan(x, true)
	want := guard.Plan{
		Rows:     3,
		Outcomes: linker.Counts{linker.Reverted: 3},
		Groups:   []guard.Group{{Connection: "c-1", DataType: "ACCOUNT", Current: 3, Replaced: 2, Cleared: 1}},
		Touched:  []guard.OrganizationCount{{Organization: "o-1", Recordings: 3}},
	}
	if diff := cmp.Diff(want, plan); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	w.apply(x)
	if diff := cmp.Diff(want, w.plan(x, false)); diff != "" {
		t.Errorf("plan once all is applied (-want +got):\n%s", diff)
	}
}

func TestStoppedRevertGoesOn(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"stopped", "cancelled"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(7, 0))
			w := newWorld(t)
			before := w.current()
			run := w.record(linker.Reconcile)
			rows := []linker.Fields{byID("r-1", "e-5"), byID("r-2", "e-2")}
			for n := 10; n < 40; n++ {
				rows = append(rows, byID(fmt.Sprintf("r-%d", n), "e-5"))
			}
			scope := &linker.Scope{Connections: []string{"c-1"}, Prune: true}
			w.imported(engine.Options{Run: run, Rules: linker.Rules{Scope: scope}}, rows)

			opt := engine.Options{Run: w.record(linker.Revert), Undo: run, CountGroups: true, Lanes: 1, BatchRows: 1}
			x := w.begin(opt)
			first := w.plan(x, true)
			results := w.results(x)
			middle := 0
			for {
				var applied int64
				var err error
				if how == "stopped" {
					applied, err = w.applyUntil(x, rng.Int64N(15))
				} else {
					applied, err = w.applyCancelled(x, rng.Int64N(15))
				}
				if err == nil {
					break
				}
				if applied > 0 {
					middle++
				}
				switch {
				case how == "stopped" && errors.Is(err, linker.ErrStopped):
					w.stoppedRightly(x, opt.Run, results)
				case how == "cancelled" && errors.Is(err, context.Canceled):
				default:
					t.Fatal(err)
				}
				x.Close()
				x = w.begin(opt)
				if diff := cmp.Diff(first, w.plan(x, false)); diff != "" {
					t.Errorf("plan (-first +now):\n%s", diff)
				}
				if diff := cmp.Diff(results, w.results(x)); diff != "" {
					t.Errorf("results planned (-first +now):\n%s", diff)
				}
			}
			if middle == 0 {
				t.Error("the revert was never stopped in the middle")
			}
			if diff := cmp.Diff(results, w.results(x)); diff != "" {
				t.Errorf("results (-planned first +in the end):\n%s", diff)
			}
			if diff := cmp.Diff(before, w.current()); diff != "" {
				t.Errorf("current links (-before +after):\n%s", diff)
			}
			if n := one[int](w, "SELECT count(*) FROM relink.marks WHERE run = $1 AND made IS NOT NULL", opt.Run); n != 2 {
				t.Errorf("%d links restored, want 2", n)
			}
		})
	}
}

// applyCancelled applies until n rows are applied and then cancels the context.
func (w *world) applyCancelled(x *engine.Session, n int64) (int64, error) {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	var applied atomic.Int64
	go func() {
		for ctx.Err() == nil && applied.Load() < n {
			time.Sleep(100 * time.Microsecond)
		}
		cancel()
	}()
	err := x.Apply(ctx, nil, &applied)
	return applied.Load(), err
}
