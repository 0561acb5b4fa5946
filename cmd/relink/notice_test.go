package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/cmd/relink/exit"
)

// channel is what a notice is sent to.
type channel struct {
	mu     sync.Mutex
	bodies []string
	answer func(w http.ResponseWriter, r *http.Request)
	file   string // that names it
}

func newChannel(t *testing.T, dir string) *channel {
	t.Helper()
	c := &channel{file: filepath.Join(dir, "notify-url")}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		c.bodies = append(c.bodies, string(body))
		c.mu.Unlock()
		if c.answer != nil {
			c.answer(w, r)
		}
	}))
	t.Cleanup(server.Close)
	if err := os.WriteFile(c.file, []byte(server.URL+"/s3cr3t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// taken returns what has come since the last call.
func (c *channel) taken() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	bodies := c.bodies
	c.bodies = nil
	return bodies
}

// A notice comes when a job ends otherwise than the night before, and when it is
// well again; it has counts and codes, and nothing by which a row is known.
func TestNotices(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 40)
	w.accounts("c-1", 1, 40)
	c := newChannel(t, w.dir)
	night := func(status int, more []string, rows ...string) []string {
		t.Helper()
		w.must(status, append([]string{"reconcile", "--connection", "c-1", "--notify-url-file", c.file, w.file("links.csv", "c-1", rows...)}, more...)...)
		return c.taken()
	}
	bad := append(pairs(1, 20), "r-21 x-secret", "r-secret x-22")
	for i, step := range []struct {
		name   string
		status int
		more   []string
		rows   []string
		want   []string // of the one notice; none when there is none
	}{
		{"the first night is well", exit.OK, nil, pairs(1, 20), nil},
		{"and the second", exit.OK, nil, pairs(1, 20), nil},
		{"rows are rejected", exit.Rejected, nil, bad, []string{`"exitStatus":2`, `"previousExitStatus":0`, `"recovered":false`, `"entity_not_found","count":1`, `"recording_not_found","count":1`, "22 rows: ", `"rejected":2`, "files: "}},
		{"they still are", exit.Rejected, nil, bad, nil},
		{"they still are, and it is always told", exit.Rejected, []string{"--notify", "always"}, bad, []string{`"exitStatus":2`, `"previousExitStatus":2`}},
		{"another job's run does not matter", exit.OK, nil, pairs(1, 20), []string{`"exitStatus":0`, `"previousExitStatus":2`, `"recovered":true`, "all is well again"}},
		{"too many changes", exit.Guard, []string{"--max-changes", "1"}, []string{"r-1 x-9", "r-2 x-9", "r-3 x-9"}, []string{`"exitStatus":4`, "over the change guard"}},
		{"slack", exit.OK, []string{"--notify-format", "slack"}, pairs(1, 20), []string{`{"text":"relink reconcile, run `, `all is well again (exit status 0; the run before: 4, over the change guard)`}},
		{"a dry run is compared with dry runs", exit.Drift, []string{"--dry-run"}, pairs(1, 19), []string{`"exitStatus":5`, `"previousExitStatus":null`, `"dryRun":true`}},
	} {
		if i == 5 {
			w.must(exit.OK, "import", w.file("other.csv", "c-1", "r-1 x-1"))
		}
		got := night(step.status, step.more, step.rows...)
		if len(got) != min(len(step.want), 1) {
			t.Errorf("%s: the notices are %q, want %d", step.name, got, min(len(step.want), 1))
			continue
		}
		for _, want := range step.want {
			if !strings.Contains(got[0], want) {
				t.Errorf("%s: the notice is %s, want %s", step.name, got[0], want)
			}
		}
		if len(got) > 0 && (!json.Valid([]byte(got[0])) || strings.Contains(got[0], "secret") || strings.Contains(got[0], "r-21") || strings.Contains(got[0], "a-c-1")) {
			t.Errorf("%s: the notice is no JSON, or names rows: %s", step.name, got[0])
		}
	}
	// What never came to be a run is told, too.
	w.must(exit.Error, "reconcile", "--connection", "c-1", "--notify-url-file", c.file, filepath.Join(w.dir, "missing.csv"))
	if got := c.taken(); len(got) != 1 || !strings.Contains(got[0], `"run":null`) || !strings.Contains(got[0], "could not run") {
		t.Errorf("of a missing file the notices are %q", got)
	}
	// Other commands that write.
	w.must(exit.OK, "revert", "--notify", "always", "--notify-url-file", c.file, "1")
	if got := c.taken(); len(got) != 1 || !strings.Contains(got[0], `"command":"relink revert"`) {
		t.Errorf("of a revert the notices are %q", got)
	}
}

// Whatever becomes of a notice, the run ends as it would without, and soon.
func TestNoticesThatFail(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 2)
	w.accounts("c-1", 1, 1)
	c := newChannel(t, w.dir)
	file := w.file("links.csv", "c-1", "r-1 x-1", "r-2 x-2")
	args := []string{"import", "--notify", "always", "--notify-url-file", c.file, file}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"refused", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "the notice was not delivered: 127.0.0.1:"},
		{"a redirect", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
		}, "the notice was not delivered"},
		{"always failing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "the notice was not delivered"},
		{"hanging", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "the notice was not delivered"},
	} {
		c.answer = test.answer
		began := time.Now()
		got := w.must(exit.Rejected, args...)
		if !strings.Contains(got.stderr, test.want) || strings.Contains(got.stderr, "s3cr3t") {
			t.Errorf("%s: it says %s, want %q", test.name, got.stderr, test.want)
		}
		if took := time.Since(began); took > 45*time.Second { // 10 of them for the notice
			t.Errorf("%s: it took %s", test.name, took)
		}
	}
	runs := w.ask("SELECT count(*)::text FROM relink.runs")
	c.answer = nil
	for _, test := range []struct{ content, want string }{
		{"http://chat.example/s3cr3t", "unencrypted"},
		{"not an address s3cr3t", "not the address"},
	} {
		if err := os.WriteFile(c.file, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := w.must(exit.Error, args...); !strings.Contains(got.stderr, test.want) || strings.Contains(got.stderr, "s3cr3t") {
			t.Errorf("with %q it says %s", test.content, got.stderr)
		}
	}
	if err := os.Chmod(c.file, 0o644); err != nil {
		t.Fatal(err)
	}
	w.must(exit.Error, args...)
	w.must(exit.Error, "import", "--notify-url-file", filepath.Join(w.dir, "none"), file)
	if now := w.ask("SELECT count(*)::text FROM relink.runs"); now != runs {
		t.Error("a run was made although the notice could not be set up")
	}
}

// A killed run is a change, and its resume a recovery.
func TestNoticesOfAKilledRun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := newChannel(t, s.dir)
	var good strings.Builder
	good.WriteString("recordingId,dataType,id\n")
	for n := range siteRows {
		fmt.Fprintf(&good, "r-%d,ACCOUNT,e-2\n", n+1)
	}
	s.file("links.csv", good.String())
	run := s.kill9("--notify-url-file", c.file)
	if got := c.taken(); len(got) != 0 {
		t.Errorf("a killed run has sent %q", got)
	}
	s.relink(exit.OK, "resume", "--notify-url-file", c.file, fmt.Sprint(run))
	if got := c.taken(); len(got) != 1 || !strings.Contains(got[0], `"previousExitStatus":130`) || !strings.Contains(got[0], `"recovered":true`) {
		t.Errorf("its resume has sent %q", got)
	}
}
