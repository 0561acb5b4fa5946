package postgres_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/expand"
)

// following are the rules of relink follow.
var following = linker.Rules{FollowMerges: true}

// follow expands what is merged and deleted into rows.
func (w *world) follow(o expand.FollowOptions) []linker.Fields {
	w.t.Helper()
	o.Run = w.record(linker.Follow)
	var links bytes.Buffer
	if err := expand.Follow(w.t.Context(), w.store, o, &links); err != nil {
		w.t.Fatal(err)
	}
	return w.fields(&links)
}

func TestFollow(t *testing.T) {
	t.Parallel()
	// Every shape of a chain of merges.
	chains := []struct {
		entity string
		want   linker.Result
	}{
		{"e-merged", saying("e-merged is merged into e-1", replaced("e-1", "e-merged", "ACCOUNT"))},
		{"e-merged-2", saying("e-merged-2 is merged into e-1", replaced("e-1", "e-merged-2", "ACCOUNT"))},
		{"e-old", saying("e-old is merged into e-1", replaced("e-1", "e-old", "ACCOUNT"))},
		{"e-to-lead", saying("e-to-lead is merged into e-lead", replaced("e-lead", "e-to-lead", "ACCOUNT"))},
		{"e-to-two", saying("e-to-two is merged into e-two", replaced("e-two", "e-to-two", "ACCOUNT"))},
		{"e-through-other", saying("e-through-other is merged into e-1", replaced("e-1", "e-through-other", "ACCOUNT"))},
		{"e-circle-1", rejected(linker.EntityMerged, "")},
		{"e-self", rejected(linker.EntityMerged, "")},
		{"e-into-circle", rejected(linker.EntityMerged, "")},
		{"e-dangling", rejected(linker.EntityMerged, "")},
		{"e-to-deleted", rejected(linker.EntityDeleted, "e-to-deleted is merged into e-deleted")},
		{"e-to-other", rejected(linker.OrganizationMismatch, "the row that it was merged into belongs to another organization")},
		{"e-deleted", rejected(linker.EntityDeleted, "")},
		{"e-5", linker.Result{}},
	}
	newChains := func(t *testing.T) *world {
		w := newWorld(t)
		w.exec(`
			INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, deleted_at, merged_into_id) VALUES
			    ('e-self', 'ACCOUNT', 'c-1', 'x-self', NULL, 'e-self'),
			    ('e-into-circle', 'ACCOUNT', 'c-1', 'x-into-circle', NULL, 'e-circle-1'),
			    ('e-through-other', 'ACCOUNT', 'c-1', 'x-through-other', NULL, 'f-2'),
			    ('f-2', 'ACCOUNT', 'c-9', 'x-f-2', NULL, 'e-merged'),
			    ('e-old', 'ACCOUNT', 'c-1', 'x-old', now(), 'e-merged')`)
		for i, c := range chains {
			w.exec(`
				INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at)
				VALUES ('r-' || $1::int, 'ACCOUNT', $2, 'USER_LINK_WEB', now())`, 10+i, c.entity)
		}
		w.exec(`INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-gone', 'ACCOUNT', 'e-merged', now())`)
		return w
	}
	t.Run("survivors", func(t *testing.T) {
		t.Parallel()
		w := newChains(t)
		before := w.current()
		rows := w.follow(expand.FollowOptions{Connections: []string{"c-1"}})
		run := w.record(linker.Follow)
		results := w.imported(engine.Options{Run: run, Rules: following, CountGroups: true}, rows)
		if len(results) != len(chains)-1 {
			t.Fatalf("%d rows, want %d", len(results), len(chains)-1)
		}
		for i, got := range results {
			want := chains[i].want
			want.Row = int64(i + 1)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", chains[i].entity, diff)
			}
		}
		if got := one[string](w, "SELECT trigger FROM recording_links WHERE recording_id = 'r-10' AND cleared_at IS NULL"); got != "USER_LINK_WEB" {
			t.Errorf("the new link has trigger %q, want that of the old one", got)
		}
		// Again: only what leads nowhere is left.
		for _, r := range w.imported(engine.Options{Rules: following}, w.follow(expand.FollowOptions{Connections: []string{"c-1"}})) {
			if r.Outcome != linker.Rejected {
				t.Errorf("a second time: %+v", r)
			}
		}
		w.reverted(run)
		if diff := cmp.Diff(before, w.current()); diff != "" {
			t.Errorf("current links (-before +after the revert):\n%s", diff)
		}
	})
	t.Run("deleted are cleared", func(t *testing.T) {
		t.Parallel()
		w := newChains(t)
		before := w.current()
		rules := following
		rules.ClearDeleted = true
		run := w.record(linker.Follow)
		results := w.imported(engine.Options{Run: run, Rules: rules, CountGroups: true}, w.follow(expand.FollowOptions{Connections: []string{"c-1"}}))
		var gone []string
		for _, r := range results {
			if r.Outcome == linker.Cleared {
				gone = append(gone, r.EntityID)
			}
		}
		if diff := cmp.Diff([]string{"e-to-deleted", "e-deleted"}, gone); diff != "" {
			t.Errorf("cleared (-want +got):\n%s", diff)
		}
		if got := one[int](w, "SELECT count(*) FROM recording_links WHERE cleared_trigger = 'USER_UNLINK'"); got != 2 {
			t.Errorf("%d links are cleared with USER_UNLINK, want 2", got)
		}
		w.reverted(run)
		if diff := cmp.Diff(before, w.current()); diff != "" {
			t.Errorf("current links (-before +after the revert):\n%s", diff)
		}
	})
	t.Run("limits", func(t *testing.T) {
		t.Parallel()
		w := newChains(t)
		for _, c := range []struct {
			o    expand.FollowOptions
			want int
		}{
			{expand.FollowOptions{Connections: []string{"c-2", "c-9"}}, 0},
			{expand.FollowOptions{Organization: "o-2"}, 0},
			{expand.FollowOptions{Organization: "o-1"}, len(chains) - 1},
			{expand.FollowOptions{}, len(chains) - 1},
		} {
			if rows := w.follow(c.o); len(rows) != c.want {
				t.Errorf("%+v: %d rows, want %d", c.o, len(rows), c.want)
			}
		}
	})
	t.Run("another link meanwhile", func(t *testing.T) {
		t.Parallel()
		w := newChains(t)
		rows := w.follow(expand.FollowOptions{Connections: []string{"c-1"}})
		w.exec(`
			UPDATE recording_links SET cleared_at = now() WHERE recording_id IN ('r-10', 'r-22') AND cleared_at IS NULL;
			INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-10', 'ACCOUNT', 'e-7', now())`)
		rules := following
		rules.ClearDeleted = true
		results := w.imported(engine.Options{Rules: rules}, rows)
		if got := results[0].Outcome; got != linker.Kept {
			t.Errorf("the recording that a person linked: %s, want kept", got)
		}
		if got := results[12]; got.Code != linker.EntityDeleted {
			t.Errorf("the recording that a person unlinked: %+v, want entity_deleted", got)
		}
	})
}
