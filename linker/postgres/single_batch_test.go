package postgres_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
)

// One recording at a time must come to what a file comes to, down to the hints
// about near misses.
func TestSingleDecidesLikeAFile(t *testing.T) {
	t.Parallel()
	external := func(recording, dataType, connection, id string) linker.Fields {
		return linker.Fields{RecordingID: recording, DataType: dataType, IntegrationConnectionID: connection, ExternalID: id}
	}
	rows := []linker.Fields{
		byID("r-1", "e-1"), byID("r-2", "e-3"), byID("r-3", "e-1"), byID("r-10", "e-1"),
		byID("nope", "e-1"), byID("R-10", "e-1"), byID("7", "e-1"), byID("e-1", "e-1"), byID("r-gone", "e-1"), byID("s-1", "f-1"),
		byID("r-11", "nope"), byID("r-12", "f-1"), byID("r-13", "x-1"), byID("r-14", "e-lead"), byID("r-15", "e-deleted"),
		byID("r-16", "e-merged"), byID("r-17", "e-circle-1"), byID("r-18", "e-to-other"),
		external("r-19", "ACCOUNT", "c-1", "x-4"), external("r-20", "ACCOUNT", "c-nope", "x-4"), external("r-21", "ACCOUNT", "c-9", "x-1"),
		external("r-22", "ACCOUNT", "c-2", "x-1"), external("r-23", "CONTACT", "c-1", "x-1"), external("r-24", "ACCOUNT", "c-1", "X-1"),
		external("r-25", "CONTACT", "c-2", "123"), external("r-26", "ACCOUNT", "c-1", "e-1"), external("r-27", "LEAD", "c-2", "x-1"),
		external("r-28", "OPPORTUNITY", "c-1", "70130000001tcyI"), external("r-29", "OPPORTUNITY", "c-2", "70130000001TCYIAAQ"),
		external("r-30", "OPPORTUNITY", "c-1", "00130000001tcyI"),
		{RecordingID: "r-31", DataType: "ACCOUNT", ID: "e-1", IntegrationConnectionID: "c-2"},
		{RecordingID: "r-32", DataType: "ACCOUNT", ID: "e-1", IntegrationConnectionID: "c-1", Trigger: "USER_LINK_WEB"},
	}
	file, single := newWorld(t), newWorld(t)
	want := file.imported(engine.Options{Rules: linker.Rules{Organization: "o-1"}}, rows)

	one, err := engine.NewSingle(t.Context(), pg.Config{URL: single.url}, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(one.Close)
	for i, row := range rows {
		got, _, err := one.Put(t.Context(), "o-1", linker.Check(row, linker.Fields{}))
		if err != nil {
			t.Fatalf("row %d: %v", i+1, err)
		}
		if diff := cmp.Diff(want[i].Decision, got); diff != "" {
			t.Errorf("%+v (-file +single):\n%s", row, diff)
		}
	}
}

func TestSingleRemovesALinkToADeletedRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-40', 'ACCOUNT', 'e-deleted', now()), ('r-41', 'ACCOUNT', 'e-merged', now())")
	one, err := engine.NewSingle(t.Context(), pg.Config{URL: w.url}, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(one.Close)
	for recording, id := range map[string]string{"r-40": "e-deleted", "r-41": "e-merged"} {
		removed, r, err := one.Delete(t.Context(), "o-1", linker.Check(byID(recording, id), linker.Fields{}))
		if err != nil || !removed || r.Code != "" {
			t.Errorf("Delete of the link to %s = %v, %+v, %v; want true", id, removed, r, err)
		}
		removed, _, err = one.Delete(t.Context(), "o-1", linker.Check(byID(recording, id), linker.Fields{}))
		if err != nil || removed {
			t.Errorf("the second Delete of the link to %s = %v, %v; want false", id, removed, err)
		}
	}
}
