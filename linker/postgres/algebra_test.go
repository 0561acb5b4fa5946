package postgres_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/expand"
)

// algebraWorld is a random world of two organizations, with merges of every shape,
// and a second connection c-2 in which each live CRM row of c-1 has a counterpart
// without links. The same seed gives the same world.
func algebraWorld(t *testing.T, seed uint64) (*world, *model) {
	w := emptyWorld(t)
	m := newModel(rand.New(rand.NewPCG(seed, 7)), 60)
	m.fill(w, func(id string) string { return id })
	w.exec(`
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
		SELECT 'new-' || id, data_type, 'c-2', 'new-' || id FROM crm_entities
		WHERE integration_connection_id = 'c-1' AND deleted_at IS NULL AND merged_into_id IS NULL`)
	return w, m
}

// linksAndTriggers returns the current links with what stays when a link moves and comes back.
func (w *world) linksAndTriggers() []string {
	w.t.Helper()
	return column[string](w, `
		SELECT concat_ws(' ', recording_id, data_type, entity_id, trigger) FROM recording_links
		WHERE cleared_at IS NULL ORDER BY recording_id COLLATE "C"`)
}

// verb is one way to change links in bulk.
type verb struct {
	name  string
	rules linker.Rules
	rows  func(w *world, m *model) []linker.Fields
}

// randomMap is a map between all CRM rows of the world, with everything that can be
// wrong with one.
func (m *model) randomMap(rng *rand.Rand) (pairs []linker.Pair) {
	for range 20 {
		from, to := m.order[rng.IntN(len(m.order))], m.order[rng.IntN(len(m.order))]
		was, is := m.entities[from], m.entities[to]
		if rng.IntN(10) == 0 {
			is.externalID = "nobody"
		}
		pairs = append(pairs, pair(was.connection, was.dataType, was.externalID, is.connection, is.dataType, is.externalID))
	}
	return pairs
}

func verbs(seed uint64) []verb {
	export := func(w *world) (rows []linker.Fields) {
		for _, f := range column[string](w, "SELECT concat_ws(' ', recording_id, data_type, entity_id) FROM recording_links WHERE cleared_at IS NULL ORDER BY recording_id COLLATE \"C\"") {
			parts := strings.Fields(f)
			rows = append(rows, linker.Fields{RecordingID: parts[0], DataType: parts[1], ID: parts[2]})
		}
		return rows
	}
	clearing := following
	clearing.ClearDeleted = true
	return []verb{
		{"remap", linker.Rules{}, func(w *world, m *model) []linker.Fields {
			return w.remap(expand.RemapOptions{}, m.randomMap(rand.New(rand.NewPCG(seed, 8)))).links
		}},
		{"follow", following, func(w *world, _ *model) []linker.Fields { return w.follow(expand.FollowOptions{}) }},
		{"follow --clear-deleted", clearing, func(w *world, _ *model) []linker.Fields { return w.follow(expand.FollowOptions{}) }},
		{"unlink", unlinking, func(w *world, _ *model) []linker.Fields { return export(w) }},
	}
}

// laws checks a law on random worlds.
func laws(t *testing.T, law func(t *testing.T, seed uint64)) {
	t.Parallel()
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			law(t, seed)
		})
	}
}

// A verb that is taken back leaves the links as they were, and one that is stopped
// and resumed, however often, does what one that is not does.
func TestVerbsAreUndoneAndGoOn(t *testing.T) {
	t.Parallel()
	for i, v := range verbs(0) {
		t.Run(v.name, func(t *testing.T) {
			laws(t, func(t *testing.T, seed uint64) {
				v := verbs(seed)[i]
				w, m := algebraWorld(t, seed)
				before := w.linksAndTriggers()
				run := w.record(linker.Import)
				undisturbed := w.imported(engine.Options{Run: run, Rules: v.rules, CountGroups: true}, v.rows(w, m))
				after := w.linksAndTriggers()

				w.reverted(run)
				if diff := cmp.Diff(before, w.linksAndTriggers()); diff != "" {
					t.Errorf("current links (-before +after the revert):\n%s", diff)
				}
				other, m := algebraWorld(t, seed)
				if diff := cmp.Diff(undisturbed, other.stopAndGo(rand.New(rand.NewPCG(seed, 9)), v.rules, v.rows(other, m))); diff != "" {
					t.Errorf("results (-undisturbed run +stopped run):\n%s", diff)
				}
				if diff := cmp.Diff(after, other.linksAndTriggers()); diff != "" {
					t.Errorf("current links (-undisturbed run +stopped run):\n%s", diff)
				}
				again := w.record(linker.Import)
				w.imported(engine.Options{Run: again, Rules: v.rules}, v.rows(w, m))
				if diff := cmp.Diff(after, w.linksAndTriggers()); diff != "" {
					t.Errorf("current links (-the first time +after the revert and a second time):\n%s", diff)
				}
			})
		})
	}
}

// stopAndGo imports rows in a run that is stopped several times.
func (w *world) stopAndGo(rng *rand.Rand, rules linker.Rules, rows []linker.Fields) []linker.Result {
	w.t.Helper()
	opt := engine.Options{Run: w.record(linker.Import), Rules: rules, Lanes: 1 + rng.IntN(2), BatchRows: 1}
	for first := true; ; first = false {
		x := w.begin(opt)
		if first || rng.IntN(2) == 0 {
			w.stage(x, rows)
		}
		w.plan(x, first)
		_, err := w.applyUntil(x, 1+rng.Int64N(6))
		if err == nil {
			defer x.Close()
			return w.results(x)
		}
		if !errors.Is(err, linker.ErrStopped) {
			w.t.Fatal(err)
		}
		x.Close()
	}
}

// What a verb does a second time is nothing.
func TestVerbsAreIdempotent(t *testing.T) {
	laws(t, func(t *testing.T, seed uint64) {
		for _, v := range verbs(seed)[1:] { // a random map may move a link on, and on
			w, m := algebraWorld(t, seed)
			w.imported(engine.Options{Rules: v.rules}, v.rows(w, m))
			before := w.everything()
			for _, r := range w.imported(engine.Options{Rules: v.rules}, v.rows(w, m)) {
				if r.Outcome != linker.Rejected && r.Outcome != linker.Unchanged {
					t.Errorf("%s a second time: %+v", v.name, r)
				}
			}
			if diff := cmp.Diff(before, w.everything()); diff != "" {
				t.Errorf("%s a second time wrote (-before +after):\n%s", v.name, diff)
			}
		}
	})
}

// The identity map changes nothing, and a map that is undone by its inverse brings
// back every link with its trigger.
func TestRemapAndItsInverse(t *testing.T) {
	laws(t, func(t *testing.T, seed uint64) {
		w, m := algebraWorld(t, seed)
		var identity, there, back []linker.Pair
		for _, id := range m.order {
			e := m.entities[id]
			identity = append(identity, pair(e.connection, e.dataType, e.externalID, e.connection, e.dataType, e.externalID))
			if e.connection == "c-1" && !e.deleted && e.mergedInto == "" {
				there = append(there, pair("c-1", e.dataType, e.externalID, "c-2", e.dataType, "new-"+id))
				back = append(back, pair("c-2", e.dataType, "new-"+id, "c-1", e.dataType, e.externalID))
			}
		}
		before, links := w.everything(), w.linksAndTriggers()
		for _, r := range w.imported(engine.Options{}, w.remap(expand.RemapOptions{}, identity).links) {
			if r.Outcome != linker.Unchanged && r.Outcome != linker.Rejected {
				t.Errorf("the identity map: %+v", r)
			}
		}
		if diff := cmp.Diff(before, w.everything()); diff != "" {
			t.Errorf("the identity map wrote (-before +after):\n%s", diff)
		}
		w.imported(engine.Options{}, w.remap(expand.RemapOptions{}, there).links)
		if moved := one[int](w, "SELECT count(*) FROM recording_links WHERE entity_id LIKE 'new-%'"); moved == 0 && len(there) > 3 {
			t.Logf("seed %d: no link was moved", seed)
		}
		w.imported(engine.Options{}, w.remap(expand.RemapOptions{}, back).links)
		if diff := cmp.Diff(links, w.linksAndTriggers()); diff != "" {
			t.Errorf("current links (-before +there and back):\n%s", diff)
		}
	})
}

// Whatever a map or the CRM says, no link crosses organizations, and to a caller of
// one organization nothing of another exists.
func TestVerbsStayInTheirOrganization(t *testing.T) {
	laws(t, func(t *testing.T, seed uint64) {
		crossing := `
			SELECT concat_ws(' ', l.recording_id, l.entity_id) FROM recording_links AS l
			JOIN recordings AS r ON r.id = l.recording_id
			JOIN crm_entities AS e ON e.id = l.entity_id
			JOIN integration_connections AS c ON c.id = e.integration_connection_id
			WHERE l.cleared_at IS NULL AND c.organization_id <> r.organization_id ORDER BY 1`
		others := `
			SELECT concat_ws(' ', l.id, l.recording_id, l.entity_id) FROM recording_links AS l
			JOIN recordings AS r ON r.id = l.recording_id WHERE r.organization_id <> 'o-1' ORDER BY 1`
		w, m := algebraWorld(t, seed)
		crossed, before := column[string](w, crossing), column[string](w, others)
		pairs := m.randomMap(rand.New(rand.NewPCG(seed, 10)))
		got := w.remap(expand.RemapOptions{Organization: "o-1", From: "c-1"}, pairs)
		rows := append(got.links, w.follow(expand.FollowOptions{Organization: "o-1"})...)
		for _, f := range rows {
			if m.recordings[f.RecordingID].organization != "o-1" {
				t.Errorf("a row names another organization's recording: %+v", f)
			}
		}
		for i, row := range got.rows {
			if told := row.EntityID + row.NewEntityID + row.Message; m.connections[pairs[i].Old.IntegrationConnectionID] != "o-1" && row.EntityID != "" {
				t.Errorf("the map tells of another organization's row: %s", told)
			}
		}
		rules := following
		rules.Organization = "o-1"
		w.imported(engine.Options{Rules: rules}, rows)
		if diff := cmp.Diff(before, column[string](w, others)); diff != "" {
			t.Errorf("links of the other organization (-before +after):\n%s", diff)
		}
		w.imported(engine.Options{Rules: following}, append(w.remap(expand.RemapOptions{}, pairs).links, w.follow(expand.FollowOptions{})...))
		for _, link := range column[string](w, crossing) {
			if !strings.Contains(strings.Join(crossed, "\n"), link) {
				t.Errorf("a link crosses organizations: %s", link)
			}
		}
	})
}
