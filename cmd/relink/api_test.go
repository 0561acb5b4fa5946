package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/cmd/relink/exit"
	"relink/linker/httpapi"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// station is a platform that can be reached by HTTP, and what a test needs to
// send rows to it.
type station struct {
	t     *testing.T
	dir   string
	url   string // of the server
	data  string // URL of the database
	token string // file
	// slow delays each answer, in nanoseconds.
	slow  atomic.Int64
	asked atomic.Int64
}

func newStation(t *testing.T) *station {
	t.Helper()
	s := &station{t: t, dir: t.TempDir(), data: pgtest.Database(t)}
	s.exec(s.data)
	tokens := filepath.Join(s.dir, "tokens")
	token, err := httpapi.AddToken(tokens, "o-1")
	if err != nil {
		t.Fatal(err)
	}
	s.token = filepath.Join(s.dir, "token")
	if err := os.WriteFile(s.token, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	accepted, err := httpapi.OpenTokens(tokens, "")
	if err != nil {
		t.Fatal(err)
	}
	one, err := engine.NewSingle(t.Context(), pg.Config{URL: s.data}, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(one.Close)
	handler := httpapi.NewHandler(httpapi.Config{Linker: one, Tokens: accepted, PerMinute: -1, IsUnavailable: pg.IsUnavailable})
	s.listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		time.Sleep(time.Duration(s.slow.Load()))
		handler.ServeHTTP(w, r)
	}))
	return s
}

func (s *station) listen(h http.Handler) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	server := httpapi.NewServer(h, nil)
	go server.Serve(listener)
	s.t.Cleanup(func() { server.Close() })
	s.url = "http://" + listener.Addr().String()
}

// exec fills a database with a platform of 300 recordings, a third of them
// linked.
func (s *station) exec(url string) {
	s.t.Helper()
	conn, err := pgtest.Open(s.t.Context(), pg.Config{URL: url})
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(s.t.Context(), `
		INSERT INTO integration_connections (id, organization_id, platform, is_active) VALUES
		    ('c-1', 'o-1', 'salesforce', true), ('c-2', 'o-1', 'hubspot', true), ('c-9', 'o-2', 'salesforce', true);
		INSERT INTO recordings (id, organization_id, deleted_at)
		SELECT 'r-' || n, CASE WHEN n % 50 = 0 THEN 'o-2' ELSE 'o-1' END, CASE WHEN n % 41 = 0 THEN now() END
		FROM generate_series(1, 2000) AS n;
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, deleted_at)
		SELECT 'e-' || n, 'ACCOUNT', CASE WHEN n % 20 = 0 THEN 'c-9' WHEN n % 3 = 0 THEN 'c-2' ELSE 'c-1' END, 'x-' || n,
		    CASE WHEN n % 31 = 0 THEN now() END
		FROM generate_series(1, 200) AS n;
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
		SELECT 'sf-' || n, 'OPPORTUNITY', 'c-1', '0063000000' || lpad(n::text, 5, '0') || 'AAA' FROM generate_series(1, 99) AS n;
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT 'r-' || n, 'ACCOUNT', 'e-' || n % 19 + 1, now() - interval '1 day' FROM generate_series(1, 2000, 3) AS n`)
	if err != nil {
		s.t.Fatal(err)
	}
}

// file writes a file of n rows of all kinds that names no target in two ways.
func (s *station) file(n int) string {
	s.t.Helper()
	rng := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	b.WriteString("recordingId,dataType,id,externalId,integrationConnectionId,trigger\n")
	last := ""
	for i := range n {
		recording := fmt.Sprint("r-", i%2050+1)
		line := ""
		switch rng.IntN(12) {
		case 0:
			line = fmt.Sprintf("%s,OPPORTUNITY,,0063000000%05d,c-1,", recording, rng.IntN(110)+1) // the short form
		case 1:
			line = fmt.Sprintf("%s,account,,x-%d,c-2,CRM_DEEPLINK", recording, rng.IntN(200)+1) // often in c-1
		case 2:
			line = fmt.Sprintf("%s,Deal,e-1,,,me", recording)
		case 3:
			line = fmt.Sprintf("'%s ,ACCOUNT,e-%d,,,", recording, rng.IntN(210)+1)
		case 4:
			line = fmt.Sprintf("%s,ACCOUNT,,%05d,c-1,", recording, rng.IntN(100))
		case 5:
			line = `r-1,"ACCOUNT,e-1` // a quote that never closes
		case 6:
			line = last // the same row again
		default:
			line = fmt.Sprintf("%s,ACCOUNT,e-%d,,,USER_LINK_WEB", recording, rng.IntN(200)+1)
		}
		if line == "" {
			line = "r-2,ACCOUNT,e-1,,,"
		}
		last = line
		b.WriteString(line + "\n")
	}
	path := filepath.Join(s.dir, "links.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// api is the command that sends a file.
func (s *station) api(args ...string) []string {
	return append([]string{"import", "--api", s.url, "--token-file", s.token, "--rate", "off", "--out", filepath.Join(s.dir, "out")}, args...)
}

// report is the report of the newest run in a folder of runs.
func report(t *testing.T, out, pattern string) string {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(out, pattern, "report.csv"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no report in %s: %v", out, err)
	}
	text, err := os.ReadFile(folders[len(folders)-1])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A file sent row by row gets the report that an import on the database
// writes.
func TestImportThroughAPIEqualsDatabase(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	// Rows of one recording that differ are rejected on either road, but
	// only a database knows the CRM rows of both: here each recording has
	// one target.
	path := s.file(2000)
	twin := pgtest.Database(t)
	s.exec(twin)

	direct := filepath.Join(s.dir, "direct")
	want := call(t, nil, "", "import", "--database", twin, "--organization", "o-1", "--out", direct, path)
	got := call(t, nil, "", s.api(path)...)
	if want.status != exit.Rejected || got.status != exit.Rejected {
		t.Fatalf("exits %d and on the database %d, want 2\n%s%s", got.status, want.status, got.stderr, want.stderr)
	}
	// A server looks for near misses only so often.
	nearMiss := regexp.MustCompile(`; exists in connection ""c-1""(, but is deleted)?`)
	without := func(report string) string { return nearMiss.ReplaceAllString(report, "") }
	ofAPI := report(t, filepath.Join(s.dir, "out"), "*-api")
	if !nearMiss.MatchString(ofAPI) {
		t.Error("the server names no near miss")
	}
	if diff := cmp.Diff(without(report(t, direct, "*-1")), without(ofAPI)); diff != "" {
		t.Errorf("reports (-database +api):\n%s", diff)
	}
	if !strings.Contains(got.stderr, "rows to send") {
		t.Errorf("stderr %q, want how many rows are sent", got.stderr)
	}
}

// killed imports a file and kills the program after some answers.
func TestKilledImportThroughAPIResumes(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	var b strings.Builder
	b.WriteString("recordingId,dataType,id\n")
	const rows = 400
	for n := range rows {
		fmt.Fprintf(&b, "r-%d,ACCOUNT,e-%d\n", n*3+2, n%19+1)
	}
	path := filepath.Join(s.dir, "links.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s.slow.Store(int64(5 * time.Millisecond))
	out := filepath.Join(s.dir, "out")
	args := append(s.api(path), "--reason", "through the API")
	for _, after := range []int64{40, 150, 290} {
		cmd := exec.Command("relink", args...)
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(30 * time.Second)
		for s.asked.Load() < after {
			if time.Now().After(deadline) {
				cmd.Process.Kill()
				cmd.Wait()
				t.Fatalf("only %d requests: %s", s.asked.Load(), said.String())
			}
			time.Sleep(time.Millisecond)
		}
		cmd.Process.Kill()
		if err := cmd.Wait(); err == nil {
			t.Fatal("the import ended before it was killed")
		}
		folders, err := filepath.Glob(filepath.Join(out, "*-api"))
		if err != nil || len(folders) != 1 {
			t.Fatalf("folders %v, want one", folders)
		}
		args = []string{"resume", folders[0], "--token-file", s.token}
	}
	s.slow.Store(0)
	got := call(t, nil, "", args...)
	if got.status != exit.OK && got.status != exit.Rejected {
		t.Fatalf("resume exits %d: %s%s", got.status, got.stdout, got.stderr)
	}
	// At most the requests in hand, 16 for each kill, are sent twice.
	if asked := s.asked.Load(); asked < rows || asked > rows+3*16 {
		t.Errorf("%d requests for %d rows, want each row once and those in hand again", asked, rows)
	}
	lines := bufio.NewScanner(strings.NewReader(report(t, out, "*-api")))
	seen := 0
	for lines.Scan() {
		if seen > 0 && !strings.HasPrefix(lines.Text(), fmt.Sprintf("%d,%d,r-", seen, seen+1)) {
			t.Errorf("line %d is %s", seen+1, lines.Text())
		}
		if strings.Contains(lines.Text(), "unattempted") || strings.Contains(lines.Text(), "failed") {
			t.Errorf("not done: %s", lines.Text())
		}
		seen++
	}
	if seen != rows+1 {
		t.Errorf("the report has %d lines, want %d and a header", seen, rows)
	}
	folders, err := filepath.Glob(filepath.Join(out, "*-api", "summary.json"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("summaries %v (%v), want one", folders, err)
	}
	if text := read(t, folders[0]); !strings.Contains(text, `"reason": "through the API"`) || !strings.Contains(text, `"operator": {`) || !strings.Contains(text, `"host": "`) {
		t.Errorf("summary.json is %s, want who made the run and why", text)
	}
	if text := strings.Join(strings.Fields(got.stdout), " "); !strings.Contains(text, "; by ") || !strings.Contains(text, ": through the API") {
		t.Errorf("the summary is %s, want who made the run and why", got.stdout)
	}
}

func TestImportThroughAPIInterrupted(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	path := s.file(1000)
	s.slow.Store(int64(20 * time.Millisecond))
	cmd := exec.Command("relink", s.api(path)...)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); s.asked.Load() < 20 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if status := cmd.ProcessState.ExitCode(); status != exit.Interrupted || !strings.Contains(said.String(), "relink resume ") {
		t.Errorf("exits %d and says %q, want 130 and how to resume", status, said.String())
	}
	text := report(t, filepath.Join(s.dir, "out"), "*-api")
	if n := strings.Count(text, ",unattempted,"); n < 100 {
		t.Errorf("%d rows unattempted, want most", n)
	}
}

func TestImportThroughAPIEnds(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	tests := []struct {
		name   string
		handle http.HandlerFunc
		args   []string
		status int
		want   []string // in the report, stdout or stderr
		not    string
	}{
		{"a server that says no more", answer(200, `{"data":{"id":"e-1"}}`), nil, 0, []string{"Every row went through: 2 rows.", ",linked,,,e-1,,"}, ""},
		{"nothing there", answer(404, "nope"), nil, 1, []string{"404 Not Found", "without /v1", "unattempted"}, "rejected"},
		{"nothing there, in JSON", answer(404, `{"statusCode":404,"message":"Cannot PUT /v1/v1","error":"Not Found"}`), nil, 1, []string{"without /v1", "unattempted"}, "rejected"},
		{"not under this path", answer(404, `{"error":"there is no such operation","details":{"code":"no_such_operation"}}`), nil, 1, []string{"without /v1", "unattempted"}, "rejected"},
		{"nothing to write", answer(405, ""), nil, 1, []string{"405 Method Not Allowed", "unattempted"}, "rejected"},
		{"TLS", answer(400, "Client sent an HTTP request to an HTTPS server.\n"), nil, 1, []string{"speaks TLS", "https://", "unattempted"}, "rejected"},
		{"no such recording", answer(404, `{"error":"Recording not found"}`), nil, 2, []string{"not_found", "rejected"}, "unattempted"},
		{"no access", answer(401, `{"error":"unknown token"}`), nil, 1, []string{"unknown token", "--token-file", "unattempted", "relink resume"}, ""},
		{"forbidden", answer(403, ""), nil, 1, []string{"403 Forbidden", "unattempted"}, ""},
		{"broken", answer(500, `{"error":"oh"}`), []string{"--retry-timeout", "100ms"}, 2, []string{"failed,server_error", "500 Internal Server Error: oh"}, ""},
		{"dry", answer(500, ""), []string{"--dry-run"}, 0, []string{"needs --database", ",valid,"}, "500"},
		{"quiet", answer(200, `{"data":{"id":"e-1"}}`), []string{"--quiet"}, 0, []string{",linked,,,e-1,,"}, "notice"},
		{"the budget is exceeded", answer(200, `{"data":{"id":"e-1"}}`), []string{"--min-rows", "3"}, 1, []string{"fewer than the 3"}, "linked"},
		{"JSON", answer(200, `{"data":{"id":"e-1"}}`), []string{"--json"}, 0, []string{`"run": null`, `"linked": 2`}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &station{t: t, dir: t.TempDir()}
			s.token = filepath.Join(s.dir, "token")
			path := filepath.Join(s.dir, "links.csv")
			for file, text := range map[string]string{s.token: "secret\n", path: "recordingId,dataType,id\nr-1,ACCOUNT,e-1\nr-2,ACCOUNT,e-1\n"} {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s.listen(test.handle)
			got := call(t, nil, "", s.api(append(test.args, path)...)...)
			if got.status != test.status {
				t.Errorf("exits %d, want %d", got.status, test.status)
			}
			all := got.stdout + got.stderr + report(t, filepath.Join(s.dir, "out"), "*-api")
			for _, want := range test.want {
				if !strings.Contains(all, want) {
					t.Errorf("%q is not said in\n%s", want, all)
				}
			}
			if test.not != "" && strings.Contains(all, test.not) {
				t.Errorf("%q is said in\n%s", test.not, all)
			}
			if strings.Contains(all, "secret") {
				t.Errorf("the token is said in\n%s", all)
			}
		})
	}
}

func TestAPIFlagsThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	open := filepath.Join(dir, "open")
	for path, mode := range map[string]os.FileMode{token: 0o600, open: 0o644} {
		if err := os.WriteFile(path, []byte("t"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for args, want := range map[string]string{
		"--api http://127.0.0.1:1 links.csv":                                        "--token-file is missing",
		"--api http://127.0.0.1:1 --token-file TOKEN --database local links.csv":    "--api and --database are both given",
		"--api http://127.0.0.1:1 --token-file TOKEN --organization o-1 links.csv":  "--organization does not go with --api",
		"--api http://127.0.0.1:1 --token-file TOKEN --existing keep links.csv":     "--existing does not go with --api",
		"--api http://127.0.0.1:1 --token-file TOKEN --max-changes 3 links.csv":     "--max-changes does not go with --api",
		"--api http://127.0.0.1:1 --token-file TOKEN --expect report.csv links.csv": "--expect does not go with --api",
		"--api http://platform.example --token-file TOKEN links.csv":                "would be sent unencrypted",
		"--api http://127.0.0.1:1 --token-file OPEN --out OUT links.csv":            "others can read it (mode 0644)",
		"--api platform.example --token-file TOKEN links.csv":                       "is not the address of a server",
		"--api http://127.0.0.1:1 --token-file TOKEN --rate 0 links.csv":            "must be an integer of at least 1, or off",
		"--api http://127.0.0.1:1 --token-file TOKEN no-such-file.csv":              "no-such-file.csv",
		"--api http://127.0.0.1:1 --token-file no-such-token --out OUT links.csv":   "no-such-token",
	} {
		args = strings.NewReplacer("TOKEN", token, "OUT", dir, "OPEN", open).Replace(args)
		got := call(t, nil, "", append([]string{"import"}, strings.Fields(args)...)...)
		if got.status != exit.Error || !strings.Contains(got.stderr, want) {
			t.Errorf("import %s exits %d and says %q, want 1 and %q", args, got.status, got.stderr, want)
		}
	}
	got := call(t, nil, "", "resume", dir)
	if got.status != exit.Error || !strings.Contains(got.stderr, "is not the folder of an import with --api") {
		t.Errorf("resume of another folder exits %d and says %q", got.status, got.stderr)
	}
}

// A wrong address is detected with a single request, whatever is wrong with it.
func TestWrongAddressStopsAtOnce(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	path := s.file(1000)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for address, want := range map[string]string{
		s.url + "/v1":                              "without /v1",
		s.url + "/v1/core/recordings":              "without /v1",
		"http://" + closed.Addr().String():         "refused",
		strings.Replace(s.url, "http", "https", 1): "without TLS",
		"https://no-such-host.invalid":             "no-such-host.invalid",
	} {
		got := call(t, nil, "", "import", "--api", address, "--token-file", s.token, "--rate", "off", "--out", t.TempDir(), path)
		if got.status != exit.Error || !strings.Contains(got.stderr, want) || strings.Contains(got.stdout, "not_found") {
			t.Errorf("--api %s exits %d and says %s%s, want 1 and %q", address, got.status, got.stdout, got.stderr, want)
		}
		// Only a server that is down may be there when the run is resumed.
		if resumes := strings.Contains(got.stdout+got.stderr, "relink resume"); resumes != (want == "refused") {
			t.Errorf("--api %s says %s%s, which proposes to resume: %t", address, got.stdout, got.stderr, resumes)
		}
	}
	if asked := s.asked.Load(); asked > 2 {
		t.Errorf("%d requests, want one for each address with a server", asked)
	}
}

// Whatever a journal contains, the token goes only to where a typed address
// could send it, and is the one of this command line.
func TestResumeDoesNotBelieveAFolder(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	path := s.file(5)
	s.listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	call(t, nil, "", s.api(path)...)
	folders, err := filepath.Glob(filepath.Join(s.dir, "out", "*-api"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("folders %v, want one", folders)
	}
	dir, journal := folders[0], filepath.Join(folders[0], "journal.jsonl")
	text, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func()
		args   []string
		want   string
	}{
		"no token file":                {func() {}, nil, "--token-file is missing"},
		"a token that others can read": {func() { os.Chmod(s.token, 0o644) }, []string{"--token-file", s.token}, "others can read it"},
		"a journal that others write":  {func() { os.Chmod(journal, 0o666) }, []string{"--token-file", s.token}, "others can write to it"},
		"a folder that others write":   {func() { os.Chmod(dir, 0o777) }, []string{"--token-file", s.token}, "others can write to it"},
		"another address": {func() {
			os.WriteFile(journal, bytes.ReplaceAll(text, []byte(s.url), []byte("http://platform.example ")), 0o600)
		}, []string{"--token-file", s.token}, "would be sent unencrypted"},
	} {
		os.Chmod(s.token, 0o600)
		os.Chmod(journal, 0o600)
		os.Chmod(dir, 0o700)
		os.WriteFile(journal, text, 0o600)
		test.change()
		got := call(t, nil, "", append([]string{"resume", dir}, test.args...)...)
		if got.status != exit.Error || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%s: exits %d and says %q, want 1 and %q", name, got.status, got.stderr, test.want)
		}
	}
}
