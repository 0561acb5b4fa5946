package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/httpapi"
)

// client makes a client without a limit that is not patient.
func client(t *testing.T, url string, change func(*httpapi.ClientConfig)) *httpapi.Client {
	t.Helper()
	cfg := httpapi.ClientConfig{URL: url, Token: "t", PerMinute: -1, Timeout: 300 * time.Millisecond, RetryTimeout: time.Second}
	if change != nil {
		change(&cfg)
	}
	c, err := httpapi.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// script is a server that gives the listed answers one after another, and then
// repeats the last one.
type script struct {
	mu      sync.Mutex
	answers []http.HandlerFunc
	asked   int
	at      []time.Time
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	next := s.answers[min(s.asked, len(s.answers)-1)]
	s.asked++
	s.at = append(s.at, time.Now())
	s.mu.Unlock()
	next(w, r)
}

// times is how often it was asked.
func (s *script) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// moments are when.
func (s *script) moments() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.at)
}

func says(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// closes ends the connection after it has read the request.
func closes(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// hangs answers only when the caller has lost patience.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// halfway breaks off in the middle of an answer.
func halfway(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "1000")
	io.WriteString(w, `{"data":`)
	panic(http.ErrAbortHandler)
}

const linkedAnswer = `{"data":{"id":"e-1","externalId":"x-1","dataType":"ACCOUNT","name":null,"lastActivityAt":null}}`

var row = linker.Fields{RecordingID: "r-1", DataType: "ACCOUNT", ID: "e-1"}

func TestClientUnderstands(t *testing.T) {
	t.Parallel()
	linked := linker.Decision{Outcome: linker.Linked, EntityID: "e-1"}
	problem := func(code, sentence string) string {
		return fmt.Sprintf(`{"error":%q,"details":{"code":%q,"errors":[]}}`, sentence, code)
	}
	rejected := func(code linker.Code, detail string) linker.Decision {
		return linker.Decision{Outcome: linker.Rejected, Code: code, Detail: detail}
	}
	failed := func(detail string) linker.Decision {
		return linker.Decision{Outcome: linker.Failed, Code: linker.ServerError, Detail: detail}
	}
	here := func(code linker.Code, detail string) string {
		return linker.Message(code, linker.Checked{Fields: row}, detail)
	}
	tests := []struct {
		name   string
		answer []http.HandlerFunc
		want   linker.Decision
		asked  int
	}{
		{"a server that says no more", []http.HandlerFunc{says(200, linkedAnswer)}, linked, 1},
		{"201", []http.HandlerFunc{says(201, linkedAnswer)}, linked, 1},
		{"204", []http.HandlerFunc{says(204, "")}, linker.Decision{Outcome: linker.Linked}, 1},
		{"created", []http.HandlerFunc{says(200, `{"data":{"id":"e-1"},"relink":{"outcome":"created","previousEntityId":null,"previousDataType":null}}`)}, linker.Decision{Outcome: linker.Created, EntityID: "e-1"}, 1},
		{
			"replaced",
			[]http.HandlerFunc{says(200, `{"data":{"id":"e-1"},"relink":{"outcome":"replaced","previousEntityId":"e-0","previousDataType":"LEAD"}}`)},
			linker.Decision{Outcome: linker.Replaced, EntityID: "e-1", PreviousEntityID: "e-0", PreviousDataType: "LEAD"},
			1,
		},
		{"an outcome that we do not know", []http.HandlerFunc{says(200, `{"data":{"id":"e-1"},"relink":{"outcome":"danced"}}`)}, linked, 1},
		{"a relink block of another shape", []http.HandlerFunc{says(200, `{"data":{"id":"e-1"},"relink":"yes"}`)}, linked, 1},

		{"404 without a word", []http.HandlerFunc{says(404, "")}, rejected(linker.NotFound, ""), 1},
		{"404 with a page", []http.HandlerFunc{says(404, "<html>404 page not found")}, rejected(linker.NotFound, ""), 1},
		{"404 with a sentence", []http.HandlerFunc{says(404, `{"error":"Recording not found"}`)}, rejected(linker.NotFound, "Recording not found"), 1},
		{"404 with a code", []http.HandlerFunc{says(404, problem("entity_not_found", here(linker.EntityNotFound, "")))}, rejected(linker.EntityNotFound, ""), 1},
		{"404 with a near miss", []http.HandlerFunc{says(404, problem("entity_not_found", here(linker.EntityNotFound, "exists in connection c-2")))}, rejected(linker.EntityNotFound, "exists in connection c-2"), 1},
		{"a detail before the remedy", []http.HandlerFunc{says(409, problem("locked", here(linker.Locked, "by the sync")))}, linker.Decision{Outcome: linker.Failed, Code: linker.Locked, Detail: "by the sync"}, 1},
		{"a code in other words", []http.HandlerFunc{says(404, problem("entity_deleted", "it is gone"))}, rejected(linker.EntityDeleted, "it is gone"), 1},
		{"422 with a code", []http.HandlerFunc{says(422, problem("invalid_trigger", "we have other triggers"))}, rejected(linker.InvalidTrigger, "we have other triggers"), 1},
		{"a code that we do not know", []http.HandlerFunc{says(422, problem("moon_phase", "not tonight"))}, failed("the server says 422 Unprocessable Entity: not tonight"), 1},
		{"409 without a code", []http.HandlerFunc{says(409, "")}, failed("the server says 409 Conflict"), 1},
		{"400", []http.HandlerFunc{says(400, `{"error":"line\nbreak"}`)}, failed("the server says 400 Bad Request: line break"), 1},
		{"an error of another shape", []http.HandlerFunc{says(400, `{"error":{"code":7}}`)}, failed("the server says 400 Bad Request"), 1},

		{"garbage", []http.HandlerFunc{says(200, "<html>\x00\xffhi")}, failed(`the server says 200 OK, but not what was linked: "<html> �hi"`), 1},
		{"nothing in 200", []http.HandlerFunc{says(200, "")}, failed("the server says 200 OK, but not what was linked: the answer is empty"), 1},
		{"JSON of something else", []http.HandlerFunc{says(200, `{"status":"ok"}`)}, failed(`the server says 200 OK, but not what was linked: "{\"status\":\"ok\"}"`), 1},

		{"500 once", []http.HandlerFunc{says(500, ""), says(200, linkedAnswer)}, linked, 2},
		{"503 twice", []http.HandlerFunc{says(503, ""), says(503, ""), says(200, linkedAnswer)}, linked, 3},
		{"408 once", []http.HandlerFunc{says(408, ""), says(200, linkedAnswer)}, linked, 2},
		{"closed after reading", []http.HandlerFunc{closes, says(200, linkedAnswer)}, linked, 2},
		{"closed in the middle of the answer", []http.HandlerFunc{halfway, says(200, linkedAnswer)}, linked, 2},
		{"no answer in time", []http.HandlerFunc{hangs, says(200, linkedAnswer)}, linked, 2},
		{"429 once", []http.HandlerFunc{says(429, ""), says(200, linkedAnswer)}, linked, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &script{answers: test.answer}
			c := client(t, listen(t, s, nil), func(cfg *httpapi.ClientConfig) { cfg.RetryTimeout = 10 * time.Second })
			got, err := c.Put(t.Context(), row)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			if s.times() != test.asked {
				t.Errorf("asked %d times, want %d", s.times(), test.asked)
			}
		})
	}
}

func TestClientGivesUpOnARow(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]struct {
		do   http.HandlerFunc
		want string
	}{
		"500 for ever":    {says(500, `{"error":"broken"}`), "the server says 500 Internal Server Error: broken"},
		"never an answer": {hangs, "the server did not answer in time"},
		"always closed":   {closes, "there was no answer: EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &script{answers: []http.HandlerFunc{answer.do}}
			// Long enough for a second request on a machine that is busy.
			c := client(t, listen(t, s, nil), func(cfg *httpapi.ClientConfig) { cfg.RetryTimeout = 3 * time.Second })
			got, err := c.Put(t.Context(), row)
			if err != nil || got.Outcome != linker.Failed || got.Code != linker.ServerError || got.Detail != answer.want {
				t.Errorf("Put = %+v, %v; want failed with %q", got, err, answer.want)
			}
			if s.times() < 2 {
				t.Errorf("asked %d times, want more than one", s.times())
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		got, err := client(t, "http://127.0.0.1:1", nil).Put(t.Context(), row)
		if err != nil || got.Code != linker.ServerError || !strings.Contains(got.Detail, "refused") {
			t.Errorf("Put = %+v, %v; want failed for a refused connection", got, err)
		}
	})
}

func TestClientStopsEverything(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"401":        says(401, `{"error":"who are you"}`),
		"403":        says(403, ""),
		"a redirect": says(307, "", "Location", "https://elsewhere.example/"),
		"405":        says(405, ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &script{answers: []http.HandlerFunc{answer}}
			_, err := client(t, listen(t, s, nil), nil).Put(t.Context(), row)
			var stop *httpapi.StopError
			if !errors.As(err, &stop) || stop.Hint() == "" {
				t.Errorf("Put: %v, want a StopError with a hint", err)
			}
			if s.times() != 1 {
				t.Errorf("asked %d times, want once", s.times())
			}
		})
	}
}

func TestClientStopsWhenEveryRowFails(t *testing.T) {
	t.Parallel()
	s := &script{answers: []http.HandlerFunc{says(200, "captive portal")}}
	c := client(t, listen(t, s, nil), func(cfg *httpapi.ClientConfig) { cfg.Connections = 1 })
	for n := 1; ; n++ {
		_, err := c.Put(t.Context(), row)
		var stop *httpapi.StopError
		if errors.As(err, &stop) {
			if n != 20 {
				t.Errorf("stopped at row %d, want 20", n)
			}
			return
		}
		if err != nil || n > 30 {
			t.Fatalf("row %d: %v, want a stop", n, err)
		}
	}
}

func TestClientHonoursRetryAfter(t *testing.T) {
	t.Parallel()
	s := &script{answers: []http.HandlerFunc{says(429, "", "Retry-After", "1"), says(200, linkedAnswer)}}
	// A second row, sent in the meantime, has to wait, too.
	c := client(t, listen(t, s, nil), func(cfg *httpapi.ClientConfig) { cfg.RetryTimeout = -1 })
	var group sync.WaitGroup
	group.Go(func() {
		if got, err := c.Put(t.Context(), row); err != nil || got.Outcome != linker.Linked {
			t.Errorf("Put = %+v, %v; want linked after the pause", got, err)
		}
	})
	time.Sleep(300 * time.Millisecond)
	group.Go(func() {
		if got, err := c.Put(t.Context(), row); err != nil || got.Outcome != linker.Linked {
			t.Errorf("Put = %+v, %v; want linked after the pause", got, err)
		}
	})
	group.Wait()
	if s.times() != 3 {
		t.Fatalf("asked %d times, want 3", s.times())
	}
	for _, at := range s.moments()[1:] {
		if pause := at.Sub(s.moments()[0]); pause < time.Second {
			t.Errorf("asked again after %v, want a second", pause)
		}
	}
}

func TestClientKeepsItsRate(t *testing.T) {
	t.Parallel()
	s := &script{answers: []http.HandlerFunc{says(200, linkedAnswer)}}
	c := client(t, listen(t, s, nil), func(cfg *httpapi.ClientConfig) { cfg.PerMinute = 1200 })
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 5 {
				if _, err := c.Put(t.Context(), row); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	// 19 pauses of 50 ms.
	if took := s.moments()[19].Sub(s.moments()[0]); took < 900*time.Millisecond || took > 3*time.Second {
		t.Errorf("20 requests took %v, want 950 ms", took)
	}
}

func TestClientEndsWithItsContext(t *testing.T) {
	t.Parallel()
	why := errors.New("enough")
	for name, answer := range map[string]http.HandlerFunc{
		"while it waits for an answer": hangs,
		"while it waits to try again":  says(503, "", "Retry-After", "100"),
		"while it is told to wait":     says(429, "", "Retry-After", "100"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client(t, listen(t, &script{answers: []http.HandlerFunc{answer}}, nil), func(cfg *httpapi.ClientConfig) {
				cfg.Timeout, cfg.RetryTimeout = time.Minute, 10*time.Minute
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(200*time.Millisecond, func() { cancel(why) })
			began := time.Now()
			_, err := c.Put(ctx, row)
			if !errors.Is(err, why) || time.Since(began) > 5*time.Second {
				t.Errorf("Put: %v after %v, want the cause at once", err, time.Since(began))
			}
		})
	}
}

// The server understands what the client sends, whatever is in the ids.
func TestClientAndServerAgree(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	c := client(t, x.url+"/", func(cfg *httpapi.ClientConfig) { cfg.Token, cfg.Timeout = x.token["o-1"], 10*time.Second })
	for _, id := range []string{"a/b", "..", ".", "a b", "ä", "a%20b", "a+b", "//", "?x=1", "#", "a\\b", `"`, "<&>", "日本", "💥"} {
		_, err := x.conn.Exec(t.Context(), `
			WITH r AS (INSERT INTO recordings (id, organization_id) VALUES ($1, 'o-1'))
			INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id) VALUES ('e ' || $1, 'LEAD', 'c-2', $1)`, id)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Put(t.Context(), linker.Fields{RecordingID: id, DataType: "LEAD", ExternalID: id, IntegrationConnectionID: "c-2", Trigger: "CRM_DEEPLINK"})
		want := linker.Decision{Outcome: linker.Created, EntityID: "e " + id}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", id, err, diff)
		}
	}
	got, err := c.Put(t.Context(), linker.Fields{RecordingID: "r-20", DataType: "OPPORTUNITY", ExternalID: "70130000001tcyI", IntegrationConnectionID: "c-1"})
	want := linker.Decision{Outcome: linker.Created, EntityID: "e-sf", Detail: "found as 70130000001tcyIAAQ"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("another form of the id: %v (-want +got):\n%s", err, diff)
	}
	got, err = c.Put(t.Context(), linker.Fields{RecordingID: "r-21", DataType: "ACCOUNT", ExternalID: "x-1", IntegrationConnectionID: "c-2"})
	want = linker.Decision{Outcome: linker.Rejected, Code: linker.EntityNotFound, Detail: `exists in connection "c-1"`}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("a near miss: %v (-want +got):\n%s", err, diff)
	}
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	for _, cfg := range []httpapi.ClientConfig{
		{URL: "", Token: "t"},
		{URL: "platform.example", Token: "t"},
		{URL: "ftp://h", Token: "t"},
		{URL: "https://", Token: "t"},
		{URL: "https://user:secret@h", Token: "t"},
		{URL: "https://h/?a=b", Token: "t"},
		{URL: "https://h", Token: ""},
		{URL: "https://h", Token: "a\nb"},
	} {
		if _, err := httpapi.NewClient(cfg); err == nil {
			t.Errorf("NewClient(%+v) was made", cfg)
		}
	}
}

// However an address is written, a token goes to another machine over TLS or
// not at all.
func TestParseAddress(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"https://platform.example":      "https://platform.example",
		" https://platform.example/ \n": "https://platform.example",
		"HTTPS://platform.example/a//":  "https://platform.example/a",
		"http://127.0.0.1:8080\r\n":     "http://127.0.0.1:8080",
		"\thttp://localhost":            "http://localhost",
		"http://[::1]:8080":             "http://[::1]:8080",

		"http://platform.example":             "unencrypted",
		" http://platform.example":            "unencrypted",
		"http://platform.example ":            "unencrypted",
		"http://platform.example\n":           "unencrypted",
		"\r\nHTTP://platform.example":         "unencrypted",
		"\u00a0http://platform.example":       "unencrypted",
		"\u2003http://platform.example\u2028": "unencrypted",
		"http://127.0.0.1.platform.example":   "unencrypted",
		"http://localhost.platform.example":   "unencrypted",
		"http://[::ffff:10.0.0.1]":            "unencrypted",
		"http://0.0.0.0":                      "unencrypted",
		"http://2130706433":                   "unencrypted",
		"\ufeffhttp://platform.example":       "is not the address",
		"\u200bhttp://platform.example":       "is not the address",
		"http://plat form.example":            "is not the address",
		"http:///127.0.0.1":                   "is not the address",
		"http:platform.example":               "is not the address",
		"//platform.example":                  "is not the address",
		"http://:8080":                        "is not the address",
		"":                                    "is not the address",
		" ":                                   "is not the address",
		"ftp://127.0.0.1":                     "is not the address",
		"http://127.0.0.1\t.platform.example": "is not the address",
		"http://127.0.0.1:80:90":              "is not the address",
		"http://127.0.0.1:99999":              "port",
		"http://127.0.0.1:0":                  "port",
		"https://user:hidden@h":               "without user",
		"http://127.0.0.1@platform.example":   "without user",
		"user:hidden@h":                       "is not the address",
		"https://user:hidden@h h":             "is not the address",
		"https://h?":                          "without user, ?",
		"https://h?a=b":                       "without user, ?",
		"https://h#a":                         "without user, ?",
	} {
		got, err := httpapi.ParseAddress(given, false)
		if strings.Contains(want, "://") {
			if err != nil || got != want {
				t.Errorf("ParseAddress(%q) = %q, %v; want %q", given, got, err, want)
			}
			continue
		}
		var hint *httpapi.AddressError
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") || !errors.As(err, &hint) || hint.Hint() == "" {
			t.Errorf("ParseAddress(%q) = %q, %v; want an error with %q and a hint", given, got, err, want)
		}
		if _, err := httpapi.NewClient(httpapi.ClientConfig{URL: given, Token: "t"}); err == nil {
			t.Errorf("a client was made for %q", given)
		}
	}
	if got, err := httpapi.ParseAddress(" http://platform.example ", true); err != nil || got != "http://platform.example" {
		t.Errorf("with leave: %q, %v; want the address", got, err)
	}
}

// A server that is not there, or does not know the operation, is found out by
// the first row.
func TestFirst(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string // "" for a server that is good
	}{
		"422":                      {says(422, `{"error":"dataType is missing","details":{"code":"missing_data_type"}}`), ""},
		"400":                      {says(400, `{"error":"bad request"}`), ""},
		"200":                      {says(200, linkedAnswer), ""},
		"404 with a code":          {says(404, `{"error":"x","details":{"code":"recording_not_found"}}`), ""},
		"404 with a sentence":      {says(404, `{"error":"Recording not found"}`), ""},
		"404 without a word":       {says(404, ""), "without /v1"},
		"404 with a page":          {says(404, "<html>404"), "without /v1"},
		"404 of Go":                {says(404, "404 page not found\n"), "without /v1"},
		"404 of another operation": {says(404, `{"error":"there is no such operation","details":{"code":"no_such_operation"}}`), "without /v1"},
		"404 of a framework":       {says(404, `{"statusCode":404,"message":"Cannot PUT /x","error":"Not Found"}`), "without /v1"},
		"404 without an error":     {says(404, `{"message":"no Route matched with those values"}`), "without /v1"},
		"405":                      {says(405, ""), "405"},
		"401":                      {says(401, ""), "401"},
		"301":                      {says(301, "", "Location", "https://elsewhere.example"), "elsewhere.example"},
		"TLS is wanted":            {says(400, "The plain HTTP request was sent to HTTPS port"), "speaks TLS"},
		"never an answer":          {hangs, "in time"},
	} {
		s := &script{answers: []http.HandlerFunc{test.answer}}
		got, err := client(t, listen(t, s, nil), nil).First(t.Context(), row)
		var stop *httpapi.StopError
		switch {
		case test.want == "" && (err != nil || got.Outcome == ""):
			t.Errorf("%s: %+v, %v, want a result", name, got, err)
		case test.want != "" && (!errors.As(err, &stop) || !strings.Contains(stop.Error()+stop.Hint(), test.want)):
			t.Errorf("%s: %v, want a StopError with %q", name, err, test.want)
		}
		if s.times() != 1 {
			t.Errorf("%s: asked %d times, want once", name, s.times())
		}
	}
	s := &script{answers: []http.HandlerFunc{says(503, ""), says(429, ""), says(200, linkedAnswer)}}
	got, err := client(t, listen(t, s, nil), func(cfg *httpapi.ClientConfig) { cfg.RetryTimeout = time.Minute }).First(t.Context(), row)
	if err != nil || got.Outcome != linker.Linked || s.times() != 3 {
		t.Errorf("a server that is busy: %+v, %v after %d requests; want that the row is tried again", got, err, s.times())
	}
}

// While rows are retried there is one notice for all of them, with the reason
// and the end.
func TestClientSaysThatItTriesAgain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"503 Service Unavailable: the \"database\"": says(503, `{"error":"the \"database\"\u001b[2J"}`),
		"429 Too Many Requests":                     says(429, "", "Retry-After", "1"),
		"there was no answer":                       closes,
	} {
		s := &script{answers: []http.HandlerFunc{answer, answer, answer, answer, says(200, linkedAnswer)}}
		var mu sync.Mutex
		var said []string
		c := client(t, listen(t, s, nil), func(cfg *httpapi.ClientConfig) {
			cfg.RetryTimeout = time.Minute
			cfg.Notice = func(text string) {
				mu.Lock()
				defer mu.Unlock()
				said = append(said, text)
			}
		})
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if _, err := c.Put(t.Context(), row); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if len(said) != 1 || !strings.Contains(said[0], name) || !strings.Contains(said[0], "; trying again until ") || strings.Contains(said[0], "\x1b") {
			t.Errorf("said %q, want one sentence with %q", said, name)
		}
	}
}

func TestClientSendsNoTokenElsewhere(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	other := listen(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }), nil)
	s := &script{answers: []http.HandlerFunc{says(308, "", "Location", other)}}
	if _, err := client(t, listen(t, s, nil), nil).Put(t.Context(), row); err == nil || reached.Load() {
		t.Errorf("Put: %v, other server reached: %v; want an error and no", err, reached.Load())
	}
}
