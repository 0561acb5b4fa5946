package postgres_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/expand"
)

// pair is a row of a map between two connections.
func pair(from, dataType, externalID, to, newDataType, newExternalID string) linker.Pair {
	return linker.Pair{
		Old: linker.Fields{DataType: dataType, ExternalID: externalID, IntegrationConnectionID: from},
		New: linker.Fields{DataType: newDataType, ExternalID: newExternalID, IntegrationConnectionID: to},
	}
}

// remapped is what a map comes to.
type remapped struct {
	rows     []linker.MapRow
	links    []linker.Fields
	unmapped []string // recordings
	totals   linker.MapTotals
}

// remap expands a map, whose rows are numbered from 1, the first on line 2.
func (w *world) remap(o expand.RemapOptions, pairs []linker.Pair) (r remapped) {
	w.t.Helper()
	if o.Run == 0 {
		o.Run = w.record(linker.Import)
	}
	var links, unmapped bytes.Buffer
	i := 0
	var err error
	r.totals, err = expand.Remap(w.t.Context(), w.store, o, func(p *linker.Pair) error {
		if i == len(pairs) {
			return io.EOF
		}
		*p = pairs[i]
		i++
		p.Row, p.Line = int64(i), int64(i+1)
		return nil
	}, expand.RemapFiles{Links: &links, Unmapped: &unmapped, Row: func(row *linker.MapRow) error {
		r.rows = append(r.rows, *row)
		return nil
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	r.links = w.fields(&links)
	for _, f := range w.fields(&unmapped) {
		r.unmapped = append(r.unmapped, f.RecordingID)
	}
	if left := one[int](w, "SELECT count(*) FROM pg_class WHERE relnamespace = 'relink'::regnamespace AND relname LIKE format('run\\_%s\\_%%', $1::bigint)", o.Run); left > 0 {
		w.t.Errorf("%d working tables are left", left)
	}
	return r
}

// fields reads rows of an import.
func (w *world) fields(from io.Reader) (rows []linker.Fields) {
	w.t.Helper()
	records, err := csv.NewReader(from).ReadAll()
	if err != nil || len(records) == 0 {
		w.t.Fatalf("a file of links without a header, or %v", err)
	}
	for _, record := range records[1:] {
		var f linker.Fields
		for i, name := range records[0] {
			field, ok := linker.ParseField(name)
			if !ok {
				w.t.Fatalf("column %q", name)
			}
			*f.At(field) = record[i]
		}
		rows = append(rows, f)
	}
	return rows
}

// told shows the rows of a map: what is wrong with each, or how many links it moves.
func (r *remapped) told() (lines []string) {
	for _, row := range r.rows {
		line := fmt.Sprintf("%s > %s: %d", row.EntityID, row.NewEntityID, row.Links)
		if row.Code != "" {
			line += " " + string(row.Code)
		}
		if row.Message != "" {
			line += " (" + row.Message + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestRemap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at) VALUES
		    ('r-11', 'ACCOUNT', 'e-1', 'CALENDAR_MATCH', now()), ('r-12', 'ACCOUNT', 'e-3', NULL, now()), ('r-13', 'ACCOUNT', 'e-4', NULL, now()),
		    ('r-14', 'ACCOUNT', 'e-5', 'homemade', now()), ('r-15', 'OPPORTUNITY', 'e-sf', NULL, now()), ('r-16', 'ACCOUNT', 'e-merged', NULL, now()),
		    ('r-17', 'ACCOUNT', 'e-6', NULL, now()), ('r-gone', 'ACCOUNT', 'e-1', NULL, now()), ('s-1', 'ACCOUNT', 'f-1', NULL, now());
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
		SELECT 'n-' || n, 'ACCOUNT', 'c-2', 'y-' || n FROM generate_series(1, 9) AS n`)
	account := func(id, newID string) linker.Pair { return pair("c-1", "ACCOUNT", id, "c-2", "ACCOUNT", newID) }
	fault := linker.Pair{Fault: &linker.RowError{Code: linker.MissingDataType, Message: "no type"}}
	got := w.remap(expand.RemapOptions{From: "c-1"}, []linker.Pair{
		account("x-1", "y-1"),
		account("x-2", "y-1"),                        // two into one
		account("x-3", "y-3"), account("x-3", "y-4"), // one into two
		account("x-4", "y-4"), account("x-4", "y-4"), // the same twice
		account("x-5", "y-nowhere"),
		account("x-nowhere", "y-5"),
		account("x-nothing", "y-nothing"),
		pair("c-1", "LEAD", "x-lead", "c-2", "ACCOUNT", "y-2"), // a lead is converted
		pair("c-1", "OPPORTUNITY", "70130000001tcyI", "c-2", "OPPORTUNITY", "70130000001tcyIAAQ"), // found in other forms
		account("x-merged", "y-6"),
		account("x-7", "y-7"),                                  // no link
		pair("c-9", "ACCOUNT", "x-1", "c-2", "ACCOUNT", "y-8"), // another organization's
		pair("nowhere", "ACCOUNT", "x-1", "c-2", "ACCOUNT", "y-8"),
		fault,
	})
	want := []string{
		"e-1 > n-1: 3",
		"e-2 > n-1: 1",
		"e-3 > n-3: 1 conflicting_rows (another row of the map, on line 5, has another new row for e-3)",
		"e-3 > n-4: 0 conflicting_rows (another row of the map, on line 4, has another new row for e-3)",
		"e-4 > n-4: 1",
		"e-4 > n-4: 0 (the same as line 6)",
		"e-5 > : 1 entity_not_found (new row: connection c-2 has no ACCOUNT with the externalId y-nowhere)",
		" > n-5: 0 entity_not_found (old row: connection c-1 has no ACCOUNT with the externalId x-nowhere)",
		" > : 0 entity_not_found (old row: connection c-1 has no ACCOUNT with the externalId x-nothing; new row: connection c-2 has no ACCOUNT with the externalId y-nothing)",
		"e-lead > n-2: 1",
		"e-sf > e-sf15: 1 (old row found as 70130000001tcyIAAQ; new row found as 70130000001tcyI)",
		"e-merged > n-6: 1",
		"e-7 > n-7: 0",
		"f-1 > n-8: 1 organization_mismatch (the two rows belong to different organizations)",
		" > n-8: 0 connection_not_found (old row: no connection has the id nowhere)",
		" > : 0 missing_data_type (no type)",
	}
	if diff := cmp.Diff(want, got.told()); diff != "" {
		t.Errorf("map (-want +got):\n%s", diff)
	}
	moved := func(recording, dataType, id, trigger, expected string) linker.Fields {
		return linker.Fields{RecordingID: recording, DataType: dataType, ID: id, Trigger: trigger, ExpectedEntityID: expected}
	}
	if diff := cmp.Diff([]linker.Fields{
		moved("r-1", "ACCOUNT", "n-1", "", "e-1"), moved("r-11", "ACCOUNT", "n-1", "CALENDAR_MATCH", "e-1"), moved("r-gone", "ACCOUNT", "n-1", "", "e-1"),
		moved("r-2", "ACCOUNT", "n-1", "USER_LINK_WEB", "e-2"),
		moved("r-13", "ACCOUNT", "n-4", "", "e-4"),
		moved("r-3", "ACCOUNT", "n-2", "CALENDAR_MATCH", "e-lead"),
		moved("r-15", "OPPORTUNITY", "e-sf15", "", "e-sf"),
		moved("r-16", "ACCOUNT", "n-6", "", "e-merged"),
	}, got.links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"r-17"}, got.unmapped); diff != "" {
		t.Errorf("unmapped (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(linker.MapTotals{Rows: 16, Used: 6, Unused: 2, Refused: 8, Links: 8, RefusedLinks: 3, Unmapped: 1}, got.totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	if n := strings.Count(fmt.Sprint(w.imported(engine.Options{}, got.links)), "replaced"); n != 7 { // r-gone is deleted
		t.Errorf("%d links were moved, want 7", n)
	}
}
