package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/linker"
	"relink/linker/httpapi"
)

// All tokens of an organization have one limit together.
func TestRateLimitOfAnOrganization(t *testing.T) {
	t.Parallel()
	const limit = 10
	x := serve(t, setup{perMinute: limit})
	second, err := httpapi.AddToken(x.file, "o-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := x.tokens.Reload(); err != nil {
		t.Fatal(err)
	}
	put := ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1"}`}
	other := ask{token: "none", recording: put.recording, body: put.body, header: map[string]string{httpapi.TokenHeader: second}}
	for n := range limit {
		if got := x.do([]ask{put, other}[n%2]); got.status != http.StatusOK {
			t.Fatalf("request %d of %d: %d, want 200", n+1, limit, got.status)
		}
	}
	for _, a := range []ask{put, other} {
		if got := x.do(a); got.status != http.StatusTooManyRequests {
			t.Errorf("over the limit: %d, want 429", got.status)
		}
	}
	if got := x.do(ask{token: "o-2", recording: "s-1", body: `{"dataType":"ACCOUNT","id":"f-1"}`}); got.status != http.StatusOK {
		t.Errorf("another organization: %d, want 200", got.status)
	}
}

// counting counts the requests of each organization that are in a Linker.
type counting struct {
	httpapi.Linker
	mu   sync.Mutex
	now  map[string]int
	most map[string]int
}

func (c *counting) Put(ctx context.Context, organization string, row linker.Checked) (linker.Decision, linker.Entity, error) {
	c.mu.Lock()
	c.now[organization]++
	c.most[organization] = max(c.most[organization], c.now[organization])
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.now[organization]--
		c.mu.Unlock()
	}()
	return c.Linker.Put(ctx, organization, row)
}

// An organization whose requests all wait for a lock leaves connections for
// the others.
func TestOneOrganizationLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	counted := &counting{now: map[string]int{}, most: map[string]int{}}
	x := serve(t, setup{connections: 4, linker: func(l httpapi.Linker) httpapi.Linker {
		counted.Linker = l
		return counted
	}, atOnce: 2})
	tx, err := x.conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), "SELECT FROM recording_links WHERE recording_id = 'r-1' FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() { x.do(ask{recording: "r-1", body: `{"dataType":"ACCOUNT","id":"e-2"}`}) })
	}
	for range 30 {
		group.Go(func() {
			if got := x.do(ask{token: "o-2", recording: "s-1", body: `{"dataType":"ACCOUNT","id":"f-1"}`}); got.status != http.StatusOK {
				t.Errorf("beside an organization that waits for locks: %d, want 200", got.status)
			}
		})
	}
	group.Wait()
	if counted.most["o-1"] != 2 || counted.most["o-2"] > 2 {
		t.Errorf("at once in the database: %v, want 2 of an organization", counted.most)
	}
}

// However many strangers come, the log grows by a bounded number of short
// lines; the rest are counted.
func TestStrangersDoNotFloodTheLog(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	const strangers = 200
	for i := range strangers {
		a := ask{token: "none", recording: "r-1", body: "{}"}
		switch i % 4 {
		case 1:
			a.path = "/" + strings.Repeat("a", 8000)
		case 2:
			a.method = strings.Repeat("X", 5000)
			a.path = "/v1"
		case 3:
			a.header = map[string]string{httpapi.TokenHeader: "rlk_" + strings.Repeat("A", 5000)}
		}
		if got := x.do(a); got.status != 401 && got.status != 404 {
			t.Fatalf("%d, want 401 or 404", got.status)
		}
	}
	lines := strings.Split(strings.TrimSpace(x.log.String()), "\n")
	// The minute may end in between.
	if len(lines) < 60 || len(lines) > 130 {
		t.Errorf("the log has %d lines of %d strangers, want 60", len(lines), strangers)
	}
	for _, line := range lines {
		if len(line) > 700 {
			t.Errorf("a line has %d bytes: %s", len(line), line)
		}
	}
	metrics := x.do(ask{method: "GET", operator: true, path: "/metrics"}).body
	for _, want := range []string{`path="/v1/core/recordings/{id}/link",status="401"} 100`, `status="404"} 50`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s in\n%s", want, metrics)
		}
	}
	if got := x.do(ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1"}`}); got.status != 200 || !strings.Contains(x.log.String(), `"outcome":"created"`) {
		t.Errorf("a caller after the flood: %d, want 200 and a line", got.status)
	}
}

// Operators have an address of their own.
func TestPublicAddressTellsNothingToOperators(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	for _, path := range []string{"/metrics", "/readyz", "/metrics/", "/Metrics", "//metrics", "/%6detrics", "/debug/pprof/"} {
		if got := x.do(ask{method: "GET", path: path}); got.status != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", path, got.status)
		}
	}
	for path, want := range map[string]int{"/metrics": 200, "/readyz": 200, "/healthz": 200, "/openapi.json": 404, "/v1/core/recordings/r-10/link": 404} {
		if got := x.do(ask{method: "GET", operator: true, path: path}); got.status != want {
			t.Errorf("GET %s at the address of operators: %d, want %d", path, got.status, want)
		}
	}
	if got := x.do(ask{operator: true, recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1"}`}); got.status != 404 {
		t.Errorf("the operation at the address of operators: %d, want 404", got.status)
	}
}

// A body that is wrong a thousand times gets an answer of a few kilobytes.
func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	described := openAPI(t, x)
	var unknown, twice strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&unknown, `"k%d":1,`, i)
		fmt.Fprintf(&twice, `"id":"",`)
	}
	for name, body := range map[string]string{
		"unknown keys": "{" + unknown.String() + `"id":"e-1"}`,
		"a key twice":  "{" + twice.String() + `"id":"e-1"}`,
		"a long key":   `{"` + strings.Repeat("k", 60_000) + `":1}`,
		"deep":         strings.Repeat(`{"id":`, 5000) + "1" + strings.Repeat("}", 5000),
		"escapes":      `{"` + strings.Repeat(`\u202e`, 9000) + `":"` + strings.Repeat("\\u0000", 900) + `"}`,
	} {
		got := x.do(ask{recording: "r-10", body: body})
		var answer struct {
			Error   string
			Details struct{ Errors []struct{ Message string } }
		}
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.status != 422 {
			t.Errorf("%s: %d %v, want 422 with JSON", name, got.status, err)
		}
		if n := len(answer.Details.Errors); n > 20 || len(got.body) > 8000 {
			t.Errorf("%s: %d faults in %d bytes, want 20 at most", name, n, len(got.body))
		}
		if name == "unknown keys" && !strings.HasSuffix(answer.Error, "; and 4981 more") {
			t.Errorf("%s: the sentence does not count the rest: …%s", name, answer.Error[max(0, len(answer.Error)-80):])
		}
		described.holds(t, "PUT", got)
	}
}

// Idle connections are the first to be closed.
func TestIdleConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{server: func(s *http.Server) { s.ReadHeaderTimeout, s.IdleTimeout = time.Minute, time.Minute }})
	const most, opened = 1024, 1200
	var conns []net.Conn
	for range opened {
		conn, err := net.Dial("tcp", strings.TrimPrefix(x.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	if got := x.do(ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1"}`}); got.status != http.StatusOK {
		t.Errorf("beside idle connections: %d, want 200", got.status)
	}
	for i, conn := range conns[:opened-most] {
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err == nil || isTimeout(err) {
			t.Fatalf("connection %d of %d is still open: %v", i+1, opened, err)
		}
	}
	// The last ones are as good as before.
	last := conns[opened-1]
	fmt.Fprint(last, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	last.SetReadDeadline(time.Now().Add(10 * time.Second))
	if answer, err := io.ReadAll(last); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") {
		t.Errorf("the newest connection: %q, %v; want 200", answer, err)
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}
