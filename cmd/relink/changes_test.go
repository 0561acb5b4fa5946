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

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"relink/cmd/relink/exit"
	"relink/linker"
)

// events runs relink changes and reads what it prints.
func (w *town) events(args ...string) (events []linker.Change) {
	w.t.Helper()
	got := w.must(exit.OK, append([]string{"changes", "--format", "jsonl"}, args...)...)
	for line := range strings.Lines(got.stdout) {
		var keys map[string]any
		var c linker.Change
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			w.t.Fatalf("%q: %v", line, err)
		}
		if err := json.Unmarshal([]byte(line), &keys); err != nil || len(keys) != 9 {
			w.t.Errorf("an event has the keys %v, want the nine of the topic", keys)
		}
		events = append(events, c)
	}
	return events
}

// short is a change on one line, without its time.
func short(c linker.Change) string {
	side := func(l *linker.ChangedLink) string {
		if l == nil {
			return "-"
		}
		return l.DataType + ":" + l.EntityID
	}
	row := "pruned"
	if c.Row != nil {
		row = fmt.Sprint(*c.Row)
	}
	return fmt.Sprintf("%s %s %s %s>%s %s %s", c.ID, strings.TrimPrefix(string(c.Type), "recording."), c.RecordingID, side(c.Previous), side(c.Current), c.Trigger, row)
}

// Every kind of run lists what it did, and later changes by others do not
// affect that.
func TestChanges(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 4)
	w.accounts("c-1", 1, 4)
	w.link("c-1", 2, 4)
	before := w.ask("SELECT clock_timestamp()::text")
	file := w.raw("links.csv", "recordingId,dataType,externalId,integrationConnectionId,trigger\n"+
		"r-2,ACCOUNT,x-1,c-1,CRM_DEEPLINK\nr-3,ACCOUNT,x-3,c-1,\nr-1,ACCOUNT,x-1,c-1,\nr-9,ACCOUNT,x-1,c-1,\n")
	w.must(exit.Rejected, "reconcile", "--connection", "c-1", "--prune", "--max-changes", "100%", file)
	w.must(exit.OK, "revert", "1")
	w.must(exit.OK, "revert", "2")
	w.must(exit.OK, "import", w.file("other.csv", "c-1", "r-1 x-4", "r-2 x-4"))
	w.must(exit.Rejected, "import", "--dry-run", file)
	for _, c := range []struct {
		run  string
		want []string
	}{
		{"1", []string{
			"1/r-2 linked r-2 ACCOUNT:a-c-1-2>ACCOUNT:a-c-1-1 CRM_DEEPLINK 1",
			"1/r-1 linked r-1 ->ACCOUNT:a-c-1-1  3",
			"1/r-4 unlinked r-4 ACCOUNT:a-c-1-4>- USER_UNLINK pruned",
		}},
		{"2", []string{
			"2/r-1 unlinked r-1 ACCOUNT:a-c-1-1>- USER_UNLINK 1",
			"2/r-2 linked r-2 ACCOUNT:a-c-1-1>ACCOUNT:a-c-1-2 CALENDAR_MATCH 2",
			"2/r-4 linked r-4 ->ACCOUNT:a-c-1-4 CALENDAR_MATCH 3",
		}},
		{"3", []string{
			"3/r-1 linked r-1 ->ACCOUNT:a-c-1-1  1",
			"3/r-2 linked r-2 ACCOUNT:a-c-1-2>ACCOUNT:a-c-1-1 CRM_DEEPLINK 2",
			"3/r-4 unlinked r-4 ACCOUNT:a-c-1-4>- USER_UNLINK 3",
		}},
	} {
		var got []string
		for _, e := range w.events(c.run) {
			got = append(got, short(e))
			if e.At.Format("2006-01-02 15:04:05.999999Z07") < before[:19] || e.Run < 1 {
				t.Errorf("run %s: %+v has no time of the run", c.run, e)
			}
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("run %s changed\n%s\nwant\n%s", c.run, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
	if got := w.events("--organization", "o-1", "1"); len(got) != 3 {
		t.Errorf("o-1 has %d changes, want 3", len(got))
	}
	if got := w.events("--organization", "o-2", "1"); len(got) != 0 {
		t.Errorf("another organization sees %v", got)
	}
	if got := w.must(exit.OK, "changes", "1").stdout; !strings.HasPrefix(got, "r-2  ACCOUNT a-c-1-2 -> ACCOUNT a-c-1-1  CRM_DEEPLINK  row 1  20") || strings.Count(got, "\n") != 3 {
		t.Errorf("for people it prints\n%s", got)
	}
	for _, c := range []struct{ args, want string }{
		{"5", "run 5 is a dry run"},
		{"99", "no such run"},
		{"--webhook https://example.com/ 1", "needs --secret-file"},
		{"--organization nobody 1", "nobody"},
	} {
		if got := w.must(exit.Error, append([]string{"changes"}, strings.Fields(c.args)...)...); !strings.Contains(got.stderr, c.want) {
			t.Errorf("changes %s says %s, want %q", c.args, got.stderr, c.want)
		}
	}
}

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// hook is a receiver that verifies what comes, and counts each event once.
type hook struct {
	t  *testing.T
	mu sync.Mutex
	// answer, when not nil, returns the status for the nth message, from 1,
	// before it is accepted; 0 accepts it. lost is the status after it was
	// accepted.
	answer func(n int) int
	lost   func(n int) int
	n      int
	seen   map[string]int // events, how often they came
	order  []string       // events as they came first
	ids    map[string]int // messages
	url    string
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{t: t, seen: map[string]int{}, ids: map[string]int{}}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.url = server.URL + "/s3cr3t"
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	h.n++
	n := h.n
	h.mu.Unlock()
	if h.answer != nil {
		switch status := h.answer(n); {
		case status == stall:
			<-r.Context().Done()
			return
		case status != 0:
			w.WriteHeader(status)
			return
		}
	}
	v, err := standardwebhooks.NewWebhook(hookSecret)
	if err == nil {
		err = v.Verify(body, r.Header)
	}
	var message struct {
		Type      string
		Timestamp time.Time
		Data      struct {
			Run     int64
			Changes []linker.Change
		}
	}
	if err == nil {
		err = json.Unmarshal(body, &message)
	}
	if err != nil || message.Type != "recording.links.changed" || message.Timestamp.IsZero() || message.Data.Run == 0 {
		h.t.Errorf("message %d is %s (%v)", n, body, err)
	}
	h.mu.Lock()
	h.ids[r.Header.Get("webhook-id")]++
	for _, c := range message.Data.Changes {
		if h.seen[c.ID]++; h.seen[c.ID] == 1 {
			h.order = append(h.order, c.ID)
		}
	}
	h.mu.Unlock()
	if h.lost != nil {
		switch status := h.lost(n); {
		case status == stall:
			<-r.Context().Done()
		case status != 0:
			w.WriteHeader(status)
		}
	}
}

const stall = -1

// args are the arguments of a delivery to the hook.
func (h *hook) args(dir string, more ...string) []string {
	h.t.Helper()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte(hookSecret+"\n"), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return append([]string{"changes", "--webhook", h.url, "--secret-file", secret}, more...)
}

// whole fails unless each event of the run has come, in order.
func (h *hook) whole(w *town, run string) {
	w.t.Helper()
	var want []string
	for _, e := range w.events(run) {
		want = append(want, e.ID)
	}
	if strings.Join(h.order, " ") != strings.Join(want, " ") {
		w.t.Errorf("the receiver has\n%s\nwant\n%s", h.order, want)
	}
}

// A receiver that fails, stalls, loses its answers, and gets each event all the
// same, none twice but where its answer was lost.
func TestWebhook(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 25)
	w.accounts("c-1", 1, 25)
	w.must(exit.OK, "import", w.file("links.csv", "c-1", pairs(1, 25)...))
	t.Run("fails, stalls and repeats", func(t *testing.T) {
		h := newHook(t)
		h.answer = func(n int) int { return map[int]int{1: 503, 3: stall, 5: 429}[n] }
		h.lost = func(n int) int { return map[int]int{2: 500, 7: 502}[n] }
		got := w.must(exit.OK, h.args(w.dir, "--batch", "10", "--answer-timeout", "500ms", "1")...)
		h.whole(w, "1")
		twice := 0
		for _, n := range h.seen {
			twice += n - 1
		}
		if h.n != 8 || len(h.ids) != 3 || twice != 15 {
			t.Errorf("%d messages with %d ids, %d events twice; want 8, 3 and the 15 of lost answers\n%s", h.n, len(h.ids), twice, got.stderr)
		}
		// Again: nothing is left, and another address is another receiver.
		w.must(exit.OK, h.args(w.dir, "1")...)
		if h.n != 8 {
			t.Errorf("what was confirmed is delivered again: %d messages", h.n)
		}
		other := newHook(t)
		w.must(exit.OK, other.args(w.dir, "--organization", "o-1", "1")...)
		other.whole(w, "1")
	})
	t.Run("refuses", func(t *testing.T) {
		h := newHook(t)
		h.answer = func(n int) int { return map[int]int{3: 404}[n] }
		got := w.must(exit.Error, h.args(w.dir, "--batch", "5", "1")...)
		if !strings.Contains(got.stderr, "answers 404 Not Found") || !strings.Contains(got.stderr, "goes on behind") || strings.Contains(got.stderr, "s3cr3t") || h.n != 3 {
			t.Errorf("after %d messages it says %s", h.n, got.stderr)
		}
		if got := w.ask("SELECT delivered || ' ' || host FROM relink.deliveries WHERE delivered < 25"); got != "10 "+strings.TrimSuffix(strings.TrimPrefix(h.url, "http://"), "/s3cr3t") {
			t.Errorf("written down is %s", got)
		}
		w.must(exit.OK, h.args(w.dir, "--batch", "7", "1")...)
		h.whole(w, "1")
		for id, n := range h.seen {
			if n != 1 {
				t.Errorf("event %s came %d times", id, n)
			}
		}
	})
	t.Run("redirects", func(t *testing.T) {
		h := newHook(t)
		h.answer = func(int) int { return http.StatusTemporaryRedirect }
		if got := w.must(exit.Error, h.args(w.dir, "1")...); !strings.Contains(got.stderr, "redirects are not followed") || h.n != 1 {
			t.Errorf("after %d messages it says %s", h.n, got.stderr)
		}
	})
	t.Run("does not answer for long", func(t *testing.T) {
		h := newHook(t)
		h.answer = func(int) int { return 503 }
		if got := w.must(exit.Error, h.args(w.dir, "--retry-timeout", "0s", "1")...); !strings.Contains(got.stderr, "503 Service Unavailable") {
			t.Errorf("it says %s", got.stderr)
		}
	})
	t.Run("plaintext", func(t *testing.T) {
		h := newHook(t)
		h.url = "http://receiver.example/s3cr3t"
		if got := w.must(exit.Error, h.args(w.dir, "1")...); !strings.Contains(got.stderr, "--insecure-plaintext") || strings.Contains(got.stderr, "s3cr3t") {
			t.Errorf("it says %s", got.stderr)
		}
	})
	t.Run("a secret that others can read", func(t *testing.T) {
		h := newHook(t)
		args := h.args(w.dir, "1")
		if err := os.Chmod(filepath.Join(w.dir, "secret"), 0o644); err != nil {
			t.Fatal(err)
		}
		w.must(exit.Error, args...)
		if err := os.Remove(filepath.Join(w.dir, "secret")); err != nil || h.n != 0 {
			t.Errorf("%d messages were sent (%v)", h.n, err)
		}
	})
	// Removed with the record of the run.
	w.exec("UPDATE relink.runs SET finished_at = now() - interval '40 days'")
	w.must(exit.OK, "runs", "clean", "--older-than", "30d")
	if n := w.ask("SELECT count(*)::text FROM relink.deliveries"); n != "0" {
		t.Errorf("%s deliveries are left of a run that was removed", n)
	}
}

// A delivery that is killed or interrupted continues after the last message
// that the receiver has confirmed; two at a time are refused.
func TestWebhookIsKilled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := &town{t: t, conn: s.connection(), url: s.url, dir: s.dir}
	s.relink(exit.Rejected, "import", "links.csv")
	h := newHook(t)
	var slow sync.Mutex
	stop := 4
	h.lost = func(n int) int { // taken, and then the sender is killed
		slow.Lock()
		at := stop
		slow.Unlock()
		if n == at {
			return stall
		}
		return 0
	}
	messages := func() int { h.mu.Lock(); defer h.mu.Unlock(); return h.n }
	args := h.args(s.dir, "--batch", "3", "1")
	p := s.start(args...)
	s.until("the fourth message is there", func() bool { return messages() == 4 })
	if got := w.must(exit.Busy, args...); !strings.Contains(got.stderr, "another process is delivering") {
		t.Errorf("a second delivery says %s", got.stderr)
	}
	p.kills()
	slow.Lock()
	stop = 8
	slow.Unlock()
	s.until("the server has noticed", func() bool {
		return ask[int](s, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'relink delivery'") == 0
	})
	p = s.start(args...)
	s.until("the eighth message is there", func() bool { return messages() == 8 })
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	p.exits(exit.Interrupted)
	p.says("9 changes of run 1 delivered", "9 before", "the same command goes on behind")
	p = s.relink(exit.OK, args...)
	h.whole(w, "1")
	for id, n := range h.seen {
		if n > 2 {
			t.Errorf("event %s came %d times", id, n)
		}
	}
	if len(h.ids) != siteChanges/3 {
		t.Errorf("%d different messages, want %d: one that is repeated keeps its id", len(h.ids), siteChanges/3)
	}
	if got := p.stdout.String(); !strings.Contains(got, "30 changes of run 1 delivered") || !strings.Contains(got, "18 before") {
		t.Errorf("the last delivery says %s", got)
	}
}
