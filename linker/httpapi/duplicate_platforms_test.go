package httpapi_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// withoutOthers removes all that belongs to other organizations than o-1.
const withoutOthers = `
	DELETE FROM recording_links WHERE recording_id IN (SELECT id FROM recordings WHERE organization_id <> 'o-1')
	    OR entity_id IN (SELECT e.id FROM crm_entities AS e JOIN integration_connections AS c ON c.id = e.integration_connection_id WHERE c.organization_id <> 'o-1');
	DELETE FROM crm_entities WHERE integration_connection_id IN (SELECT id FROM integration_connections WHERE organization_id <> 'o-1');
	DELETE FROM integration_connections WHERE organization_id <> 'o-1';
	DELETE FROM recordings WHERE organization_id <> 'o-1'`

// One of two servers also has another organization's rows. No caller of the
// first organization can tell the two apart, byte for byte, whatever it asks
// for and in whatever order.
func TestTwinServersCannotBeTold(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			full, alone := serve(t, setup{}), serve(t, setup{})
			const more = `
				INSERT INTO integration_connections (id, organization_id, platform, is_active) VALUES ('c-8', 'o-2', 'hubspot', true);
				INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, merged_into_id, deleted_at) VALUES
				    ('f-lead', 'LEAD', 'c-8', 'y-1', NULL, NULL), ('f-sf', 'OPPORTUNITY', 'c-9', '00630000001tcyIAAQ', NULL, NULL),
				    ('f-gone', 'ACCOUNT', 'c-9', 'y-2', NULL, now()), ('f-merged', 'ACCOUNT', 'c-9', 'y-3', 'f-1', NULL)`
			if _, err := full.conn.Exec(t.Context(), more); err != nil {
				t.Fatal(err)
			}
			// Old links across organizations cannot exist on a platform without
			// the other organization.
			for _, x := range []*service{full, alone} {
				if _, err := x.conn.Exec(t.Context(), "UPDATE crm_entities SET merged_into_id = 'nowhere' WHERE merged_into_id LIKE 'f-%' AND integration_connection_id LIKE 'c-_' AND id LIKE 'e-%'"); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := alone.conn.Exec(t.Context(), withoutOthers); err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(seed, 7))
			theirs := []string{"s-1", "s-2", "S-1", "f-1", "F-1", "f-lead", "f-sf", "f-gone", "f-merged", "y-1", "y-2", "Y-1", "c-8", "c-9", "C-9", "00630000001tcyI", "00630000001TCYIAAQ"}
			// Fewer than the near misses that an organization may see in a
			// minute.
			for n, r := range generate(rng, 100) {
				for _, field := range []*string{&r.RecordingID, &r.ID, &r.ExternalID, &r.IntegrationConnectionID} {
					if *field != "" && rng.IntN(3) == 0 {
						*field = theirs[rng.IntN(len(theirs))]
					}
				}
				body := map[string]string{}
				for name, value := range map[string]string{
					"dataType": r.DataType, "id": r.ID, "externalId": r.ExternalID, "integrationConnectionId": r.IntegrationConnectionID, "trigger": r.Trigger,
				} {
					if value != "" {
						body[name] = value
					}
				}
				encoded, err := json.Marshal(body)
				if err != nil {
					t.Fatal(err)
				}
				a := ask{
					method: []string{http.MethodPut, http.MethodPut, http.MethodDelete}[rng.IntN(3)], body: string(encoded),
					recording: strings.ReplaceAll(url.PathEscape(r.RecordingID), ".", "%2E"),
					header:    map[string]string{"X-Request-Id": fmt.Sprint("n-", n)},
				}
				with, without := full.do(a), alone.do(a)
				with.header.Del("Date")
				without.header.Del("Date")
				if with.status != without.status || with.body != without.body || fmt.Sprint(with.header) != fmt.Sprint(without.header) {
					t.Errorf("%s %s %s\nwith the other organization %d %s\nwithout it                 %d %s", a.method, a.recording, a.body, with.status, with.body, without.status, without.body)
				}
			}
		})
	}
}
