package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/cmd/relink/exit"
	"relink/linker/postgres/localpg"
)

// replica is a streaming replica of a server, whose replay can be stopped.
type replica struct {
	t      *testing.T
	server *localpg.Server
}

func newReplica(t *testing.T, s *site, of *localpg.Server) *replica {
	t.Helper()
	bin := ask[string](s, "SELECT setting FROM pg_config WHERE name = 'BINDIR'")
	dir, err := os.MkdirTemp(localpg.TempDir(), "relink-replica-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	home := filepath.Join(dir, filepath.Base(of.Dir()))
	owner, err := os.Stat(of.Dir())
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err == nil {
		err = os.Mkdir(home, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	who := owner.Sys().(*syscall.Stat_t)
	cmd := exec.Command(filepath.Join(bin, "pg_basebackup"), "-D", filepath.Join(home, "data"), "-d", of.URL("postgres"), "-R", "-X", "stream", "-c", "fast", "--no-sync")
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		if err := os.Chown(home, int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: who.Uid, Gid: who.Gid}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	r := &replica{t: t}
	if r.server, err = localpg.Start(context.Background(), localpg.Config{Dir: dir, Throwaway: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := r.server.Leave(context.Background()); err != nil {
			t.Errorf("stopping the replica: %v", err)
		}
	})
	s.until("the replica streams", func() bool {
		return ask[int](s, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == 1
	})
	return r
}

func (r *replica) exec(sql string) {
	r.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, r.server.URL("postgres"))
	if err == nil {
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, sql)
	}
	if err != nil {
		r.t.Fatalf("%s: %v", sql, err)
	}
}

// A run waits for a replica that does not replay, with no transaction open and
// no row or table locked, and continues when it has caught up.
func TestMaxLag(t *testing.T) {
	t.Parallel()
	s, server := serverSite(t)
	s.remember()
	s.relink(exit.Rejected, "import", "--max-lag", "1s", "links.csv").says("no replica is connected")
	s.relink(exit.OK, "revert", "2")
	standby := newReplica(t, s, server)
	before := s.applied()
	s.slowly(200 * time.Millisecond)
	standby.exec("SELECT pg_wal_replay_pause()")
	args := []string{"import", "--lanes", "2", "--batch-rows", "2", "--max-lag", "1s", "links.csv"}
	p := s.start(args...)
	s.until("the run waits for the replica", func() bool { return strings.Contains(p.stderr.String(), "waiting: replica") })
	s.until("the batches in hand are done", func() bool { return !s.held() })
	at := s.applied()
	s.until("it holds nothing", func() bool {
		return ask[int](s, `
			SELECT count(*) FROM pg_stat_activity AS a
			LEFT JOIN pg_locks AS l ON l.pid = a.pid AND l.locktype IN ('relation', 'tuple', 'transactionid')
			WHERE a.application_name LIKE 'relink run %' AND (a.xact_start IS NOT NULL OR l.pid IS NOT NULL)`) == 0
	})
	time.Sleep(2 * time.Second)
	if now := s.applied(); now != at || now-before >= siteChanges {
		t.Fatalf("%d links were made while the replica was behind, %d before that", now-at, at-before)
	}
	standby.exec("SELECT pg_wal_replay_resume()")
	p.exits(exit.Rejected)
	p.says("the replicas have caught up")
	s.slowly(0)
	run := ask[int](s, "SELECT max(id) FROM relink.runs")
	s.isWholeBut(run, before)

	// A replica that disappears is waited for, but not forever; a signal ends
	// the wait.
	s.relink(exit.OK, "revert", strconv.Itoa(run))
	s.slowly(200 * time.Millisecond)
	standby.exec("SELECT pg_wal_replay_pause()")
	before = s.applied()
	p = s.start(append(args, "--retry-timeout", "11s")...)
	s.until("the run waits for the replica", func() bool { return strings.Contains(p.stderr.String(), "waiting: replica") })
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	p.exits(exit.Interrupted)
	run = ask[int](s, "SELECT max(id) FROM relink.runs")
	p = s.start("resume", "--lanes", "1", "--batch-rows", "2", "--max-lag", "1s", "--retry-timeout", "11s", strconv.Itoa(run))
	s.until("the resumed run waits, too", func() bool { return strings.Contains(p.stderr.String(), "waiting: replica") })
	if err := standby.server.Crash(context.Background(), localpg.Immediate); err != nil {
		t.Fatal(err)
	}
	p.exits(exit.Rejected)
	p.says("it is not waited for any more")
	s.isWholeBut(run, before)
}

// A role that may not see replicas is refused before anything is recorded: to it
// they would seem not to be behind.
func TestMaxLagNeedsAPrivilege(t *testing.T) {
	t.Parallel()
	s, _ := serverSite(t)
	s.exec(`CREATE ROLE plain LOGIN;
		GRANT USAGE ON SCHEMA public TO plain; GRANT ALL ON ALL TABLES IN SCHEMA public, relink TO plain; GRANT ALL ON SCHEMA relink TO plain`)
	s.url = strings.Replace(s.url, "user="+localpg.User, "user=plain", 1)
	if !strings.Contains(s.url, "user=plain") {
		t.Fatalf("%s has no user", s.url)
	}
	s.relink(exit.Error, "import", "--max-lag", "5s", "links.csv").says("role plain may not see how far the replicas are behind", "GRANT pg_read_all_stats TO plain")
	if n := ask[int](s, "SELECT count(*) FROM relink.runs"); n != 0 {
		t.Errorf("%d runs are recorded", n)
	}
	s.exec("GRANT pg_read_all_stats TO plain")
	s.relink(exit.Rejected, "import", "--max-lag", "5s", "links.csv").says("no replica is connected")
}

// What ends a run early, or slows it, changes nothing of what it does.
func TestPace(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.remember()
	// 48 rows at 20 a second, in batches of a second's rows at most: the third
	// batch cannot begin before two seconds are over, whatever the machine.
	began := time.Now()
	p := s.relink(exit.Rejected, "import", "--rate", "1200", "links.csv")
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("48 rows at 1,200 a minute took %s\n%s", took, p.stderr.String())
	}
	s.isWhole(2)
	s.relink(exit.OK, "revert", "--rate", "off", "2")
	before := s.applied()
	p = s.start("import", "--rate", "1", "links.csv")
	s.until("the first row is there", func() bool { return s.applied() > before })
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	p.exits(exit.Interrupted)
	if n := s.applied() - before; n != 1 {
		t.Errorf("at one row a minute %d were written", n)
	}
	s.slowly(300 * time.Millisecond)
	p = s.relink(exit.Interrupted, "resume", "--lanes", "1", "--batch-rows", "2", "--max-duration", "3s", "4")
	p.says("the run stops at", "--max-duration 3s is over: stopping after the batches in hand", "relink resume 4 continues it")
	s.slowly(0)
	if n := s.applied() - before; n >= siteChanges {
		t.Errorf("%d rows were written within the duration", n)
	}
	s.relink(exit.Rejected, "resume", "--until", "23:59", "4").says("(--until 23:59)")
	s.isWholeBut(4, before)
	for _, args := range []string{"--until 25:00", "--until noon", "--rate 0", "--rate fast", "--max-lag -1s", "--max-duration 5"} {
		s.relink(exit.Error, append([]string{"import", "links.csv"}, strings.Fields(args)...)...).says("must be")
	}
}
