package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relink/cmd/relink/exit"
	"relink/linker/postgres/localpg"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// cut ends all sessions of runs in the server, or those of one purpose.
func (s *site) cut(purpose string) {
	s.t.Helper()
	s.exec(`
		SELECT pg_terminate_backend(pid)
		FROM pg_stat_activity
		WHERE datname = current_database() AND application_name LIKE 'relink run %' || $1`, purpose)
}

// A lost connection, wherever the run is, changes nothing: the same process
// continues.
func TestLostConnections(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, point string }{
		{"while it stages", "CREATE TABLE"},
		{"while it plans", "CREATE TABLE AS"},
		{"before it writes", "applying"},
		{"before it reports", "reporting"},
		{"when it has reported", "done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			run := s.remember() + 1
			s.holdAt(c.point)
			p := s.start("import", "links.csv")
			s.until("the run is held", s.held)
			s.cut("")
			s.released()
			p.exits(exit.Rejected)
			p.says("relink: notice: ", "; trying again in ")
			s.isWhole(run)
		})
	}
	t.Run("of the leader, while another statement runs", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.holdAt("applying")
		p := s.start("import", "links.csv")
		s.until("the run is held", s.held)
		s.cut(" leader")
		s.until("the run notices, although its statement is not done", func() bool {
			return strings.Contains(p.stderr.String(), "; trying again in ")
		})
		s.released()
		p.exits(exit.Rejected)
	})
	t.Run("while it applies", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		run := s.remember() + 1
		s.slowly(100 * time.Millisecond)
		p := s.slowRun()
		s.cut("")
		s.slowly(0)
		p.exits(exit.Rejected)
		p.says("the database says: terminating connection due to administrator command; trying again in ")
		s.isWhole(run)
	})
}

func TestServerGoesAway(t *testing.T) {
	t.Parallel()
	s, server := serverSite(t)
	run := s.remember() + 1
	s.slowly(100 * time.Millisecond)
	p := s.slowRun("--retry-timeout", "1m")
	if err := server.Crash(context.Background(), localpg.Immediate); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if err := server.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.slowly(0)
	p.exits(exit.Rejected)
	p.says("; trying again in ")
	s.isWhole(run)
	s.relink(exit.OK, "revert", "--quiet", fmt.Sprint(run))

	// It stays away for longer than the run may wait.
	before := s.applied()
	s.slowly(100 * time.Millisecond)
	p = s.start("import", "--batch-rows", "5", "--lanes", "1", "--retry-timeout", "1s", "links.csv")
	s.until("it applies", func() bool { return s.applied() >= before+10 && s.held() })
	if err := server.Crash(context.Background(), localpg.Immediate); err != nil {
		t.Fatal(err)
	}
	p.exits(exit.Error)
	if err := server.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
	run = ask[int](s, "SELECT max(id) FROM relink.runs") // a crash leaves some out
	p.says("giving up: 1s without the database", "relink: error: there is no database server at ", fmt.Sprintf("relink resume %d continues it", run))
	s.slowly(0)
	s.relink(exit.Rejected, "resume", fmt.Sprint(run))
	if got, want := s.files(run)["report.csv"], s.want["report.csv"]; got != want {
		t.Errorf("report of the resumed run is\n%swant\n%s", got, want)
	}
	if names := s.names(run); slices.ContainsFunc(names, func(name string) bool { return name[0] == '.' }) {
		t.Errorf("the folder holds %v, want nothing unfinished", names)
	}
}

// lock locks a table of the site from another session, until the returned
// function is called.
func (s *site) lock(table, mode string) (free func()) {
	s.t.Helper()
	conn, err := pgtest.Open(context.Background(), pg.Config{URL: s.url, ApplicationName: "platform migration"})
	if err != nil {
		s.t.Fatal(err)
	}
	do := func(sql string) {
		if _, err := conn.Exec(context.Background(), sql); err != nil {
			s.t.Fatal(err)
		}
	}
	do("BEGIN; LOCK TABLE " + table + " IN " + mode + " MODE")
	return func() {
		do("COMMIT")
		conn.Close(context.Background())
	}
}

// A table that an ALTER TABLE or a CREATE INDEX holds is waited for, with a word
// about who holds it: no row fails for it.
func TestLockedTables(t *testing.T) {
	t.Parallel()
	waits := "relink: notice: waiting for a lock on table public.recording_links that session "
	for _, mode := range []string{"ACCESS EXCLUSIVE", "SHARE"} {
		t.Run("while it applies, "+mode, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			run := s.remember() + 1
			s.slowly(100 * time.Millisecond)
			p := s.slowRun()
			free := s.lock("recording_links", mode)
			s.until("it says for what it waits", func() bool { return strings.Contains(p.stderr.String(), waits) })
			free()
			p.exits(exit.Rejected)
			p.says("(platform migration) of role relink holds: BEGIN; LOCK TABLE recording_links")
			s.isWhole(run)
		})
	}
	t.Run("while it plans", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		run := s.remember() + 1
		free := s.lock("recording_links", "ACCESS EXCLUSIVE")
		p := s.start("import", "links.csv")
		s.until("it says for what it waits", func() bool { return strings.Contains(p.stderr.String(), waits) })
		free()
		p.exits(exit.Rejected)
		s.isWhole(run)
	})
	t.Run("a table that is only read", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		run := s.remember() + 1
		free := s.lock("integration_connections", "ACCESS EXCLUSIVE")
		p := s.start("import", "links.csv")
		s.until("it says that it waits", func() bool { return strings.Contains(p.stderr.String(), "relink: notice: waiting for a lock on ") })
		free()
		p.exits(exit.Rejected)
		s.isWhole(run)
	})
	t.Run("for too long", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		free := s.lock("recording_links", "ACCESS EXCLUSIVE")
		defer free()
		p := s.relink(exit.Error, "import", "--retry-timeout", "0s", "links.csv")
		p.says("relink: error: gave up after waiting 10s for a lock on table public.recording_links that session ")
	})
}

// A failover makes the primary read-only, and refuses connections for a while:
// the same process continues when there is a primary again.
func TestFailover(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run := s.remember() + 1
	s.slowly(100 * time.Millisecond)
	p := s.slowRun("--retry-timeout", "1m")
	name := ask[string](s, "SELECT quote_ident(current_database())")
	s.exec("ALTER DATABASE " + name + " SET default_transaction_read_only = on")
	s.cut("")
	s.until("it has met the server that only reads", func() bool {
		return strings.Contains(p.stderr.String(), "read-only transaction; trying again in ")
	})
	s.exec("ALTER DATABASE " + name + " RESET default_transaction_read_only")
	s.slowly(0)
	p.exits(exit.Rejected)
	s.isWhole(run)
}

// network is a proxy between relink and its server that can fail as networks
// do.
type network struct {
	listener net.Listener
	server   string
	failing  atomic.Bool
	mu       sync.Mutex
	open     []net.Conn
}

// newNetwork listens on a port of its own in front of the site's server.
func newNetwork(t *testing.T, s *site) *network {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	n := &network{listener: listener, server: filepath.Join(address.Query().Get("host"), ".s.PGSQL.5432")}
	t.Cleanup(func() { listener.Close() })
	go n.accept()
	return n
}

func (n *network) accept() {
	for {
		client, err := n.listener.Accept()
		if err != nil {
			return
		}
		if n.failing.Load() {
			client.(*net.TCPConn).SetLinger(0) // it is reset, not closed
			client.Close()
			continue
		}
		server, err := net.Dial("unix", n.server)
		if err != nil {
			client.Close()
			continue
		}
		n.mu.Lock()
		n.open = append(n.open, client, server)
		n.mu.Unlock()
		for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
			go func() {
				io.Copy(way[0], way[1])
				way[0].Close()
			}()
		}
	}
}

// fails cuts all connections and resets new ones.
func (n *network) fails() {
	n.failing.Store(true)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, conn := range n.open {
		conn.Close()
	}
}

// url is the site's, by way of the network.
func (n *network) url(s *site) string {
	host, port, _ := net.SplitHostPort(n.listener.Addr().String())
	return fmt.Sprintf("%s&host=%s&port=%s&sslmode=disable", s.url, host, port)
}

// A network that fails during a run is waited for; one that fails before it has
// had its database ends it at once.
func TestNetworkFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run := s.remember() + 1
	n := newNetwork(t, s)
	env := []string{"RELINK_DATABASE=" + n.url(s)}
	n.fails()
	p := s.startWith(env, "import", "links.csv")
	p.exits(exit.Error)
	p.says("relink: error: the database server at 127.0.0.1:")
	if strings.Contains(p.stderr.String(), "trying again") {
		t.Errorf("it says\n%sbut has never had its database", p.stderr.String())
	}
	n.failing.Store(false)
	s.slowly(100 * time.Millisecond)
	before := s.applied()
	p = s.startWith(env, "import", "--batch-rows", "5", "--lanes", "1", "links.csv")
	s.until("it applies", func() bool { return s.applied() >= before+10 })
	n.fails()
	s.until("it tries again and is reset", func() bool { return strings.Count(p.stderr.String(), "; trying again in ") >= 2 })
	s.slowly(0)
	n.failing.Store(false)
	p.exits(exit.Rejected)
	s.isWhole(run)
}
