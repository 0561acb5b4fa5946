package main

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/cmd/relink/exit"
)

// --if-changed compares states: what was written by a transaction that was open
// during the night, or under a clock that was set back, is a change.
func TestIfChangedComparesStates(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 20)
	w.accounts("c-1", 1, 30)
	w.accounts("c-2", 1, 30)
	w.link("c-1", 1, 10)
	path := w.file("links.csv", "c-1", pairs(1, 20)...)
	night := func() result {
		return w.must(exit.OK, "reconcile", "--connection", "c-1", "--follow-merges", "--if-changed", "--json", path)
	}
	skips := func(when string) {
		t.Helper()
		if got := night(); !strings.Contains(got.stdout, `"state": "skipped"`) {
			t.Errorf("%s it runs:\n%s", when, got.stdout)
		}
	}
	runs := func(when string) {
		t.Helper()
		if got := night(); strings.Contains(got.stdout, `"state": "skipped"`) {
			t.Errorf("%s it skips", when)
		}
	}
	runs("at first")
	skips("when nothing has changed")

	// relinked moves r-3 in a transaction that is open during a night.
	tx, err := pgx.Connect(t.Context(), w.url)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close(context.Background())
	do := func(sql string) {
		t.Helper()
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	do(`BEGIN;
		UPDATE recording_links SET cleared_at = now() WHERE recording_id = 'r-3' AND cleared_at IS NULL;
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-3', 'ACCOUNT', 'a-c-1-29', now())`)
	w.exec("UPDATE recording_links SET trigger = 'USER_LINK_WEB' WHERE recording_id = 'r-4' AND cleared_at IS NULL")
	runs("when a link has changed")
	do("COMMIT")
	runs("when a transaction that was open has committed")
	skips("when that was put right")

	for _, change := range []struct{ what, sql string }{
		{"a link is gone, by a clock that was set back", "UPDATE recording_links SET cleared_at = linked_at WHERE recording_id = 'r-5' AND cleared_at IS NULL"},
		{"a link is new, by a clock that was set back", "INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) SELECT 'r-21', 'ACCOUNT', 'a-c-1-21', '2020-01-01'"},
		{"a CRM row has another id", "UPDATE crm_entities SET external_id = 'old-21' WHERE id = 'a-c-1-21'"},
		{"a CRM row is merged", "UPDATE crm_entities SET merged_into_id = 'a-c-1-27' WHERE id = 'a-c-1-28'"},
		{"the merge is another one", "UPDATE crm_entities SET merged_into_id = 'a-c-1-26' WHERE id = 'a-c-1-28'"},
	} {
		w.exec(change.sql)
		runs("when " + change.what)
		skips("when nothing has changed after that")
	}
	w.exec("UPDATE recordings SET title = 'y'")
	skips("when something has changed that it does not look at")
}
