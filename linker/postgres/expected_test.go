package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/postgres/engine"
)

// expecting is a row that is applied only while its recording is linked to the CRM
// row with this id.
func expecting(id string, f linker.Fields) linker.Fields {
	f.ExpectedEntityID = id
	return f
}

// expectingExternal is expecting for an id of the source CRM.
func expectingExternal(id string, f linker.Fields) linker.Fields {
	f.ExpectedExternalID = id
	return f
}

func TestDecisionExpects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT 'r-' || n, 'ACCOUNT', 'e-2', now() FROM generate_series(31, 35) AS n;
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT 'r-' || n, 'OPPORTUNITY', 'e-sf', now() FROM generate_series(41, 44) AS n`)
	notTo := func(id string) string { return "the recording is not linked to " + id + ", as the row expects" }
	const linked = "the recording is linked, and the row expects no link"
	decide(w, linker.Rules{}, []decision{
		{"linked as expected", expecting("e-1", byID("r-1", "e-3")), replaced("e-3", "e-1", "ACCOUNT")},
		{"linked to another", expecting("e-1", byID("r-2", "e-3")), saying(notTo("e-1"), kept("e-3", "e-2", "ACCOUNT"))},
		{"linked to the target already", expecting("e-1", byID("r-4", "e-two")), unchanged("e-two", "ACCOUNT")},
		{"not linked", expecting("e-1", byID("r-10", "e-3")), saying(notTo("e-1"), kept("e-3", "", ""))},
		{"no link, as expected", expecting("-", byID("r-11", "e-3")), created("e-3")},
		{"a link, and none is expected", expecting("-", byID("r-3", "e-3")), saying(linked, kept("e-3", "e-lead", "LEAD"))},
		{"no CRM row has the id", expecting("nobody", byID("r-31", "e-3")), saying(notTo("nobody"), kept("e-3", "e-2", "ACCOUNT"))},
		{"as expected by external id", expectingExternal("x-2", byID("r-31", "e-3")), replaced("e-3", "e-2", "ACCOUNT")},
		{"another external id", expectingExternal("x-1", byID("r-32", "e-3")), saying(notTo("x-1"), kept("e-3", "e-2", "ACCOUNT"))},
		{"an id is no external id", expectingExternal("e-2", byID("r-32", "e-3")), saying(notTo("e-2"), kept("e-3", "e-2", "ACCOUNT"))},
		{"an external id is no id", expecting("x-2", byID("r-32", "e-3")), saying(notTo("x-2"), kept("e-3", "e-2", "ACCOUNT"))},
		{"no external id, no link", expectingExternal("-", byID("r-12", "e-3")), created("e-3")},
		{"the Salesforce id in its short form", expectingExternal("70130000001tcyI", byID("r-41", "e-3")), replaced("e-3", "e-sf", "OPPORTUNITY")},
		{"the Salesforce id in capitals", expectingExternal("70130000001TCYIAAQ", byID("r-42", "e-3")), replaced("e-3", "e-sf", "OPPORTUNITY")},
		{"the short form of another case", expectingExternal("70130000001TCYI", byID("r-43", "e-3")), saying(notTo("70130000001TCYI"), kept("e-3", "e-sf", "OPPORTUNITY"))},
		{"a fault comes first", expecting("e-9", byID("r-33", "nope")), rejected(linker.EntityNotFound, "")},

		{"one of two that ask for different rows expects another link", expecting("e-1", byID("r-34", "e-3")), saying(notTo("e-1"), kept("e-3", "e-2", "ACCOUNT"))},
		{"and the other does it", expecting("e-2", byID("r-34", "e-4")), replaced("e-4", "e-2", "ACCOUNT")},
		{"one of two that ask for the same row expects another link", expecting("e-1", byID("r-35", "e-3")), saying(notTo("e-1"), kept("e-3", "e-2", "ACCOUNT"))},
		{"and the other does it, expecting nothing", byID("r-35", "e-3"), replaced("e-3", "e-2", "ACCOUNT")},
		{"both expect what is there and ask for different rows", expecting("-", byID("r-13", "e-3")), conflict("e-3", 0, 23)},
		{"both expect what is there and ask for different rows, too", expectingExternal("-", byID("r-13", "e-4")), conflict("e-4", 0, 22)},
	})
}

// What a person changes between the plan and the write is seen when it is written.
func TestExpectedHoldsWhenWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT 'r-' || n, 'ACCOUNT', 'e-2', now() FROM generate_series(31, 34) AS n`)
	rows := []linker.Fields{
		expecting("e-2", byID("r-31", "e-5")),           // linked to another
		expecting("e-2", byID("r-32", "e-5")),           // unlinked
		expecting("e-2", byID("r-33", "e-5")),           // linked to the target
		expectingExternal("x-2", byID("r-34", "e-5")),   // unlinked and linked again as it was
		expecting("-", byID("r-20", "e-5")),             // linked
		expecting("-", byID("r-21", "e-5")),             // nothing
		byID("r-22", "e-5"),                             // linked, and expects nothing
		expecting("e-1", in("c-1", byID("r-1", "e-5"))), // nothing
	}
	x := w.begin(engine.Options{Lanes: 1})
	w.stage(x, rows)
	w.plan(x, true)
	w.exec(`
		UPDATE recording_links SET cleared_at = now() WHERE recording_id IN ('r-31', 'r-32', 'r-33', 'r-34') AND cleared_at IS NULL;
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		VALUES ('r-31', 'ACCOUNT', 'e-9', now()), ('r-33', 'ACCOUNT', 'e-5', now()), ('r-34', 'ACCOUNT', 'e-2', now()),
		    ('r-20', 'ACCOUNT', 'e-9', now()), ('r-22', 'ACCOUNT', 'e-9', now())`)
	w.apply(x)
	const changed = "the link was changed while the run wrote, and is not what the row expects any more"
	want := []linker.Result{
		saying(changed, kept("e-5", "e-9", "ACCOUNT")),
		saying(changed, kept("e-5", "", "")),
		unchanged("e-5", "ACCOUNT"),
		replaced("e-5", "e-2", "ACCOUNT"),
		saying(changed, kept("e-5", "e-9", "ACCOUNT")),
		created("e-5"),
		replaced("e-5", "e-9", "ACCOUNT"),
		replaced("e-5", "e-1", "ACCOUNT"),
	}
	for i := range want {
		want[i].Row = int64(i + 1)
	}
	if diff := cmp.Diff(want, w.results(x)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	for recording, link := range map[string]string{"r-31": "e-9", "r-32": "", "r-20": "e-9"} {
		got := one[string](w, "SELECT coalesce(max(entity_id), '') FROM recording_links WHERE recording_id = $1 AND cleared_at IS NULL", recording)
		if got != link {
			t.Errorf("%s is linked to %q, want %q", recording, got, link)
		}
	}
}

// A resumed run judges the rows of a recording that it has changed by the link from
// before.
func TestExpectedIsJudgedByTheLinkBefore(t *testing.T) {
	t.Parallel()
	rows := []linker.Fields{
		expecting("e-1", byID("r-1", "e-3")),
		expecting("e-3", byID("r-1", "e-4")),         // the link that the run makes
		expectingExternal("x-9", byID("r-1", "e-3")), // the target that it makes
		expectingExternal("x-1", byID("r-1", "e-3")),
		byID("r-2", "e-3"),
	}
	undisturbed := newWorld(t).imported(engine.Options{}, rows)

	w := newWorld(t)
	opt := engine.Options{Run: w.record(linker.Import), Lanes: 1, BatchRows: 1}
	x := w.begin(opt)
	w.stage(x, rows)
	w.plan(x, true)
	if _, err := w.applyUntil(x, 1); err != nil && !errors.Is(err, linker.ErrStopped) && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	x.Close()
	x = w.begin(opt)
	w.plan(x, false)
	if diff := cmp.Diff(undisturbed, w.results(x)); diff != "" {
		t.Errorf("planned (-undisturbed run +resumed):\n%s", diff)
	}
	w.apply(x)
	if diff := cmp.Diff(undisturbed, w.results(x)); diff != "" {
		t.Errorf("done (-undisturbed run +resumed):\n%s", diff)
	}
	if got := []linker.Outcome{undisturbed[0].Outcome, undisturbed[1].Outcome, undisturbed[2].Outcome, undisturbed[3].Outcome}; !cmp.Equal(got,
		[]linker.Outcome{linker.Replaced, linker.Kept, linker.Kept, linker.Unchanged}) {
		t.Errorf("outcomes are %v", got)
	}
}
