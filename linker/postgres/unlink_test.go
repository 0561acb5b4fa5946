package postgres_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/postgres/engine"
)

func cleared(entity, dataType string) linker.Result {
	r := unchanged(entity, dataType)
	r.Outcome = linker.Cleared
	return r
}

var unlinking = linker.Rules{Unlink: true}

func TestUnlink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at) VALUES
		    ('r-11', 'ACCOUNT', 'e-merged', NULL, now()), ('r-12', 'ACCOUNT', 'e-deleted', NULL, now()), ('r-13', 'OPPORTUNITY', 'e-sf', NULL, now()),
		    ('r-14', 'ACCOUNT', 'e-5', NULL, now()), ('r-15', 'ACCOUNT', 'e-5', NULL, now()), ('r-gone', 'ACCOUNT', 'e-5', NULL, now()), ('s-1', 'ACCOUNT', 'f-1', NULL, now())`)
	before := w.current()
	run := w.record(linker.Unlink)
	rows := []decision{
		{"linked to it", byID("r-1", "e-1"), cleared("e-1", "ACCOUNT")},
		{"linked to another", byID("r-3", "e-1"), again("e-1", "e-lead", "LEAD")},
		{"not linked", byID("r-20", "e-1"), again("e-1", "", "")},
		{"to a merged row", byID("r-11", "e-merged"), cleared("e-merged", "ACCOUNT")},
		{"to a deleted row", byID("r-12", "e-deleted"), cleared("e-deleted", "ACCOUNT")},
		{"by another form of the id", byExternal("r-13", "OPPORTUNITY", "c-1", "70130000001tcyI"), saying("found as 70130000001tcyIAAQ", cleared("e-sf", "OPPORTUNITY"))},
		{"first of two", byID("r-14", "e-5"), cleared("e-5", "ACCOUNT")},
		{"second of two", byID("r-14", "e-5"), unchanged("e-5", "ACCOUNT")},
		{"another target of the same", byID("r-14", "e-6"), again("e-6", "e-5", "ACCOUNT")},
		{"expecting another link", expecting("e-1", byID("r-15", "e-5")), saying("the recording is not linked to e-1, as the row expects", keptAt("e-5", "ACCOUNT"))},
		{"of another type", typed("LEAD", byID("r-15", "e-5")), rejected(linker.DataTypeMismatch, "")},
		{"no such CRM row", byID("r-15", "nope"), rejected(linker.EntityNotFound, "")},
		{"a deleted recording", byID("r-gone", "e-5"), rejected(linker.RecordingDeleted, "")},
		{"another organization's", byID("r-15", "f-1"), rejected(linker.OrganizationMismatch, "")},
	}
	var fields []linker.Fields
	for _, d := range rows {
		fields = append(fields, d.row)
	}
	results := w.imported(engine.Options{Run: run, Rules: unlinking, CountGroups: true}, fields)
	for i, got := range results {
		want := rows[i].want
		want.Row = int64(i + 1)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", rows[i].name, diff)
		}
	}
	if diff := cmp.Diff([]string{"r-15>e-5", "r-2>e-2", "r-3>e-lead", "r-4>e-two", "r-gone>e-5", "s-1>f-1"}, w.current()); diff != "" {
		t.Errorf("current links (-want +got):\n%s", diff)
	}
	if got := one[int](w, "SELECT count(*) FROM recording_links WHERE cleared_trigger = 'USER_UNLINK'"); got != 5 {
		t.Errorf("%d links are cleared with USER_UNLINK, want 5", got)
	}
	w.reverted(run)
	if diff := cmp.Diff(before, w.current()); diff != "" {
		t.Errorf("current links (-before +after the revert):\n%s", diff)
	}
}

// keptAt is a row whose link, to its target, is left.
func keptAt(entity, dataType string) linker.Result {
	r := unchanged(entity, dataType)
	r.Outcome = linker.Kept
	return r
}

// What others change between plan and write is not cleared, and what they link
// again is.
func TestUnlinkMeetsOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT 'r-' || n, 'ACCOUNT', 'e-2', now() FROM generate_series(31, 34) AS n`)
	rows := []linker.Fields{byID("r-31", "e-2"), byID("r-32", "e-2"), byID("r-33", "e-2"), byID("r-34", "e-2")}
	x := w.begin(engine.Options{Lanes: 1, Rules: unlinking})
	w.stage(x, rows)
	w.plan(x, true)
	w.exec(`
		UPDATE recording_links SET cleared_at = now() WHERE recording_id IN ('r-31', 'r-32', 'r-33') AND cleared_at IS NULL;
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-31', 'ACCOUNT', 'e-9', now()), ('r-33', 'ACCOUNT', 'e-2', now())`)
	w.apply(x)
	want := []linker.Result{again("e-2", "e-9", "ACCOUNT"), again("e-2", "", ""), cleared("e-2", "ACCOUNT"), cleared("e-2", "ACCOUNT")}
	for i := range want {
		want[i].Row = int64(i + 1)
	}
	if diff := cmp.Diff(want, w.results(x)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if got := one[int](w, "SELECT count(*) FROM recording_links WHERE recording_id IN ('r-31', 'r-32', 'r-33', 'r-34') AND cleared_at IS NULL"); got != 1 {
		t.Errorf("%d links are left, want that to e-9 alone", got)
	}
}

// A run that was stopped ends as one that was not.
func TestUnlinkGoesOn(t *testing.T) {
	t.Parallel()
	rows := []linker.Fields{
		byID("r-1", "e-1"), byID("r-1", "e-1"), expecting("e-9", byID("r-1", "e-1")), expecting("e-9", byID("r-1", "e-2")), byID("r-1", "e-3"),
		byID("r-2", "e-2"), typed("LEAD", byID("r-3", "e-lead")), byID("r-4", "e-two"),
	}
	undisturbed := newWorld(t).imported(engine.Options{Rules: unlinking}, rows)
	w := newWorld(t)
	opt := engine.Options{Run: w.record(linker.Unlink), Rules: unlinking, Lanes: 1, BatchRows: 1}
	for first, stops := true, 0; ; first = false {
		x := w.begin(opt)
		if first {
			w.stage(x, rows)
		}
		w.plan(x, first)
		if diff := cmp.Diff(undisturbed, w.results(x)); diff != "" {
			t.Errorf("planned after %d stops (-undisturbed run +resumed):\n%s", stops, diff)
		}
		_, err := w.applyUntil(x, 1)
		if err == nil {
			if diff := cmp.Diff(undisturbed, w.results(x)); diff != "" {
				t.Errorf("done after %d stops (-undisturbed run +resumed):\n%s", stops, diff)
			}
			return
		}
		stops++
		x.Close()
	}
}
