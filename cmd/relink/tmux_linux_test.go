package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// multiplexer is a tmux with one window in which a command runs: a terminal
// that can be looked at, made narrower and typed into.
type multiplexer struct {
	t      *testing.T
	socket string
}

func newMultiplexer(t *testing.T, columns int, command string) *multiplexer {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Fatal("no tmux on this machine; install it: apt-get update && apt-get install -y tmux")
	}
	dir, err := os.MkdirTemp("", "tmux-") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	m := &multiplexer{t, filepath.Join(dir, "s")}
	t.Cleanup(func() {
		_ = exec.Command("tmux", "-S", m.socket, "kill-server").Run()
		os.RemoveAll(dir)
	})
	m.do("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(columns), "-y", "24", command)
	return m
}

func (m *multiplexer) do(args ...string) string {
	m.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-u", "-S", m.socket}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("tmux %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// await looks at the screen until it matches, and returns it.
func (m *multiplexer) await(pattern string) string {
	m.t.Helper()
	want := regexp.MustCompile(pattern)
	var screen string
	for range 600 {
		if screen = strings.TrimRight(m.do("capture-pane", "-p", "-S", "-"), "\n"); want.MatchString(screen) {
			return screen
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.t.Fatalf("the screen never shows %s:\n%s", pattern, screen)
	return ""
}

// TestProgressOnATerminal runs an import in tmux: it shows one line, also when
// the window becomes narrower, and leaves a clean screen when interrupted.
func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	url, dir := pgtest.Database(t), t.TempDir()
	ctx := context.Background()
	conn, err := pgtest.Open(ctx, pg.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	// Every link takes its time, so that there is something to look at.
	_, err = conn.Exec(ctx, `
		INSERT INTO integration_connections (id, organization_id, platform, name, is_active) VALUES ('c-1', 'o-1', 'salesforce', 'One', true);
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id) VALUES ('e-1', 'ACCOUNT', 'c-1', 'x-1');
		INSERT INTO recordings (id, organization_id) SELECT 'r-' || n, 'o-1' FROM generate_series(1, 2000) AS n;
		CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END';
		CREATE TRIGGER slow BEFORE INSERT ON recording_links FOR EACH ROW EXECUTE FUNCTION slow()`)
	if err != nil {
		t.Fatal(err)
	}
	var links strings.Builder
	links.WriteString("recordingId,dataType,id\nr-1,,e-1\n")
	for n := range 2000 {
		fmt.Fprintf(&links, "r-%d,ACCOUNT,e-1\n", n+1)
	}
	file, program := filepath.Join(dir, "links.csv"), filepath.Join(dir, "relink")
	if err := os.WriteFile(file, []byte(links.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	test, err := os.Executable() // which is the program when it is called relink
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(test, program); err != nil {
		t.Fatal(err)
	}

	m := newMultiplexer(t, 100, fmt.Sprintf("cd %s; PS1= ; echo before; ./relink import --batch-rows 10 --lanes 2 --database '%s' links.csv; echo \"status $?\"; exec sleep 60", dir, url))
	screen := m.await(`3/4 applying +\d+% \|█.*\|  1 rejected, \S+ left, \d+ rows/s, 2 lanes`)
	if n := strings.Count(screen, "\n"); n > 3 {
		t.Errorf("the screen has more than what was before, a notice and the line:\n%s", screen)
	}
	m.do("resize-window", "-x", "42")
	screen = m.await(`(?m)^3/4 applying +\d+%  1 rejected, \S+ left$`)
	if strings.Count(screen, "applying") != 1 || strings.Contains(screen, "lanes") {
		t.Errorf("made narrower, the window keeps pieces of the line:\n%s", screen)
	}
	m.do("resize-window", "-x", "120")
	m.await(`3/4 applying .*2 lanes`)
	m.do("send-keys", "C-c")
	screen = m.await(`status 130`)
	for _, want := range []string{"stopping after the batches in hand", "Interrupted: ", "relink resume"} {
		if !strings.Contains(screen, want) {
			t.Errorf("the screen does not say %q:\n%s", want, screen)
		}
	}
	if strings.Contains(screen, "applying") || strings.Contains(screen, "reporting") || !strings.HasPrefix(screen, "before\n") {
		t.Errorf("the interrupted run leaves its line on the screen:\n%s", screen)
	}
}
