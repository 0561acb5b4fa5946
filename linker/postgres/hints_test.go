package postgres_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"relink/linker"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
)

// A near miss is looked for only where that is cheap: a caller with a list of
// wrong ids must not keep the database busy.
func TestHintsNeedAnIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
		SELECT 'many-' || n, 'ACCOUNT', 'c-1', 'many-' || n FROM generate_series(1, 300000) AS n;
		ANALYZE crm_entities`)
	one, err := engine.NewSingle(t.Context(), pg.Config{URL: w.url}, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(one.Close)
	ask := func() linker.Decision {
		t.Helper()
		r, _, err := one.Put(t.Context(), "o-1", linker.Check(byID("r-20", "E-5"), linker.Fields{}))
		if err != nil || r.Code != linker.EntityNotFound {
			t.Fatalf("Put = %+v, %v; want entity_not_found", r, err)
		}
		return r
	}
	if r := ask(); r.Detail != "" {
		t.Errorf("without an index: %q, want no hint", r.Detail)
	}
	w.exec(`
		CREATE INDEX ON crm_entities (ltrim(lower(id COLLATE "C"), '0'));
		CREATE INDEX ON crm_entities (ltrim(lower(external_id COLLATE "C"), '0'));
		CREATE INDEX ON crm_entities (lower(left(external_id, 15) COLLATE "C"));
		ANALYZE crm_entities`)
	if r := ask(); r.Detail != `"e-5" exists, which differs in letter case` {
		t.Errorf("with indexes: %q, want the hint", r.Detail)
	}
}

// However much one organization asks, it is told of a bounded number of near
// misses, and others of theirs.
func TestHintsHaveABudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, err := engine.NewSingle(t.Context(), pg.Config{URL: w.url}, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(one.Close)
	hinted := make(chan bool, 600)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 150 {
				r, _, err := one.Put(t.Context(), "o-1", linker.Check(byID("r-20", "E-5"), linker.Fields{}))
				if err != nil || r.Code != linker.EntityNotFound {
					t.Errorf("Put = %+v, %v; want entity_not_found", r, err)
				}
				hinted <- strings.Contains(r.Detail, "letter case")
			}
		})
	}
	group.Wait()
	close(hinted)
	hints := 0
	for h := range hinted {
		if h {
			hints++
		}
	}
	// 300, and those that a slow machine earns meanwhile.
	if hints == 0 || hints > 500 {
		t.Errorf("%d of 600 near misses were told, want about 300", hints)
	}
	r, _, err := one.Put(t.Context(), "o-2", linker.Check(byID("s-2", "F-1"), linker.Fields{}))
	if err != nil || !strings.Contains(r.Detail, "letter case") {
		t.Errorf("another organization: %+v, %v; want its hint", r, err)
	}
}

// PUT and DELETE judge what is said of a CRM row by one rule, whatever has
// become of it.
func TestDeleteJudgesTypeAndConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, merged_into_id, deleted_at) VALUES
		    ('d-merged', 'ACCOUNT', 'c-1', 'd-merged', 'e-1', NULL),
		    ('d-deleted', 'ACCOUNT', 'c-1', 'd-deleted', NULL, now()),
		    ('d-live', 'ACCOUNT', 'c-1', 'd-live', NULL, NULL)`)
	one, err := engine.NewSingle(t.Context(), pg.Config{URL: w.url}, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(one.Close)
	for i, id := range []string{"d-merged", "d-deleted", "d-live"} {
		recording := fmt.Sprintf("r-%d", 30+i)
		w.exec(fmt.Sprintf(`
			UPDATE recording_links SET cleared_at = clock_timestamp() WHERE recording_id = '%[1]s' AND cleared_at IS NULL;
			INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('%[1]s', 'ACCOUNT', '%[2]s', now())`, recording, id))
		for _, test := range []struct {
			dataType, connection string
			want                 linker.Code
		}{
			{"LEAD", "", linker.DataTypeMismatch},
			{"LEAD", "c-2", linker.DataTypeMismatch},
			{"ACCOUNT", "c-2", linker.ConnectionMismatch},
			{"ACCOUNT", "c-9", linker.ConnectionNotFound},
			{"ACCOUNT", "c-1", ""},
		} {
			row := linker.Fields{RecordingID: recording, ID: id, DataType: test.dataType, IntegrationConnectionID: test.connection}
			removed, r, err := one.Delete(t.Context(), "o-1", linker.Check(row, linker.Fields{}))
			if err != nil || r.Code != test.want || removed != (test.want == "") {
				t.Errorf("DELETE of %s as %s in %q: removed %v, %+v, %v; want %q", id, test.dataType, test.connection, removed, r, err, test.want)
			}
		}
	}
}
