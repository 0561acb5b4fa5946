package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relink/cmd/relink/exit"
)

// webSource serves text at /links.csv, and counts how often it is read whole.
type webSource struct {
	text  atomic.Value
	etag  atomic.Value
	reads atomic.Int64
	env   []string // makes the program trust the server
	url   string
}

func newWebSource(s *site, text string) *webSource {
	s.t.Helper()
	w := &webSource{}
	w.put(text, `"one"`)
	server := httptest.NewTLSServer(http.HandlerFunc(func(a http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("signature") != "secret" {
			a.WriteHeader(http.StatusForbidden)
			return
		}
		a.Header().Set("ETag", w.etag.Load().(string))
		a.Header().Set("Content-Type", "text/csv")
		counted := &countingWriter{ResponseWriter: a}
		http.ServeContent(counted, r, "", time.Time{}, strings.NewReader(w.text.Load().(string)))
		if counted.n == len(w.text.Load().(string)) {
			w.reads.Add(1)
		}
	}))
	s.t.Cleanup(server.Close)
	s.file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	w.env = []string{"SSL_CERT_FILE=" + filepath.Join(s.dir, "ca.pem")}
	w.url = server.URL + "/links.csv?signature=secret"
	return w
}

func (w *webSource) put(text, etag string) {
	w.text.Store(text)
	w.etag.Store(etag)
}

type countingWriter struct {
	http.ResponseWriter
	n int
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n += n
	return n, err
}

// run runs the program, which trusts the server, to its end.
func (w *webSource) run(s *site, status int, args ...string) *process {
	s.t.Helper()
	p := s.startWith(w.env, args...)
	p.stdin.Close()
	p.exits(status)
	return p
}

// A file that is elsewhere is imported, killed and resumed as one that is here,
// and no secret of its address is written down.
func TestFileElsewhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run := s.remember() + 1
	w := newWebSource(s, s.read(filepath.Join(s.dir, "links.csv")))

	w.run(s, exit.OK, "validate", w.url)
	p := w.run(s, exit.Rejected, "import", "--dry-run", w.url)
	for name, got := range s.files(run) {
		if got != s.want[name] {
			t.Errorf("the dry run wrote %s\n%swant\n%s", name, got, s.want[name])
		}
	}
	for _, text := range []string{p.stdout.String(), p.stderr.String(), ask[string](s, "SELECT options::text FROM relink.runs ORDER BY id DESC LIMIT 1")} {
		if strings.Contains(text, "secret") {
			t.Errorf("the signature is written down: %s", text)
		}
	}
	s.slowly(100 * time.Millisecond)
	k := s.startWith(w.env, "import", "--batch-rows", "5", "--lanes", "1", w.url)
	s.until("the run applies", func() bool { return s.applied() >= 10 && s.held() })
	k.kills()
	s.slowly(0)
	s.until("the server has noticed", func() bool { return !s.held() })
	w.put("gone", `"two"`) // the run has its own copy
	s.relink(exit.Rejected, "resume", strconv.Itoa(run+1))
	s.isWhole(run + 1)
}

func TestIfChangedAsksTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	good := "recordingId,dataType,id\nr-1,ACCOUNT,e-1\nr-2,ACCOUNT,e-2\n"
	w := newWebSource(s, good)
	reconcile := []string{"reconcile", "--if-changed", "--connection", "c-1", "--max-changes", "100%", w.url}
	w.run(s, exit.OK, reconcile...)
	if got := w.reads.Load(); got == 0 {
		t.Error("the first run did not read the object")
	}
	p := w.run(s, exit.OK, reconcile...)
	if !strings.Contains(p.stdout.String(), "Nothing to do") {
		t.Errorf("the second run says %q, want that there is nothing to do", p.stdout.String())
	}
	if got := ask[int](s, "SELECT count(*) FROM relink.runs"); got != 1 {
		t.Errorf("%d runs are recorded, want 1", got)
	}
	w.put(strings.Replace(good, "e-2", "e-3", 1), `"two"`)
	w.run(s, exit.OK, reconcile...)
	if got := ask[int](s, "SELECT count(*) FROM relink.runs"); got != 2 {
		t.Errorf("%d runs are recorded after the object changed, want 2", got)
	}
	if got := ask[string](s, "SELECT entity_id FROM recording_links WHERE recording_id = 'r-2' AND cleared_at IS NULL"); got != "e-3" {
		t.Errorf("r-2 is linked to %s, want e-3", got)
	}
}

// A problem with an address is reported before anything is recorded.
func TestAddressesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := newWebSource(s, "")
	for address, want := range map[string]string{
		strings.TrimSuffix(w.url, "secret") + "wrong": "403 Forbidden",
		"http://127.0.0.1/links.csv":                  "not encrypted",
		"gs://bucket/links.csv":                       "does not read gs://",
	} {
		p := w.run(s, exit.Error, "import", address)
		p.says("relink: error: ", want, "relink: hint: ")
	}
	if got := ask[int](s, "SELECT count(*) FROM relink.runs"); got != 0 {
		t.Errorf("%d runs are recorded, want none", got)
	}
}
