package postgres_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relink/linker"
	"relink/linker/postgres/engine"
)

// others is what others may do to a row of the platform between the crash of a
// run and its resume. $1 is a number that picks the rows.
var others = []struct {
	deed string
	// resolving reports that what a row asks for is found in another way or not at
	// all then: its message may change, and nothing else of it.
	resolving bool
}{
	{deed: `UPDATE recording_links SET cleared_at = clock_timestamp() WHERE cleared_at IS NULL AND id % 5 = $1`},
	{deed: `WITH cleared AS (
		UPDATE recording_links SET cleared_at = clock_timestamp() WHERE cleared_at IS NULL AND id % 5 = $1 RETURNING *)
		INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at)
		SELECT c.recording_id, e.data_type, e.id, 'USER_LINK_WEB', clock_timestamp()
		FROM cleared AS c CROSS JOIN LATERAL (
			SELECT * FROM crm_entities AS e WHERE e.id <> c.entity_id ORDER BY md5(e.id || c.recording_id) LIMIT 1) AS e`},
	{deed: `INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT r.id, 'LEAD', e.id, clock_timestamp()
		FROM recordings AS r CROSS JOIN LATERAL (
			SELECT * FROM crm_entities AS e WHERE e.data_type = 'LEAD' ORDER BY md5(e.id || r.id) LIMIT 1) AS e
		WHERE ascii(md5(r.id)) % 5 = $1
		ON CONFLICT (recording_id) WHERE cleared_at IS NULL DO NOTHING`},
	{deed: `UPDATE recordings SET deleted_at = now() WHERE ascii(md5(id)) % 5 = $1`, resolving: true},
	{deed: `DELETE FROM recordings WHERE ascii(md5(id)) % 5 = $1`, resolving: true},
	{deed: `UPDATE recordings SET organization_id = 'o-2' WHERE ascii(md5(id)) % 5 = $1`, resolving: true},
	{deed: `UPDATE crm_entities SET deleted_at = now() WHERE ascii(md5(id)) % 5 = $1`, resolving: true},
	{deed: `UPDATE crm_entities SET external_id = 'new ' || external_id WHERE ascii(md5(id)) % 5 = $1`, resolving: true},
	{deed: `UPDATE crm_entities SET merged_into_id = 'e1' WHERE id <> 'e1' AND ascii(md5(id)) % 5 = $1`, resolving: true},
	{deed: `UPDATE integration_connections SET organization_id = 'o-3' WHERE $1 >= 0 AND id = 'c-1'`, resolving: true},
}

// TestAppliedRowsAreFinal stops runs in the middle, lets others change
// everything, and resumes. What was applied stays in the report as it was and is
// not applied again; the rest is decided anew, and the report stays true.
func TestAppliedRowsAreFinal(t *testing.T) {
	t.Parallel()
	for n, other := range others {
		t.Run(fmt.Sprintf("deed %d", n), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(n), 4))
			w := emptyWorld(t)
			m := newModel(rng, 40)
			m.fill(w, renamer(0))
			rows := renamed(m.rows(rng, 80), renamer(0))
			rules := randomRules(rng)
			rules.KeepExisting, rules.FollowMerges = false, true
			opt := engine.Options{Run: w.record(linker.Import), Rules: rules, Lanes: 2, BatchRows: 2}
			x := w.begin(opt)
			w.stage(x, rows)
			plan := w.plan(x, true)
			before := w.results(x)
			changes := plan.Outcomes[linker.Created] + plan.Outcomes[linker.Replaced]
			if _, err := w.applyUntil(x, changes/2); err != nil && !errors.Is(err, linker.ErrStopped) {
				t.Fatal(err)
			}
			x.Close()
			w.exec(other.deed, rng.IntN(5))

			applied := column[int64](w, "SELECT linked_by_row FROM pgtest.marked_links() WHERE linked_by_run = $1", opt.Run)
			if len(applied) == 0 {
				t.Fatal("nothing was applied before the stop")
			}
			x = w.begin(opt)
			w.plan(x, false)
			w.apply(x)
			after := w.results(x)
			for i, got := range after {
				if !slices.Contains(applied, got.Row) {
					continue
				}
				var options []cmp.Option
				if other.resolving {
					options = append(options, cmpopts.IgnoreFields(linker.Result{}, "Detail"))
				}
				if diff := cmp.Diff(before[i], got, options...); diff != "" {
					t.Errorf("row %d was applied before the stop (-result then +result now):\n%s", got.Row, diff)
				}
			}
			w.reportIsTrue(opt.Run, rows, after)
			w.historyIsWhole()
			if twice := one[int](w, `
				SELECT count(*) FROM (
				    SELECT FROM pgtest.marked_links() WHERE linked_by_run = $1 GROUP BY recording_id HAVING count(*) > 1) AS l`, opt.Run); twice != 0 {
				t.Errorf("%d recordings were changed twice by the run", twice)
			}
		})
	}
}
