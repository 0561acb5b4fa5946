package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relink/cmd/relink/exit"
	"relink/cmd/relink/runner"
)

func TestKilledRunIsResumed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.remember()
	run := s.kill9()
	again := fmt.Sprint(run)

	// It keeps nobody from anything, and is named.
	s.relink(exit.Rejected, "import", "--dry-run", "links.csv").
		says(fmt.Sprintf("notice: run %d was interrupted on", run), fmt.Sprintf("relink resume %d continues it, relink runs abandon %d ends it", run, run))

	// Options come from the run: these are not of this command, and the
	// environment does not count.
	s.relink(exit.Error, "resume", "--dry-run", again).says("unknown flag: --dry-run")
	p := s.startWith([]string{"RELINK_ON_CONFLICT=last", "RELINK_SET=dataType=LEAD", "RELINK_OUT=elsewhere", "RELINK_MIN_ROWS=1000", "RELINK_REPORT_FORMAT=jsonl"}, "resume", again)
	p.exits(exit.Rejected)
	s.isWhole(run)

	// Of a run that has finished the files are written again, the same.
	for _, name := range s.names(run) {
		if err := os.Remove(filepath.Join(s.folder(run), name)); err != nil {
			t.Fatal(err)
		}
	}
	s.relink(exit.Rejected, "resume", again)
	s.isWhole(run)
	s.relink(exit.Rejected, "report", again)
	s.isWhole(run)
}

// TestResumeThatAGuardRefusesReportsWhatWasDone has recordings deleted while a run
// is interrupted, more than its budget of rejects allows.
func TestResumeThatAGuardRefusesReportsWhatWasDone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run := s.kill9("--max-rejects", "20")
	applied := s.applied()
	s.exec(`UPDATE recordings SET deleted_at = now()
		WHERE id NOT IN (SELECT recording_id FROM relink.marks)
		AND id IN (SELECT 'r-' || n FROM generate_series(31, 60) AS n)`)
	p := s.relink(exit.Budget, "resume", "--quiet", fmt.Sprint(run))
	p.says("--max-rejects")
	outcomes := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(s.files(run)["report.csv"]), "\n")[1:] {
		outcomes[strings.Split(line, ",")[8]]++
	}
	if got := outcomes["created"] + outcomes["replaced"]; got != applied || s.applied() != applied || outcomes["unattempted"] == 0 {
		t.Errorf("the report says %v, want %d rows created or replaced, as before the resume, and others unattempted", outcomes, applied)
	}
}

func TestStandardInputIsResumed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.remember()
	s.slowly(100 * time.Millisecond)
	p := s.start("import", "--batch-rows", "5", "--lanes", "1", "-")
	fmt.Fprint(p.stdin, s.read(filepath.Join(s.dir, "links.csv")))
	p.stdin.Close()
	s.until("the run applies", func() bool { return s.applied() >= 10 })
	p.kills()
	s.slowly(0)
	run := ask[int](s, "SELECT max(id) FROM relink.runs")
	s.relink(exit.Rejected, "resume", fmt.Sprint(run))
	s.isWhole(run)
}

func TestResumeRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.remember()
	run := s.kill9()
	again := fmt.Sprint(run)
	before := s.applied()
	refused := func(want ...string) {
		t.Helper()
		p := s.relink(exit.Error, "resume", again)
		p.says(want...)
		if s.applied() != before {
			t.Errorf("it says %s and has made links", p.stderr.String())
		}
	}

	links := s.read(filepath.Join(s.dir, "links.csv"))
	s.file("links.csv", links+"r-2,ACCOUNT,e-3\n")
	refused("links.csv: the file has changed since the run read it (SHA-256 was ", "hint: put the file back as it was", "relink resume "+again+" continues it")
	if err := os.Remove(filepath.Join(s.dir, "links.csv")); err != nil {
		t.Fatal(err)
	}
	refused("links.csv: there is no such file")
	s.file("links.csv", links)

	// The run of a newer relink, which may mean something else by it.
	options := ask[string](s, "SELECT options FROM relink.runs WHERE id = $1", run)
	s.exec("UPDATE relink.runs SET options = options || '{\"layout\": 99}' WHERE id = $1", run)
	refused("their layout is 99, this relink knows 1", "use the relink that made it")
	s.exec("UPDATE relink.runs SET options = options || '{\"layout\": 1, \"haste\": true}' WHERE id = $1", run)
	refused(`unknown field "haste"`, "use the relink that made it")
	s.exec("UPDATE relink.runs SET options = $2 WHERE id = $1", run, options)

	// A run after which another has written.
	s.file("other.csv", "recordingId,dataType,id\nr-2,ACCOUNT,e-7\n")
	s.relink(exit.OK, "import", "other.csv").says("run " + again + " was interrupted")
	before++
	refused(fmt.Sprintf("run %d has written since run %d was interrupted", run+1, run), "--force resumes anyway")
	s.relink(exit.Rejected, "resume", "--force", again)
	if got, want := s.files(run)["report.csv"], s.want["report.csv"]; got != want && !strings.Contains(got, "e-7") {
		t.Errorf("report of the run resumed by force is\n%swant\n%s", got, want)
	}

	s.relink(exit.Error, "resume", "99").says("run 99: there is no such run", "relink runs lists them")
}

func TestNewerVersionsAreKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"v1.10.0", "v1.9.9", true},
		{"v1.9.9", "v1.10.0", false},
		{"v1.2.3", "v1.2.3", false},
		{"v2.0.0", "v1.99.99", true},
		{"v1.2.3", "v1.2.3-rc.1", true},
		{"v1.2.3-rc.1", "v1.2.3", false},
		{"v1.2.3-rc.10", "v1.2.3-rc.9", true},
		{"v1.2.3-rc.9", "v1.2.3-rc.10", false},
		{"v1.2.3+dirty", "v1.2.3", false},
		{"v0.0.0-20260102030405-abcdefabcdef", "v0.0.0-20250102030405-abcdefabcdef", true},
		{"v9.9.9", "devel", false},
		{"devel-abcdef", "v1.0.0", false},
		{"", "v1.0.0", false},
	} {
		if got := runner.Newer(c.a, c.b); got != c.want {
			t.Errorf("newer(%q, %q) = %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// The report of a run that has ended is not replaced after others have changed
// the links.
func TestReportOfTheTimeIsKept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dry := s.remember()
	s.relink(exit.Rejected, "import", "links.csv")
	s.isWhole(dry + 1)
	s.relink(exit.Rejected, "report", fmt.Sprint(dry+1))
	s.isWhole(dry + 1)

	for _, command := range []string{"resume", "report"} {
		p := s.relink(exit.Rejected, command, fmt.Sprint(dry))
		p.says("report.csv differs from what run 1 would report now", "this is what was written when the run ended")
		if got := strings.Join(strings.Fields(p.stdout.String()), " "); !strings.Contains(got, fmt.Sprintf("replaced %d ", siteChanges/2)) {
			t.Errorf("%s of run 1 says %s, want the counts of then", command, got)
		}
	}
	if got := s.files(dry)["report.csv"]; got != s.want["report.csv"] {
		t.Errorf("the report of the dry run is\n%swant\n%s", got, s.want["report.csv"])
	}
	if err := os.Remove(filepath.Join(s.folder(dry), "report.csv")); err != nil {
		t.Fatal(err)
	}
	s.relink(exit.Rejected, "report", fmt.Sprint(dry)).says("warning: run 1 ended with ")
	if got := s.files(dry)["report.csv"]; !strings.Contains(got, "unchanged") {
		t.Errorf("the report of the dry run that was written again is\n%s", got)
	}

	// A refused run keeps its status and its message.
	s.file("other.csv", "recordingId,dataType,id\nr-2,ACCOUNT,e-9\n")
	refused := s.relink(exit.Guard, "import", "--max-changes", "0", "other.csv").stderr.String()
	p := s.relink(exit.Guard, "report", fmt.Sprint(dry+2))
	if _, message, _ := strings.Cut(refused, "relink: error:"); !strings.HasSuffix(p.stderr.String(), message) {
		t.Errorf("report of a refused run says\n%swant\n%s", p.stderr.String(), message)
	}
}

// A late answer: the process is still running, or was a moment ago.
func TestResumeOfALiveRun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run := s.remember() + 1
	s.slowly(300 * time.Millisecond)
	p := s.slowRun()
	// The second process waits, and finds that there is nothing left to do
	// but the files.
	second := s.start("resume", fmt.Sprint(run))
	var others []*process
	for _, command := range [][]string{{"revert"}, {"report"}, {"runs", "abandon"}} {
		others = append(others, s.start(append(command, fmt.Sprint(run))...))
	}
	for _, other := range others {
		other.exits(exit.Busy)
		other.says(fmt.Sprintf("run %d is still running (process %d on ", run, p.Process.Pid))
	}
	p.exits(exit.Rejected)
	second.exits(exit.Rejected)
	second.says(fmt.Sprintf("run %d is still running (process %d on ", run, p.Process.Pid))
	s.isWhole(run)
}
