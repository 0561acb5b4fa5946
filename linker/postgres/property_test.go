package postgres_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relink/linker"
	"relink/linker/postgres/engine"
)

// seeds is how many worlds are tried. A failure names its seed.
const seeds = 5

// shapes are the ways in which the same work is cut.
var shapes = []engine.Options{
	{Lanes: 1},
	{Lanes: 2, BatchRows: 3},
	{Lanes: 7, BatchRows: 1},
	{Lanes: 7},
}

// renamer gives the recordings of each shape names of their own, so that all of
// them live in one database. They are long, so that few stand on a block of
// the work list and there is something for seven lanes.
func renamer(n int) func(string) string {
	return func(id string) string { return fmt.Sprintf("%s-%d-%s", id, n, strings.Repeat("x", 240)) }
}

func renamed(rows []linker.Fields, rename func(string) string) []linker.Fields {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].RecordingID = rename(rows[i].RecordingID)
	}
	return rows
}

func randomRules(rng *rand.Rand) linker.Rules {
	rules := linker.Rules{LastWins: rng.IntN(2) == 0, FollowMerges: rng.IntN(2) == 0, KeepExisting: rng.IntN(6) == 0}
	if rng.IntN(4) == 0 {
		rules.KeepTriggers = []string{"USER_LINK_WEB", "USER_LINK_MOBILE"}
	}
	if rng.IntN(3) == 0 {
		rules.Organization = "o-1"
	}
	return rules
}

// links returns the current links of one shape's recordings, by their first
// names.
func (w *world) links(rename func(string) string) map[string]string {
	w.t.Helper()
	links := map[string]string{}
	for _, link := range w.current() {
		recording, entity, _ := strings.Cut(link, ">")
		if first := recording[:4]; rename(first) == recording {
			links[first] = entity
		}
	}
	return links
}

func TestProperties(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 0))
			w := emptyWorld(t)
			m := newModel(rng, 160)
			for n := range shapes {
				m.fill(w, renamer(n))
			}
			rows := m.rows(rng, 320)
			if seed%2 == 0 {
				expectNothing(rows)
			}
			rules := randomRules(rng)
			wanted := m.results(rows, rules)
			var results []linker.Result
			for n, shape := range shapes {
				name := fmt.Sprintf("%d lanes, batches of %d, rules %+v", shape.Lanes, shape.BatchRows, rules)
				shape.Rules = rules
				if n == 0 {
					results = w.planOnly(shape, renamed(rows, renamer(n)))
				}
				done := w.imported(shape, renamed(rows, renamer(n)))
				if diff := cmp.Diff(wanted, done, cmpopts.IgnoreFields(linker.Result{}, "Detail")); diff != "" {
					t.Fatalf("%s: results (-model +got):\n%s", name, diff)
				}
				if diff := cmp.Diff(results, done); diff != "" {
					t.Errorf("%s: results (-dry run +run):\n%s", name, diff)
				}
				links := w.links(renamer(n))
				if diff := cmp.Diff(w.links(renamer(0)), links); diff != "" {
					t.Errorf("%s: current links (-first shape +this shape):\n%s", name, diff)
				}
				if rules.LastWins && !rules.KeepExisting && rules.KeepTriggers == nil {
					if diff := cmp.Diff(m.oneByOne(rows, rules), links); diff != "" {
						t.Errorf("%s: current links (-one by one +got):\n%s", name, diff)
					}
				}
			}
			if seed%2 == 0 { // what a run makes may be what another row expects
				w.nothingLeft(rules, renamed(rows, renamer(0)))
			}
		})
	}
}

// expectNothing takes out of rows what their recordings must be linked to.
func expectNothing(rows []linker.Fields) {
	for i := range rows {
		rows[i].ExpectedEntityID, rows[i].ExpectedExternalID = "", ""
	}
}

// planOnly is a dry run. It must leave every table of the platform as it was.
func (w *world) planOnly(opt engine.Options, rows []linker.Fields) []linker.Result {
	w.t.Helper()
	before := w.everything()
	opt.Run = w.record(linker.Import)
	x, err := engine.Open(w.t.Context(), w.store, opt)
	if err != nil {
		w.t.Fatal(err)
	}
	defer x.Close()
	w.stage(x, rows)
	w.plan(x, true)
	results := w.results(x)
	if diff := cmp.Diff(before, w.everything()); diff != "" {
		w.t.Errorf("a plan wrote to the platform's tables (-before +after):\n%s", diff)
	}
	return results
}

// nothingLeft imports the rows again: nothing is left to do and nothing is
// written.
func (w *world) nothingLeft(rules linker.Rules, rows []linker.Fields) {
	w.t.Helper()
	before := w.everything()
	for _, r := range w.imported(engine.Options{Rules: rules}, rows) {
		switch r.Outcome {
		case linker.Unchanged, linker.Superseded, linker.Kept, linker.Rejected:
		default:
			w.t.Errorf("second run: result %+v, want nothing left to do", r)
		}
	}
	if diff := cmp.Diff(before, w.everything()); diff != "" {
		w.t.Errorf("a second run wrote to the platform's tables (-before +after):\n%s", diff)
	}
}

func TestStoppedRunGoesOn(t *testing.T) {
	t.Parallel()
	var inTheMiddle atomic.Int64
	t.Cleanup(func() {
		if n := inTheMiddle.Load(); n < seeds/3 && !t.Failed() {
			t.Errorf("only %d of %d runs were stopped in the middle", n, seeds)
		}
	})
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			w := emptyWorld(t)
			m := newModel(rng, 40)
			m.fill(w, renamer(0))
			m.fill(w, renamer(1))
			rows := m.rows(rng, 60)
			rules := randomRules(rng)
			twin := w.imported(engine.Options{Rules: rules, CountGroups: true}, renamed(rows, renamer(0)))

			opt := engine.Options{
				Run: w.record(linker.Import), Rules: rules, CountGroups: true, Lanes: 1 + rng.IntN(3), BatchRows: 1,
			}
			x := w.begin(opt)
			w.stage(x, renamed(rows, renamer(1)))
			first := w.plan(x, true)
			changes := first.Outcomes[linker.Created] + first.Outcomes[linker.Replaced]
			for attempt := 1; ; attempt++ {
				applied, err := w.applyUntil(x, rng.Int64N(changes/2+1))
				if err != nil && !errors.Is(err, linker.ErrStopped) {
					t.Fatal(err)
				}
				if err == nil {
					break
				}
				if applied > 0 && applied < changes {
					inTheMiddle.Add(1)
				}
				w.stoppedRightly(x, opt.Run, twin)
				x.Close()
				x = w.begin(opt)
				if rng.IntN(2) == 0 {
					w.stage(x, renamed(rows, renamer(1)))
				}
				again := w.plan(x, false)
				if diff := cmp.Diff(first, again); diff != "" {
					t.Errorf("attempt %d: what the guard sees (-first plan +this plan):\n%s", attempt, diff)
				}
				if diff := cmp.Diff(twin, w.results(x)); diff != "" {
					t.Errorf("attempt %d, rules %+v: results planned (-undisturbed twin +got):\n%s", attempt, rules, diff)
				}
			}
			if diff := cmp.Diff(twin, w.results(x)); diff != "" {
				t.Errorf("rules %+v: results (-undisturbed twin +got):\n%s", rules, diff)
			}
			x.Close()
			if diff := cmp.Diff(w.links(renamer(0)), w.links(renamer(1))); diff != "" {
				t.Errorf("current links (-undisturbed twin +got):\n%s", diff)
			}
		})
	}
}

// applyUntil stops applying once n rows are applied.
func (w *world) applyUntil(x *engine.Session, n int64) (int64, error) {
	stop, over := make(chan struct{}), make(chan struct{})
	var applied atomic.Int64
	go func() {
		defer close(stop)
		for applied.Load() < n {
			select {
			case <-over:
				return
			case <-time.After(100 * time.Microsecond):
			}
		}
	}()
	err := x.Apply(w.t.Context(), stop, &applied)
	close(over)
	return applied.Load(), err
}

// stoppedRightly looks at the report of a run that was stopped: what was done
// stands in it as in the end, and the rest is unattempted.
func (w *world) stoppedRightly(x *engine.Session, run int64, twin []linker.Result) {
	w.t.Helper()
	marked := map[int64]bool{}
	for _, row := range column[int64](w, `
		SELECT linked_by_row FROM pgtest.marked_links() WHERE linked_by_run = $1
		UNION SELECT cleared_by_row FROM pgtest.marked_links() WHERE cleared_by_run = $1 AND cleared_by_row IS NOT NULL`, run) {
		marked[row] = true
	}
	if err := x.Unattempted(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	for i, got := range w.results(x) {
		want := twin[i]
		if got.Outcome == linker.Unattempted && !marked[got.Row] {
			want.Outcome = linker.Unattempted
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.t.Errorf("a stopped run: result (-want +got):\n%s", diff)
		}
	}
}
