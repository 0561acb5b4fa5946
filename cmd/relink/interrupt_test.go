package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"relink/cmd/relink/exit"
)

// signal sends a signal to the program.
func (p *process) signal(sig os.Signal) {
	p.s.t.Helper()
	if err := p.Process.Signal(sig); err != nil {
		p.s.t.Fatal(err)
	}
}

func TestInterruptedRunReportsAndGoesOn(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			run := s.remember() + 1
			s.slowly(100 * time.Millisecond)
			p := s.slowRun()
			p.signal(sig)
			p.exits(exit.Interrupted)
			p.says(fmt.Sprintf("relink: error: run %d was interrupted", run), fmt.Sprintf("relink: hint: relink resume %d continues it", run))
			if want := fmt.Sprintf("relink resume %d\n", run); !strings.Contains(p.stdout.String(), want) {
				t.Errorf("stdout is\n%swant the command %q", p.stdout.String(), want)
			}

			// The report so far adds up, and matches the database.
			applied := s.applied()
			outcomes := map[string]int{}
			lines := strings.Split(strings.TrimSpace(s.files(run)["report.csv"]), "\n")[1:]
			for _, line := range lines {
				outcomes[strings.Split(line, ",")[8]]++
			}
			if outcomes["created"]+outcomes["replaced"] != applied || outcomes["unattempted"] != siteChanges-applied || len(lines) != siteRows {
				t.Errorf("report of %d rows has %v, want %d applied, %d unattempted of %d", len(lines), outcomes, applied, siteChanges-applied, siteRows)
			}
			if got := strings.Count(s.files(run)["rejects.csv"], "\n") - 1; got != outcomes["rejected"]+outcomes["unattempted"] {
				t.Errorf("%d rows in rejects.csv, want those rejected and unattempted: %v", got, outcomes)
			}
			if list := s.relink(exit.OK, "runs", "--json", "--limit", "1").stdout.String(); !strings.Contains(list, `"state": "interrupted"`) {
				t.Errorf("runs --json says\n%s, want it interrupted", list)
			}
			time.Sleep(200 * time.Millisecond)
			if s.applied() != applied {
				t.Error("links were made after the program had ended")
			}

			s.slowly(0)
			s.relink(exit.Rejected, "resume", "--quiet", fmt.Sprint(run))
			s.isWhole(run)
		})
	}
}

func TestSecondSignalStopsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run := s.remember() + 1
	s.slowly(100 * time.Millisecond)
	p := s.slowRun()
	s.slowly(20 * time.Second) // the batch after this one
	s.until("a batch takes very long", func() bool {
		return ask[bool](s, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep' AND now() - query_start > interval '300 ms')")
	})
	p.signal(os.Interrupt)
	time.Sleep(300 * time.Millisecond)
	select {
	case <-p.ended:
		t.Fatalf("the first signal ended it in the middle of a batch\n%s", p.stderr.String())
	default:
	}
	began := time.Now()
	p.signal(os.Interrupt)
	p.exits(exit.Interrupted)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to stop at once", took)
	}
	if names := s.names(run); slices.Contains(names, "report.csv") {
		t.Errorf("it left %v, want no report", names)
	}
	s.until("the server has noticed", func() bool { return !s.held() })
	s.slowly(0)
	s.relink(exit.Rejected, "resume", "--quiet", fmt.Sprint(run))
	s.isWhole(run)
}

func TestInterruptBeforeTheFirstWrite(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"CREATE TABLE", "CREATE TABLE AS"} {
		t.Run(map[string]string{"CREATE TABLE": "staging", "CREATE TABLE AS": "planning"}[point], func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			run := s.remember() + 1
			s.holdAt(point)
			p := s.start("import", "links.csv")
			s.until("the run is held", s.held)
			began := time.Now()
			p.signal(os.Interrupt)
			p.exits(exit.Interrupted)
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("it took %v to stop, while there was nothing to finish", took)
			}
			p.says(fmt.Sprintf("relink: hint: relink resume %d continues it", run))
			if n := s.applied(); n != 0 {
				t.Errorf("%d links were made, want none", n)
			}
			s.released()
			s.relink(exit.Rejected, "resume", "--quiet", fmt.Sprint(run))
			s.isWhole(run)
		})
	}
}

// A pipe that nobody writes to does not delay a signal.
func TestInterruptWhileReadingStandardInput(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.start("import", "-")
	fmt.Fprint(p.stdin, "recordingId,dataType,id\nr-2,ACCOUNT,e-2\n")
	s.until("the run reads", func() bool { return ask[int](s, "SELECT count(*) FROM relink.runs") == 1 })
	time.Sleep(100 * time.Millisecond)
	p.signal(os.Interrupt)
	p.exits(exit.Interrupted)
	p.says("run 1 was interrupted before its input was read to the end", "start it again")
	s.relink(exit.Error, "resume", "1").says("run 1 was ended without being finished", "start it again")
	s.relink(exit.Error, "report", "1").says("run 1 never started", "start it again")
	if n := s.applied(); n != 0 {
		t.Errorf("%d links were made, want none", n)
	}

	p = s.start("import", "-")
	fmt.Fprint(p.stdin, "recordingId,dataType,id\nr-2,ACCOUNT,e-2\n")
	s.until("the run reads", func() bool { return ask[int](s, "SELECT count(*) FROM relink.runs") == 2 })
	time.Sleep(100 * time.Millisecond)
	p.kills()
	s.relink(exit.Error, "resume", "2").says("run 2 was interrupted before its input was read to the end", "relink runs abandon 2 ends it")
	s.relink(exit.OK, "runs", "abandon", "2")
}
