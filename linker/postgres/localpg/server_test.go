//go:build unix

package localpg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// newDir returns a folder that the server's owner can reach: those of
// testing.T are closed to others.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(TempDir(), "localpg-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	return s
}

func leave(t *testing.T, s *Server, want bool) {
	t.Helper()
	if got, err := s.Leave(context.Background()); got != want || err != nil {
		t.Errorf("Leave stopped the server = %v (%v), want %v", got, err, want)
	}
}

// query runs a statement in a new session and returns its one value.
func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connecting to %s: %v", url, err)
	}
	defer conn.Close(context.Background())
	var value string
	err = conn.QueryRow(t.Context(), sql).Scan(&value)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func TestUsersShareOneServerAndTheLastStopsIt(t *testing.T) {
	t.Parallel()
	cfg := Config{Dir: newDir(t), Throwaway: true}
	first := start(t, cfg)
	second := start(t, cfg)
	if got, want := query(t, second.URL(Database), "SELECT current_user || ' ' || current_setting('listen_addresses')"), User+" "; got != want {
		t.Errorf("user and addresses of the server = %q, want %q", got, want)
	}
	pid, _ := first.PID()
	if again, err := second.PID(); again != pid || err != nil {
		t.Errorf("the second user's server = %d (%v), want %d", again, err, pid)
	}
	if stopped, err := Stop(t.Context(), cfg); stopped || !errors.Is(err, ErrInUse) {
		t.Errorf("Stop of a server in use = %v, %v, want ErrInUse", stopped, err)
	}
	leave(t, first, false)
	query(t, second.URL(Database), "SELECT 'still there'")

	if err := second.Keep(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	leave(t, second, false)
	second = start(t, cfg)
	if err := second.Keep(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	leave(t, second, true)
	if _, err := os.Stat(second.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of a throwaway server after it stopped: %v, want none", err)
	}
}

func TestDataOutlivesTheServer(t *testing.T) {
	t.Parallel()
	// A folder as people have it, with what URLs, shells and lists of
	// settings take for something else.
	cfg := Config{Dir: filepath.Join(newDir(t), `My "Data" 100% + $HOME 'mine'`)}
	s := start(t, cfg)
	if got := query(t, s.URL(Database), "SELECT current_setting('fsync') || current_setting('synchronous_commit')"); got != "onon" {
		t.Errorf("fsync and synchronous_commit of a server with data = %s, want both on", got)
	}
	query(t, s.URL(Database), "CREATE TABLE kept AS SELECT 'the value' AS value")
	leave(t, s, true)
	if state, err := Status(t.Context(), cfg); state.Running || err != nil {
		t.Errorf("Status after the last user left = %+v (%v), want not running", state, err)
	}

	s = start(t, Config{Dir: cfg.Dir, Keep: true})
	if got := query(t, s.URL(Database), "SELECT value FROM kept"); got != "the value" {
		t.Errorf("value after a restart = %q, want %q", got, "the value")
	}
	leave(t, s, false)
	leave(t, start(t, cfg), false) // another user does not stop it either
	state, err := Status(t.Context(), cfg)
	if err != nil || !state.Running || state.PID == 0 || state.URL != s.URL(Database) || state.Version == "" {
		t.Errorf("Status of a kept server = %+v (%v), want it running", state, err)
	}
	for _, want := range []bool{true, false} {
		if got, err := Stop(t.Context(), cfg); got != want || err != nil {
			t.Errorf("Stop = %v (%v), want %v", got, err, want)
		}
	}
	if state, err := Status(t.Context(), cfg); state.Running || err != nil {
		t.Errorf("Status after Stop = %+v (%v), want not running", state, err)
	}
}

func TestStartAfterTheServerWasKilled(t *testing.T) {
	t.Parallel()
	cfg := Config{Dir: newDir(t), Throwaway: true}
	s := start(t, cfg)
	query(t, s.URL(Database), "CREATE TABLE kept AS SELECT 'the value' AS value")
	busy, err := pgx.Connect(t.Context(), s.URL(Database))
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close(context.Background())
	for _, crash := range []func(pid int) error{
		func(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) },
		func(int) error { return s.Crash(t.Context(), Immediate) },
		func(int) error { return s.Crash(t.Context(), Fast) },
	} {
		pid, err := s.PID()
		if err != nil {
			t.Fatal(err)
		}
		if err := crash(pid); err != nil {
			t.Fatal(err)
		}
		if err := s.Restart(t.Context()); err != nil {
			t.Fatalf("Restart: %v", err)
		}
		if got := query(t, s.URL(Database), "SELECT value FROM kept"); got != "the value" {
			t.Errorf("value after a crash = %q, want %q", got, "the value")
		}
	}

	// As if initdb had been killed: half of the data, under its first name.
	if err := s.Crash(t.Context(), Immediate); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(s.place.data(), s.place.data()+".new"); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatalf("Restart: %v", err)
	}
	if got := query(t, s.URL(Database), "SELECT coalesce(to_regclass('kept')::text, 'nothing')"); got != "nothing" {
		t.Errorf("table in a new database = %s, want nothing", got)
	}
	leave(t, s, true)
}

// process is another process that uses a server.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
}

func startProcess(t *testing.T, dir string, as func(*exec.Cmd)) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(self)}
	as(p.cmd)
	p.cmd.Env = append(os.Environ(), childVariable+"="+dir)
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(stdout)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill(); p.cmd.Wait() })
	return p
}

// said returns the next line of the process.
func (p *process) said() string {
	p.lines.Scan()
	return p.lines.Text()
}

func (p *process) end(t *testing.T) string {
	t.Helper()
	p.stdin.Close()
	line := p.said()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	return line
}

func sameUser(*exec.Cmd) {}

func TestProcessesStartOneServerTogether(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	var processes []*process
	for range 4 {
		processes = append(processes, startProcess(t, dir, sameUser))
	}
	want := processes[0].said()
	for _, p := range processes[1:] {
		if got := p.said(); got != want || !strings.HasPrefix(got, "server ") {
			t.Errorf("a process says %q, another %q; want one server", got, want)
		}
	}
	for i, p := range processes {
		want := fmt.Sprintf("stopped %v <nil>", i == len(processes)-1)
		if got := p.end(t); got != want {
			t.Errorf("process %d of %d, leaving, says %q, want %q", i+1, len(processes), got, want)
		}
	}
}

func TestTheServerOfAKilledProcessIsAdopted(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := startProcess(t, dir, sameUser)
	said := p.said()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.cmd.Wait()
	s := start(t, Config{Dir: dir, Throwaway: true})
	if pid, err := s.PID(); fmt.Sprint("server ", pid) != said || err != nil {
		t.Errorf("adopted server %d (%v), want that of %q", pid, err, said)
	}
	leave(t, s, true)
}

// Where the tests run as root, this is the road of everybody else.
func TestAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("this user is an ordinary one: every other test is this test")
		return
	}
	dir := newDir(t)
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	// The test's own program may be in a folder that is closed to others.
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "localpg.test")
	if err := os.WriteFile(program, text, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, filepath.Join(dir, "server"), func(cmd *exec.Cmd) {
		cmd.Path = program
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	})
	if got := p.said(); !strings.HasPrefix(got, "server ") {
		t.Fatalf("an ordinary user's process says %q, want a server", got)
	}
	if got, want := p.end(t), "stopped true <nil>"; got != want {
		t.Errorf("an ordinary user's process says %q, want %q", got, want)
	}
}

func TestALongFolderHasItsSocketElsewhere(t *testing.T) {
	t.Parallel()
	if got, want := socketFolder("/home/me/relink/17"), "/home/me/relink/17/socket"; got != want {
		t.Errorf("socket folder of a usual folder = %s, want %s", got, want)
	}
	if got := socketFolder("/home/me, myself/17"); strings.Contains(got, ",") {
		t.Errorf("socket folder of a folder with a comma = %s, which pgx reads as two hosts", got)
	}
	dir := filepath.Join(newDir(t), strings.Repeat("a-long-name-", 10))
	s := start(t, Config{Dir: dir, Throwaway: true})
	query(t, s.URL(Database), "SELECT 'there'")
	sockets := s.place.sockets
	if strings.HasPrefix(sockets, dir) || len(filepath.Join(sockets, socketName)) > maxSocketPath {
		t.Errorf("socket folder = %s, want a short one", sockets)
	}
	info, err := os.Stat(sockets)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the socket folder = %v (%v), want 0700", info, err)
	}
	leave(t, s, true)
	if _, err := os.Stat(sockets); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket folder after the server stopped: %v, want none", err)
	}
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Dir: newDir(t), Throwaway: true})
	if err := s.Crash(t.Context(), Fast); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(s.place.data(), "postgresql.conf")
	if err := os.WriteFile(config, []byte("no_such_setting = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := s.Restart(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("Restart with a bad configuration = %v, want the server's own words", err)
	}
	leave(t, s, true)
}

func TestAStartThatIsInterruptedLeavesNoServer(t *testing.T) {
	t.Parallel()
	cfg := Config{Dir: newDir(t)}
	leave(t, start(t, cfg), true)
	for _, after := range []time.Duration{0, 20 * time.Millisecond, 60 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		s, err := Start(ctx, cfg)
		cancel()
		if err == nil { // it was faster
			leave(t, s, true)
		}
		if state, err := Status(t.Context(), cfg); state.Running || err != nil {
			t.Errorf("Status after a start that was interrupted after %v = %+v (%v), want not running", after, state, err)
		}
	}
}

func TestWaitingForALockEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(newDir(t), "a.lock")
	held, err := lockExclusive(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the user has gone home")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Millisecond, cause)
	defer cancel()
	if _, err := lockShared(ctx, path); !errors.Is(err, cause) {
		t.Errorf("waiting for a lock that is held = %v, want why its context ended", err)
	}
	release(held)
	if _, err := lockShared(t.Context(), path); err != nil {
		t.Errorf("taking a lock that is free again: %v", err)
	}
}
