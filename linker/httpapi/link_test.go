package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEveryStatus(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	described := openAPI(t, x)
	const good = `{"dataType":"ACCOUNT","id":"e-1"}`
	tests := []struct {
		name   string
		ask    ask
		status int
		code   string
	}{
		{"a new link", ask{recording: "r-10", body: good}, 200, ""},
		{"by external id, in small letters, with a trigger", ask{recording: "r-11", body: `{"dataType":"account","externalId":" x-2 ","integrationConnectionId":"c-1","trigger":"crm_deeplink"}`}, 200, ""},
		{"null and empty are absent", ask{recording: "r-12", body: `{"dataType":"ACCOUNT","id":"e-1","externalId":null,"trigger":""}`}, 200, ""},
		{"with a charset", ask{recording: "r-13", body: good, header: map[string]string{"Content-Type": "application/json; charset=utf-8"}}, 200, ""},
		{"a link to remove", ask{method: "DELETE", recording: "r-10", body: good}, 200, ""},
		{"no link to remove", ask{method: "DELETE", recording: "r-10", body: good}, 200, ""},

		{"no token", ask{token: "none", recording: "r-10", body: good}, 401, "unauthorized"},
		{"a wrong token", ask{token: "none", recording: "r-10", body: good, header: map[string]string{"x-siro-auth-token": "rlk_wrong"}}, 401, "unauthorized"},
		{"an empty token", ask{token: "none", recording: "r-10", body: good, header: map[string]string{"x-siro-auth-token": " "}}, 401, "unauthorized"},
		{"the hash instead of the token", ask{token: "none", recording: "r-10", body: good, header: map[string]string{"x-siro-auth-token": x.hash()}}, 401, "unauthorized"},
		{"a bearer token", ask{token: "none", recording: "r-10", body: good, header: map[string]string{"Authorization": "Bearer " + x.token["o-1"]}}, 401, "unauthorized"},
		{"remove without a token", ask{method: "DELETE", token: "none", recording: "r-10", body: good}, 401, "unauthorized"},

		{"no such recording", ask{recording: "nope", body: good}, 404, "recording_not_found"},
		{"a deleted recording", ask{recording: "r-gone", body: good}, 404, "recording_deleted"},
		{"no such CRM row", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"nope"}`}, 404, "entity_not_found"},
		{"no such connection", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","externalId":"x-1","integrationConnectionId":"nope"}`}, 404, "connection_not_found"},
		{"a deleted CRM row", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-deleted"}`}, 404, "entity_deleted"},
		{"a merged CRM row", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-merged"}`}, 404, "entity_merged"},
		{"an id that looks damaged and is not there", ask{recording: "1E5", body: good}, 404, "spreadsheet_damaged_id"},
		{"remove from no such recording", ask{method: "DELETE", recording: "nope", body: good}, 404, "recording_not_found"},
		{"another path", ask{path: "/v1/core/recordings/r-10", body: good}, 404, "no_such_operation"},

		{"another method", ask{method: "PATCH", recording: "r-10", body: good}, 405, "method_not_allowed"},
		{"a body that is too large", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"` + strings.Repeat("x", 64<<10) + `"}`}, 413, "body_too_large"},
		{"remove with a body that is too large", ask{method: "DELETE", recording: "r-10", body: strings.Repeat(" ", 64<<10+1)}, 413, "body_too_large"},
		{"no content type", ask{recording: "r-10", body: good, header: map[string]string{"Content-Type": ""}}, 415, "unsupported_media_type"},
		{"a form", ask{recording: "r-10", body: good, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415, "unsupported_media_type"},
		{"a compressed body", ask{recording: "r-10", body: good, header: map[string]string{"Content-Encoding": "gzip"}}, 415, "unsupported_media_type"},

		{"both ids", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1","externalId":"x-1","integrationConnectionId":"c-1"}`}, 422, "id_and_external_id"},
		{"neither id", ask{recording: "r-10", body: `{"dataType":"ACCOUNT"}`}, 422, "missing_target"},
		{"no connection", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","externalId":"x-1"}`}, 422, "missing_connection_id"},
		{"no type", ask{recording: "r-10", body: `{"id":"e-1"}`}, 422, "missing_data_type"},
		{"a type that is none", ask{recording: "r-10", body: `{"dataType":"DEAL","id":"e-1"}`}, 422, "invalid_data_type"},
		{"a trigger that is none", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1","trigger":"ME"}`}, 422, "invalid_trigger"},
		{"an id that is damaged", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"1.23E+17"}`}, 422, "spreadsheet_damaged_id"},
		{"an id that is too long", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"` + strings.Repeat("x", 256) + `"}`}, 422, "field_too_long"},
		{"an empty recording", ask{recording: "%20", body: good}, 422, "missing_recording_id"},
		{"no recording", ask{recording: "", body: good}, 422, "missing_recording_id"},
		{"a recording with a NUL", ask{recording: "r%00", body: good}, 422, "invalid_encoding"},
		{"a recording that is no UTF-8", ask{recording: "r%ff", body: good}, 422, "invalid_encoding"},
		{"an unknown key", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1","extra":1}`}, 422, "malformed_row"},
		{"a key in other letters", ask{recording: "r-10", body: `{"DataType":"ACCOUNT","id":"e-1"}`}, 422, "malformed_row"},
		{"a key twice", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1","id":"e-2"}`}, 422, "malformed_row"},
		{"a number for text", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":12}`}, 422, "malformed_row"},
		{"a list", ask{recording: "r-10", body: `[` + good + `]`}, 422, "malformed_row"},
		{"two objects", ask{recording: "r-10", body: good + good}, 422, "malformed_row"},
		{"half an object", ask{recording: "r-10", body: good[:20]}, 422, "malformed_row"},
		{"no JSON", ask{recording: "r-10", body: `dataType=ACCOUNT`}, 422, "malformed_row"},
		{"nothing", ask{recording: "r-10"}, 422, "malformed_row"},
		{"a deep nest", ask{recording: "r-10", body: `{"id":` + strings.Repeat("[", 30000)}, 422, "malformed_row"},
		{"text that is no UTF-8", ask{recording: "r-10", body: "{\"dataType\":\"ACCOUNT\",\"id\":\"\xff\"}"}, 422, "invalid_encoding"},
		{"half a surrogate pair", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"\ud800"}`}, 422, "invalid_encoding"},
		{"a NUL", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e\u0000"}`}, 422, "invalid_encoding"},
		{"another type than the row's", ask{recording: "r-10", body: `{"dataType":"CONTACT","id":"e-1"}`}, 422, "data_type_mismatch"},
		{"another connection than the row's", ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1","integrationConnectionId":"c-2"}`}, 422, "connection_mismatch"},
		{"remove with both ids", ask{method: "DELETE", recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1","externalId":"x-1","integrationConnectionId":"c-1"}`}, 422, "id_and_external_id"},
	}
	for _, test := range tests {
		got := x.do(test.ask)
		if got.status != test.status || got.code() != test.code {
			t.Errorf("%s: %d %q, want %d %q: %s", test.name, got.status, got.code(), test.status, test.code, got.body)
		}
		if got.header.Get("X-Request-Id") == "" || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: header %v, want a request id and JSON", test.name, got.header)
		}
		described.holds(t, test.ask.method, got)
	}
}

// hash is the first hash of the tokens file.
func (x *service) hash() string {
	_, hash, _ := strings.Cut(x.tokensText(), ":")
	return strings.Fields(hash)[0]
}

func TestAnswersHaveTheirExactShape(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	if _, err := x.conn.Exec(t.Context(), "UPDATE crm_entities SET last_activity_at = '2026-01-02 03:04:05+00' WHERE id = 'e-3'"); err != nil {
		t.Fatal(err)
	}
	const one, three = `{"dataType":"ACCOUNT","id":"e-1"}`, `{"dataType":"ACCOUNT","id":"e-3"}`
	steps := []struct{ method, body, want string }{
		{"PUT", one, `{"data":{"id":"e-1","externalId":"x-1","dataType":"ACCOUNT","name":"Account 1","lastActivityAt":null},"relink":{"outcome":"created","previousEntityId":null,"previousDataType":null}}`},
		{"PUT", three, `{"data":{"id":"e-3","externalId":"x-3","dataType":"ACCOUNT","name":"Account 3","lastActivityAt":"2026-01-02T03:04:05Z"},"relink":{"outcome":"replaced","previousEntityId":"e-1","previousDataType":"ACCOUNT"}}`},
		{"PUT", three, `{"data":{"id":"e-3","externalId":"x-3","dataType":"ACCOUNT","name":"Account 3","lastActivityAt":"2026-01-02T03:04:05Z"},"relink":{"outcome":"unchanged","previousEntityId":"e-3","previousDataType":"ACCOUNT"}}`},
		{"PUT", `{"dataType":"LEAD","id":"e-lead"}`, `{"data":{"id":"e-lead","externalId":"x-lead","dataType":"LEAD","name":null,"lastActivityAt":null},"relink":{"outcome":"replaced","previousEntityId":"e-3","previousDataType":"ACCOUNT"}}`},
		{"DELETE", three, `{"data":false}`},
		{"DELETE", `{"dataType":"LEAD","id":"e-lead"}`, `{"data":true}`},
		{"PUT", `{"dataType":"Deal","extra":"x"}`, `{"error":"the key \"extra\" is unknown; the keys are dataType, id, externalId, integrationConnectionId, trigger; dataType \"Deal\" is unknown; write OPPORTUNITY if that is what is meant; id and externalId are both missing; give the one that names the CRM row","details":{"code":"malformed_row","errors":[{"code":"malformed_row","message":"the key \"extra\" is unknown; the keys are dataType, id, externalId, integrationConnectionId, trigger"},{"code":"invalid_data_type","message":"dataType \"Deal\" is unknown; write OPPORTUNITY if that is what is meant"},{"code":"missing_target","message":"id and externalId are both missing; give the one that names the CRM row"}]}}`},
	}
	for _, s := range steps {
		got := x.do(ask{method: s.method, recording: "r-20", body: s.body})
		if diff := cmp.Diff(s.want+"\n", got.body); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", s.method, s.body, diff)
		}
	}
}

func TestIDsMayHoldAnything(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	for escaped, id := range map[string]string{
		"a%2Fb": "a/b", "%2E%2E": "..", "%2E": ".", "a%20b": "a b", "%C3%A4": "ä", "a%2520b": "a%20b", "a+b": "a+b", "%2F%2F": "//", "a;b": "a;b",
	} {
		if _, err := x.conn.Exec(t.Context(), "INSERT INTO recordings (id, organization_id) VALUES ($1, 'o-1')", id); err != nil {
			t.Fatal(err)
		}
		got := x.do(ask{recording: escaped, body: `{"dataType":"ACCOUNT","id":"e-1"}`})
		if got.status != http.StatusOK {
			t.Errorf("recording %q as %s: %d %s", id, escaped, got.status, got.body)
		}
	}
}

func TestWaitingForALockEnds(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	described := openAPI(t, x)
	tx, err := x.conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), "SELECT FROM recording_links WHERE recording_id = 'r-1' FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	for _, a := range []ask{
		{recording: "r-1", body: `{"dataType":"ACCOUNT","id":"e-2"}`},
		{method: "DELETE", recording: "r-1", body: `{"dataType":"ACCOUNT","id":"e-1"}`},
	} {
		got := x.do(a)
		if got.status != http.StatusConflict || got.code() != "locked" {
			t.Errorf("%s of a locked link: %d %s, want 409 locked", a.method, got.status, got.body)
		}
		described.holds(t, a.method, got)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := x.do(ask{recording: "r-1", body: `{"dataType":"ACCOUNT","id":"e-2"}`}); got.status != http.StatusOK {
		t.Errorf("after the lock: %d %s, want 200", got.status, got.body)
	}
}

func TestDatabaseRefusal(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	const rule = `
		CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'recording is under legal hold'; END $$;
		CREATE TRIGGER hold BEFORE INSERT OR UPDATE ON recording_links FOR EACH ROW EXECUTE FUNCTION hold()`
	if _, err := x.conn.Exec(t.Context(), rule); err != nil {
		t.Fatal(err)
	}
	for _, a := range []ask{
		{recording: "r-1", body: `{"dataType":"ACCOUNT","id":"e-2"}`},
		{method: "DELETE", recording: "r-1", body: `{"dataType":"ACCOUNT","id":"e-1"}`},
	} {
		got := x.do(a)
		if got.status != http.StatusConflict || got.code() != "database_refused" || strings.Contains(got.body, "legal hold") {
			t.Errorf("%s: %d %s, want 409 without the trigger's text", a.method, got.status, got.body)
		}
	}
	if n := strings.Count(x.log.String(), "legal hold"); n != 2 {
		t.Errorf("the log has the trigger's text %d times, want 2:\n%s", n, x.log)
	}
	if got := links(t, x.conn)["r-1"]; got != "e-1" {
		t.Errorf("r-1 is linked to %q, want e-1 as before", got)
	}
}

func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	way := &breaker{}
	x := serve(t, setup{dial: way})
	described := openAPI(t, x)
	put := ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1"}`}
	if got := x.do(put); got.status != http.StatusOK {
		t.Fatalf("before: %d %s", got.status, got.body)
	}
	way.set(true)
	for _, a := range []ask{put, {method: "DELETE", recording: "r-10", body: put.body}} {
		got := x.do(a)
		if got.status != http.StatusServiceUnavailable || got.code() != "unavailable" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s without a database: %d %v %s, want 503 with Retry-After", a.method, got.status, got.header, got.body)
		}
		described.holds(t, a.method, got)
		if strings.Contains(got.body, "127.0.0.1") || strings.Contains(got.body, "connect") {
			t.Errorf("the caller is told of the inside: %s", got.body)
		}
	}
	if got := x.do(ask{method: "GET", operator: true, path: "/readyz"}); got.status != http.StatusServiceUnavailable {
		t.Errorf("/readyz without a database: %d, want 503", got.status)
	}
	if got := x.do(ask{method: "GET", path: "/healthz"}); got.status != http.StatusOK {
		t.Errorf("/healthz without a database: %d, want 200", got.status)
	}
	way.set(false)
	deadline := time.Now().Add(10 * time.Second)
	for x.do(put).status != http.StatusOK {
		if time.Now().After(deadline) {
			t.Fatal("no link 10 s after the database is back")
		}
	}
}

func TestBrokenDatabaseIsAFault(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	if _, err := x.conn.Exec(t.Context(), "ALTER TABLE recordings RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	got := x.do(ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1"}`})
	if got.status != http.StatusInternalServerError || strings.Contains(got.body, "recordings") {
		t.Errorf("without a table: %d %s, want 500 that tells nothing", got.status, got.body)
	}
	openAPI(t, x).holds(t, "PUT", got)
	if !strings.Contains(x.log.String(), `relation \"public.recordings\" does not exist`) {
		t.Error("the log does not say why")
	}
}

func TestLogTellsNoSecrets(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	x.do(ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-secret"}`, header: map[string]string{"X-Request-Id": "mine-1"}})
	x.do(ask{recording: "r-10", body: `{"dataType":"secret"`, header: map[string]string{"X-Request-Id": "bad id\n"[:6]}})
	x.do(ask{token: "none", recording: "r-10", body: `{"secret":1}`, header: map[string]string{"x-siro-auth-token": "rlk_guess"}})
	log := x.log.String()
	for _, secret := range append(x.tokenTexts(), "secret", "rlk_guess", x.hash()) {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
	var line map[string]any
	first, _, _ := strings.Cut(log, "\n")
	if err := json.Unmarshal([]byte(first), &line); err != nil {
		t.Fatal(err)
	}
	if line["id"] != "mine-1" || line["status"] != 404.0 || line["code"] != "entity_not_found" || line["token"] != x.hash()[:8] {
		t.Errorf("the line is %v, want id mine-1, status, code and the token's name", line)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	x.do(ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1"}`})
	x.do(ask{recording: "nope", body: `{"dataType":"ACCOUNT","id":"e-1"}`})
	x.do(ask{method: "BREW", path: "/coffee/1"})
	got := x.do(ask{method: "GET", operator: true, path: "/metrics", token: "none"})
	for _, want := range []string{
		"# TYPE relink_http_requests_total counter\n",
		`relink_http_requests_total{method="PUT",path="/v1/core/recordings/{id}/link",status="200"} 1` + "\n",
		`relink_http_requests_total{method="other",path="other",status="404"} 1` + "\n",
		`relink_outcomes_total{outcome="created",code=""} 1` + "\n",
		`relink_outcomes_total{outcome="rejected",code="recording_not_found"} 1` + "\n",
		"relink_http_requests_in_flight 1\n",
		`relink_http_request_duration_seconds_bucket{le="+Inf"} 3` + "\n",
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("/metrics lacks %s in\n%s", want, got.body)
		}
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	if got := x.do(ask{method: "GET", operator: true, path: "/readyz", token: "none"}); got.status != http.StatusOK || got.body != "ok\n" {
		t.Errorf("/readyz: %d %q, want 200 ok", got.status, got.body)
	}
	x.handler.Drain()
	if got := x.do(ask{method: "GET", operator: true, path: "/readyz", token: "none"}); got.status != http.StatusServiceUnavailable {
		t.Errorf("/readyz while stopping: %d, want 503", got.status)
	}
	if got := x.do(ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1"}`}); got.status != http.StatusOK {
		t.Errorf("a request while stopping: %d, want 200", got.status)
	}
}
