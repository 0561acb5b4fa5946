package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"relink/cmd/relink/exit"
)

func TestTwoProcessesAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run := s.remember() + 1
	s.file("other.csv", "recordingId,dataType,id\nr-2,ACCOUNT,e-7\n")
	s.slowly(250 * time.Millisecond)
	first := s.slowRun()
	holder := fmt.Sprintf("another run is running: import %d, started ", run)
	process := fmt.Sprintf(" by process %d on ", first.Process.Pid)

	second := s.start("import", "other.csv")
	waits := s.start("import", "--lock-timeout", "1m", "other.csv")
	dry := s.start("import", "--dry-run", "other.csv")
	undo := s.start("revert", "--lock-timeout", "100ms", fmt.Sprint(run))

	second.exits(exit.Busy)
	second.says("relink: error: "+holder, process, "--lock-timeout")
	dry.exits(exit.OK)
	undo.exits(exit.Busy)
	select {
	case <-first.ended:
		t.Error("the first run has ended: nothing is shown")
	default:
	}
	s.slowly(0)
	first.exits(exit.Rejected)
	waits.exits(exit.OK)
	s.isWholeBut(run, 1)
	waits.says("notice: waiting for import", process)
	if list := s.relink(exit.OK, "runs", "--json").stdout.String(); strings.Contains(list, `"abandoned"`) {
		t.Errorf("runs --json says\n%s, want no record of the one that was not let in", list)
	}
}

// A process that was killed while it held the lock blocks nobody, even while
// the server is still working for it.
func TestKilledHolderBlocksNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.file("other.csv", "recordingId,dataType,id\nr-2,ACCOUNT,e-7\n")
	s.slowly(700 * time.Millisecond)
	p := s.start("import", "--batch-rows", "5", "--lanes", "1", "links.csv")
	s.until("a batch is at work", s.held)
	p.kills()
	next := s.start("import", "other.csv")
	next.stdin.Close()
	next.exits(exit.OK)
	next.says("run 1 was interrupted on ")
	s.relink(exit.OK, "runs", "clean")
	s.relink(exit.OK, "revert", "--quiet", "2")
}

func TestCleanLeavesLiveRunsAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dead := s.kill9()
	tables := func(run int) int {
		return ask[int](s, "SELECT count(*) FROM pg_tables WHERE schemaname = 'relink' AND tablename LIKE format('run\\_%s\\_%%', $1::bigint)", run)
	}
	if tables(dead) == 0 {
		t.Fatal("the dead run has left no tables: nothing is shown")
	}
	s.slowly(300 * time.Millisecond)
	before := s.applied()
	p := s.start("import", "--batch-rows", "5", "--lanes", "1", "links.csv")
	s.until("it applies", func() bool { return s.applied() > before && s.held() })
	live := dead + 1
	// The live run has dropped those of the dead one.
	s.exec(fmt.Sprintf("CREATE UNLOGGED TABLE relink.run_%d_staged ()", dead))
	out := s.relink(exit.OK, "runs", "clean").stdout.String()
	if tables(dead) != 0 || tables(live) == 0 || out != fmt.Sprintf("dropped relink.run_%d_staged\n", dead) {
		t.Errorf("runs clean says\n%sand leaves %d tables of the dead run, %d of the live one", out, tables(dead), tables(live))
	}
	s.slowly(0)
	p.exits(exit.Rejected)
	if n := tables(live); n != 0 {
		t.Errorf("%d tables are left of a run that ended well", n)
	}
	if out := s.relink(exit.OK, "runs", "clean").stdout.String(); out != "there is nothing to clean\n" {
		t.Errorf("runs clean says %q when there is nothing", out)
	}
	// It has lost its tables, not itself.
	s.relink(exit.Rejected, "resume", "--force", fmt.Sprint(dead))
}

// A run that cannot be resumed because another one is running stays unchanged.
func TestResumeWhileAnotherRunIsAtWork(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.remember()
	run := fmt.Sprint(s.kill9())
	s.file("other.csv", "recordingId,dataType,id\nr-1,ACCOUNT,e-1\n")
	s.holdAt("CREATE TABLE")
	other := s.start("import", "other.csv")
	s.until("the other run is held", s.held)
	p := s.relink(exit.Busy, "resume", run)
	p.says("another run is running: import 3, started ", "wait for it to end, then relink resume "+run+" continues it")
	s.released()
	other.exits(exit.OK)
	s.relink(exit.Rejected, "resume", "--force", run)
	s.isWhole(2)
}
