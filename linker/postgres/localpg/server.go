package localpg

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"
)

// User is the superuser of every local server.
const User = "relink"

// Database is the database that every local server has from the start.
const Database = "relink"

// Config says which server is meant. The zero value is the local database of
// this user.
type Config struct {
	// Dir is the folder that everything stands in: locks, data, log. It is
	// made when it is missing. Defaults to UserDir.
	Dir string
	// BinDir is the folder of the server programs. Defaults to $RELINK_PG_BIN,
	// else the newest supported ones found on the machine.
	BinDir string
	// Throwaway makes a server whose data nobody wants once it has stopped: it
	// never waits for the disk, takes many sessions, and is deleted at the end.
	Throwaway bool
	// Keep lets the server run on when its last user leaves, until Stop.
	Keep bool
}

// Mode is the way in which a server is stopped.
type Mode string

// The ways to stop a server. Fast ends the sessions and writes everything
// down; Immediate is a crash on purpose, and the next start recovers from it.
const (
	Fast      Mode = "fast"
	Immediate Mode = "immediate"
)

// ErrInUse says that a server was not stopped because another process uses it.
var ErrInUse = errors.New("the local database is in use by another relink process")

// Server is a local server that this process uses. While it has it, no other
// process stops it by leaving. Its methods are not safe for concurrent use,
// but for URL.
type Server struct {
	place place
	users *flock.Flock
}

// Start joins the server that cfg names, and starts it first when it does not
// run: a new one takes about a second, one that has been there a tenth of it,
// and one that runs some milliseconds. The caller must Leave it.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	p, err := locate(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := p.makeDir(); err != nil {
		return nil, err
	}
	starting, err := lockExclusive(ctx, p.startLock())
	if err != nil {
		return nil, err
	}
	defer release(starting)

	users, err := lockShared(ctx, p.usersLock())
	if err != nil {
		return nil, err
	}
	s := &Server{place: p, users: users}
	if err := s.start(ctx); err != nil {
		release(users)
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	if err := s.place.start(ctx); err != nil {
		return err
	}
	if s.place.cfg.Keep {
		return s.place.keep(forever)
	}
	return nil
}

// Keep lets the server run on until the given time when its last user leaves.
func (s *Server) Keep(until time.Time) error { return s.place.keep(until) }

// Kept tells whether the server runs on when its last user leaves.
func (s *Server) Kept() bool { return s.place.kept() }

// URL returns the connection URL of a database of the server.
func (s *Server) URL(database string) string { return s.place.url(database) }

// Dir returns the folder that the server alone lives in.
func (s *Server) Dir() string { return s.place.home }

// Leave ends this process's use of the server and reports whether it was the
// last one, so that the server was stopped. A throwaway server is then deleted
// with all its data. A server that anyone asked to keep stays as it is. The
// Server is of no use afterwards.
func (s *Server) Leave(ctx context.Context) (stopped bool, err error) {
	defer release(s.users)
	starting, err := lockExclusive(ctx, s.place.startLock())
	if err != nil {
		return false, err
	}
	defer release(starting)
	last, err := s.users.TryLock() // turns the shared lock into an exclusive one, or loses it
	if err != nil || !last || s.place.kept() {
		return false, locking(s.users.Path(), err)
	}
	return true, s.place.end(ctx)
}

// Crash stops the server under all of its users, in the given mode, and keeps
// this process's use of it; Restart brings it back. It is for tests of what
// happens when a database goes away.
func (s *Server) Crash(ctx context.Context, mode Mode) error {
	return s.place.stop(ctx, mode)
}

// Restart starts the server again if it does not run.
func (s *Server) Restart(ctx context.Context) error {
	starting, err := lockExclusive(ctx, s.place.startLock())
	if err != nil {
		return err
	}
	defer release(starting)
	return s.start(ctx)
}

// PID returns the process id of the running server.
func (s *Server) PID() (int, error) { return s.place.pid() }

// State is what is known about a local server from outside.
type State struct {
	// Running tells whether the server accepts connections. PID is 0 when not.
	Running bool
	PID     int
	// Version is the version of the server programs.
	Version string
	// Dir is the server's folder and Log the file that the server writes its
	// messages to. URL is the address of its database.
	Dir, Log, URL string
}

// Status looks at the server that cfg names and changes nothing.
func Status(ctx context.Context, cfg Config) (State, error) {
	p, err := locate(ctx, cfg)
	if err != nil {
		return State{}, err
	}
	state := State{Version: p.programs.version, Dir: p.home, Log: p.logFile(), URL: p.url(Database)}
	if p.ping(ctx) != nil {
		return state, nil
	}
	state.Running = true
	state.PID, err = p.pid()
	return state, err
}

// Stop stops the server that cfg names, kept or not, and reports whether there
// was one to stop. The error is ErrInUse when another process uses it.
func Stop(ctx context.Context, cfg Config) (stopped bool, err error) {
	p, err := locate(ctx, cfg)
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(p.home); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	starting, err := lockExclusive(ctx, p.startLock())
	if err != nil {
		return false, err
	}
	defer release(starting)
	users := newLock(p.usersLock())
	defer release(users)
	alone, err := users.TryLock()
	if err != nil {
		return false, locking(users.Path(), err)
	}
	if !alone {
		return false, ErrInUse
	}

	if _, err := p.pid(); err != nil {
		return false, nil
	}
	return true, p.end(ctx)
}

// place is where a server lives and what it is run with.
type place struct {
	cfg      Config
	programs programs
	owner    owner
	home     string // the folder of this server, named by its major version
	sockets  string // the folder of its socket
}

func (p place) data() string      { return filepath.Join(p.home, dataName) }
func (p place) logFile() string   { return filepath.Join(p.home, logName) }
func (p place) startLock() string { return p.home + ".start.lock" }
func (p place) usersLock() string { return p.home + ".users.lock" }
func (p place) keepFile() string  { return p.home + ".keep" }

// url puts the socket folder into a query parameter and not where the host
// stands, because a path does not fit there. It is escaped with PathEscape,
// because pgx does not read + as a blank.
func (p place) url(database string) string {
	return fmt.Sprintf("postgres:///%s?host=%s&user=%s",
		url.PathEscape(database), url.PathEscape(p.sockets), User)
}

// ping returns nil when the server accepts connections.
func (p place) ping(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.url("postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// pid returns the process id that the server wrote down when it started. A
// server that stops takes the file away; a crashed one leaves it.
func (p place) pid() (int, error) {
	text, err := os.ReadFile(filepath.Join(p.data(), "postmaster.pid"))
	if err != nil {
		return 0, fmt.Errorf("looking for the local database: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return 0, fmt.Errorf("looking for the local database: %w", err)
	}
	return pid, nil
}

// forever is the time until which a server is kept that waits for Stop.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// keep writes down until when the server is to run without users.
func (p place) keep(until time.Time) error {
	err := os.WriteFile(p.keepFile(), []byte(until.UTC().Format(time.RFC3339)+"\n"), 0o644)
	if err != nil {
		return fmt.Errorf("keeping the local database: %w", err)
	}
	return nil
}

// kept tells whether the server is to run on without users.
func (p place) kept() bool {
	text, err := os.ReadFile(p.keepFile())
	if err != nil {
		return false
	}
	until, err := time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
	return err == nil && time.Now().Before(until)
}

// end stops the server for good, and deletes a throwaway one.
func (p place) end(ctx context.Context) error {
	if err := os.Remove(p.keepFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("stopping the local database: %w", err)
	}
	if !p.cfg.Throwaway {
		return p.stop(ctx, Fast)
	}
	if err := p.stop(ctx, Immediate); err != nil {
		return err
	}
	for _, dir := range []string{p.home, p.sockets} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing the local database: %w", err)
		}
	}
	return nil
}
