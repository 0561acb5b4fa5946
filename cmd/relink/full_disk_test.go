package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
)

// limited runs the program where no file may grow beyond some KiB: the system
// refuses the write, as it does on a full disk.
func (s *site) limited(status, kib int, args string) *process {
	s.t.Helper()
	p := s.startAs(exec.Command("bash", "-c", fmt.Sprintf("ulimit -f %d; exec relink %s", kib, args)))
	p.stdin.Close()
	p.exits(status)
	return p
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run := s.remember() + 1
	if n := len(s.want["report.csv"]); n < 2048 || n > 4096 {
		t.Fatalf("the report has %d bytes: the limits below do not fit", n)
	}

	// The links are made and marked; the report is missing, and there is no
	// incomplete file in its place.
	p := s.limited(exit.Error, 1, "import links.csv")
	p.says("relink: error: writing ", "/report.csv: file too large", fmt.Sprintf("relink resume %d continues it", run))
	if n := s.applied(); n != siteChanges {
		t.Errorf("%d links were made, want %d", n, siteChanges)
	}
	if names := s.names(run); len(names) != 0 {
		t.Errorf("the folder holds %v, want nothing", names)
	}
	s.limited(exit.Error, 1, fmt.Sprintf("resume %d", run)).says("/report.csv: file too large")

	// With space for the report, but not for the page beside it, the run has
	// still not come to its end.
	p = s.limited(exit.Error, 8, fmt.Sprintf("resume %d", run))
	p.says("/report.html: file too large", fmt.Sprintf("relink resume %d continues it", run))
	if names := s.names(run); slices.Contains(names, "report.html") {
		t.Errorf("the folder holds %v, want no page", names)
	}
	s.relink(exit.Rejected, "resume", fmt.Sprint(run))
	s.isWhole(run)
	if names := s.names(run); !slices.Contains(names, "report.html") || !slices.Contains(names, "summary.json") {
		t.Errorf("the folder holds %v, want all files", names)
	}
}

// The same where report RUN comes first, and of a run that was interrupted.
func TestReportOfARunThatCouldNotWriteIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run := s.remember() + 1
	s.limited(exit.Error, 1, "import links.csv")
	s.relink(exit.Interrupted, "report", fmt.Sprint(run))
	s.isWhole(run)
	s.relink(exit.Rejected, "resume", fmt.Sprint(run))
	s.isWhole(run)
}

// Nothing is linked when not even the input can be copied.
func TestFullDiskForStandardInput(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.file("long.csv", s.read(filepath.Join(s.dir, "links.csv"))+strings.Repeat("r-1,ACCOUNT,e-1\n", 200))
	p := s.limited(exit.Error, 2, "import - < long.csv")
	p.says("relink: error: copying standard input to ", "file too large")
	if n := s.applied(); n != 0 {
		t.Errorf("%d links were made, want none", n)
	}
	if list := s.relink(exit.OK, "runs").stdout.String(); !strings.Contains(list, "abandoned") {
		t.Errorf("runs says\n%s, want the run abandoned", list)
	}
}
