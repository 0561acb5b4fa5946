package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"relink/linker/webhook"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// receiver answers with the handlers, one after another, repeating the last,
// and keeps what arrives.
type receiver struct {
	mu       sync.Mutex
	handlers []http.HandlerFunc
	bodies   []string
	headers  []http.Header
	times    []time.Time
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	r.bodies, r.headers, r.times = append(r.bodies, string(body)), append(r.headers, request.Header), append(r.times, time.Now())
	h := r.handlers[min(len(r.bodies), len(r.handlers))-1]
	r.mu.Unlock()
	h(w, request)
}

func answer(status int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, "because <of> this\nand more")
	}
}

func start(t *testing.T, handlers ...http.HandlerFunc) (*receiver, string) {
	t.Helper()
	r := &receiver{handlers: handlers}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, server.URL + "/hooks/s3cr3t"
}

// The scheme's own library verifies what is sent, for each attempt.
func TestMessagesAreSigned(t *testing.T) {
	t.Parallel()
	r, url := start(t, answer(503), answer(204))
	s, err := webhook.New(webhook.Config{URL: url, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), webhook.Message{ID: "m-1", Body: []byte(`{"a":"é"}`)}); err != nil {
		t.Fatal(err)
	}
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	for i, body := range r.bodies {
		if err := verifier.Verify([]byte(body), r.headers[i]); err != nil {
			t.Errorf("attempt %d: %v", i+1, err)
		}
		if r.headers[i].Get("webhook-id") != "m-1" || r.headers[i].Get("Content-Type") != "application/json" {
			t.Errorf("attempt %d has the headers %v", i+1, r.headers[i])
		}
	}
	if len(r.bodies) != 2 || r.bodies[0] != r.bodies[1] {
		t.Errorf("the bodies are %q, want the same twice", r.bodies)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	cut := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.Close()
	}
	ok := answer(200)
	for _, c := range []struct {
		name     string
		handlers []http.HandlerFunc
		want     string // "" for delivered
		attempts int
	}{
		{"200", []http.HandlerFunc{ok}, "", 1},
		{"202", []http.HandlerFunc{answer(202)}, "", 1},
		{"500, then well", []http.HandlerFunc{answer(500), ok}, "", 2},
		{"429 and 408 and 425, then well", []http.HandlerFunc{answer(429), answer(408), answer(425), ok}, "", 4},
		{"cut off, then well", []http.HandlerFunc{cut, ok}, "", 2},
		{"hanging, then well", []http.HandlerFunc{hang, ok}, "", 2},
		{"400", []http.HandlerFunc{answer(400)}, "answers 400 Bad Request: because <of> this", 1},
		{"401", []http.HandlerFunc{answer(401)}, "answers 401 Unauthorized", 1},
		{"404", []http.HandlerFunc{answer(404)}, "answers 404 Not Found", 1},
		{"410", []http.HandlerFunc{answer(410)}, "answers 410 Gone", 1},
		{"413", []http.HandlerFunc{answer(413)}, "answers 413", 1},
		{"a redirect", []http.HandlerFunc{answer(307, "Location", "/elsewhere")}, "which would send the message elsewhere", 1},
		{"a redirect of GET", []http.HandlerFunc{answer(302, "Location", "/elsewhere")}, "which would send the message elsewhere", 1},
		{"always 503", []http.HandlerFunc{answer(503)}, "answers 503 Service Unavailable", 2},
		{"a day's pause", []http.HandlerFunc{answer(429, "Retry-After", "86400")}, "answers 429 Too Many Requests", 1},
		{"always hanging", []http.HandlerFunc{hang}, "no answer in time", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, url := start(t, c.handlers...)
			s, err := webhook.New(webhook.Config{URL: url, Timeout: 500 * time.Millisecond, RetryTimeout: time.Minute})
			if strings.HasPrefix(c.name, "always") {
				s, err = webhook.New(webhook.Config{URL: url, Timeout: 500 * time.Millisecond, RetryTimeout: 1500 * time.Millisecond})
			}
			if err != nil {
				t.Fatal(err)
			}
			err = s.Send(t.Context(), webhook.Message{ID: "m", Body: []byte("{}")})
			var failed *webhook.DeliveryError
			switch {
			case c.want == "" && err != nil:
				t.Errorf("Send says %v, want no error", err)
			case c.want != "" && (!errors.As(err, &failed) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("Send says %v, want %q", err, c.want)
			case err != nil && strings.Contains(err.Error(), "s3cr3t"):
				t.Errorf("the error shows the address: %v", err)
			}
			if len(r.bodies) < min(c.attempts, 2) || c.attempts == 1 && len(r.bodies) != 1 {
				t.Errorf("%d attempts, want %d", len(r.bodies), c.attempts)
			}
		})
	}
}

// Retry-After, as seconds or as a date, is waited for.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, value := range []func() string{
		func() string { return "2" },
		func() string { return time.Now().Add(3 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		value := value()
		r, url := start(t, answer(503, "Retry-After", value), answer(200))
		s, err := webhook.New(webhook.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), webhook.Message{ID: "m", Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		if waited := r.times[1].Sub(r.times[0]); waited < time.Second {
			t.Errorf("with Retry-After: %s the second attempt came after %s", value, waited)
		}
	}
}

func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	_, url := start(t, answer(503, "Retry-After", "60"))
	s, err := webhook.New(webhook.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(200*time.Millisecond, func() { cancel(stopped) })
	if err := s.Send(ctx, webhook.Message{ID: "m", Body: []byte("{}")}); !errors.Is(err, stopped) {
		t.Errorf("Send says %v, want the cause", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg  webhook.Config
		want string
	}{
		{webhook.Config{URL: "ftp://example.com/s3cr3t"}, "not the address"},
		{webhook.Config{URL: "example.com/s3cr3t"}, "not the address"},
		{webhook.Config{URL: "https://"}, "not the address"},
		{webhook.Config{URL: "https://user:s3cr3t@example.com/"}, "no user"},
		{webhook.Config{URL: "http://example.com/s3cr3t"}, "unencrypted"},
		{webhook.Config{URL: "http://example.com/", Plaintext: true}, ""},
		{webhook.Config{URL: "http://127.0.0.1:1/"}, ""},
		{webhook.Config{URL: "https://example.com/?token=s3cr3t", Secret: secret}, ""},
		{webhook.Config{URL: "https://example.com/", Secret: strings.TrimPrefix(secret, "whsec_")}, ""},
		{webhook.Config{URL: "https://example.com/", Secret: "whsec_c2hvcnQ="}, "24 to 64 bytes"},
		{webhook.Config{URL: "https://example.com/", Secret: "s3cr3t, in words, that is no base64"}, "24 to 64 bytes"},
	} {
		_, err := webhook.New(c.cfg)
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cr3t")) {
			t.Errorf("New(%+v) says %v, want %q", c.cfg, err, c.want)
		}
	}
}
