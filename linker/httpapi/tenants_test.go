package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Two organizations try to reach each other in every way. What belongs to the
// other must look, byte for byte, like what is not there.
func TestTenantsDoNotExistForEachOther(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	_, err := x.conn.Exec(t.Context(), `
		INSERT INTO integration_connections (id, organization_id, platform, is_active) VALUES ('c-8', 'o-2', 'hubspot', true);
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id) VALUES
		    ('f-2', 'LEAD', 'c-8', 'y-1'), ('f-sf', 'OPPORTUNITY', 'c-9', '00630000001tcyIAAQ'), ('f-own', 'ACCOUNT', 'c-9', 'e-99');
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, merged_into_id) VALUES
		    ('f-merged', 'ACCOUNT', 'c-9', 'y-merged', 'f-1'), ('e-into-other', 'ACCOUNT', 'c-1', 'x-into-other', 'f-1');
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('s-1', 'ACCOUNT', 'f-1', now())`)
	if err != nil {
		t.Fatal(err)
	}
	before := links(t, x.conn)
	byExternal := func(dataType, connection, id string) string {
		return fmt.Sprintf(`{"dataType":%q,"integrationConnectionId":%q,"externalId":%q}`, dataType, connection, id)
	}
	byID := func(dataType, id string) string { return fmt.Sprintf(`{"dataType":%q,"id":%q}`, dataType, id) }

	// theirs is tried as the first organization, nothing with an id of the same
	// form that does not exist.
	tests := []struct {
		name            string
		token           string
		theirs, nothing string // recordings
		body, absent    string
		swap            []string // ids of theirs, each followed by that of nothing
	}{
		{"their recording", "o-1", "s-1", "s-X", byID("ACCOUNT", "e-1"), byID("ACCOUNT", "e-1"), []string{"s-1", "s-X"}},
		{"their recording and CRM row", "o-1", "s-1", "s-X", byID("ACCOUNT", "f-1"), byID("ACCOUNT", "f-X"), []string{"s-1", "s-X", "f-1", "f-X"}},
		{"their recording in other letters", "o-1", "S-1", "S-X", byID("ACCOUNT", "e-1"), byID("ACCOUNT", "e-1"), []string{"S-1", "S-X"}},
		{"their CRM row", "o-1", "r-10", "r-10", byID("ACCOUNT", "f-1"), byID("ACCOUNT", "f-X"), []string{"f-1", "f-X"}},
		{"their CRM row of another type", "o-1", "r-10", "r-10", byID("CONTACT", "f-1"), byID("CONTACT", "f-X"), []string{"f-1", "f-X"}},
		{"their merged CRM row", "o-1", "r-10", "r-10", byID("ACCOUNT", "f-merged"), byID("ACCOUNT", "f-xxxxxx"), []string{"f-merged", "f-xxxxxx"}},
		{"the external id of their CRM row, as id", "o-1", "r-10", "r-10", byID("LEAD", "y-1"), byID("LEAD", "y-X"), []string{"y-1", "y-X"}},
		{"their connection", "o-1", "r-10", "r-10", byExternal("ACCOUNT", "c-9", "x-1"), byExternal("ACCOUNT", "c-X", "x-1"), []string{"c-9", "c-X"}},
		{"their connection with nothing in it", "o-1", "r-10", "r-10", byExternal("ACCOUNT", "c-9", "zz"), byExternal("ACCOUNT", "c-X", "zz"), []string{"c-9", "c-X"}},
		{"their connection beside an own id", "o-1", "r-10", "r-10", `{"dataType":"ACCOUNT","id":"e-1","integrationConnectionId":"c-9"}`, `{"dataType":"ACCOUNT","id":"e-1","integrationConnectionId":"c-X"}`, []string{"c-9", "c-X"}},
		{"an external id that only they have", "o-1", "r-10", "r-10", byExternal("LEAD", "c-1", "y-1"), byExternal("LEAD", "c-1", "y-X"), []string{"y-1", "y-X"}},
		{"in other letters", "o-1", "r-10", "r-10", byExternal("LEAD", "c-1", "Y-1"), byExternal("LEAD", "c-1", "Y-X"), []string{"Y-1", "Y-X"}},
		{"their Salesforce id, short", "o-1", "r-10", "r-10", byExternal("OPPORTUNITY", "c-1", "00630000001tcyI"), byExternal("OPPORTUNITY", "c-1", "00630000001tcyJ"), []string{"00630000001tcyI", "00630000001tcyJ"}},
		{"the other way: the recording", "o-2", "r-1", "r-X", byID("ACCOUNT", "f-1"), byID("ACCOUNT", "f-1"), []string{"r-1", "r-X"}},
		{"the other way: the CRM row", "o-2", "s-2", "s-2", byID("ACCOUNT", "e-1"), byID("ACCOUNT", "e-X"), []string{"e-1", "e-X"}},
		{"the other way: the connection", "o-2", "s-2", "s-2", byExternal("ACCOUNT", "c-1", "x-1"), byExternal("ACCOUNT", "c-X", "x-1"), []string{"c-1", "c-X"}},
		{"the other way: a deleted recording", "o-2", "r-gone", "r-xxxx", byID("ACCOUNT", "f-1"), byID("ACCOUNT", "f-1"), []string{"r-gone", "r-xxxx"}},
	}
	for _, test := range tests {
		for _, method := range []string{http.MethodPut, http.MethodDelete} {
			theirs := x.do(ask{method: method, token: test.token, recording: test.theirs, body: test.body})
			nothing := x.do(ask{method: method, token: test.token, recording: test.nothing, body: test.absent})
			if theirs.status != http.StatusNotFound {
				t.Errorf("%s of %s: %d %s, want 404", method, test.name, theirs.status, theirs.body)
			}
			if diff := cmp.Diff(nothing.body, strings.NewReplacer(test.swap...).Replace(theirs.body)); theirs.status != nothing.status || diff != "" {
				t.Errorf("%s of %s can be told from nothing (-nothing +theirs):\n%s", method, test.name, diff)
			}
		}
	}
	// An own CRM row that was merged into theirs does not reveal theirs.
	got := x.do(ask{recording: "r-10", body: byID("ACCOUNT", "e-into-other")})
	if got.status != http.StatusNotFound || got.code() != "entity_merged" || strings.Contains(got.body, "f-1") {
		t.Errorf("a row merged into another organization's: %d %s, want 404 entity_merged", got.status, got.body)
	}
	if diff := cmp.Diff(before, links(t, x.conn)); diff != "" {
		t.Errorf("links have changed (-before +after):\n%s", diff)
	}
}
