package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relink/cmd/relink/exit"
)

// An export that replaces the file during a run does not matter: the run
// continues with the file that it has opened.
func TestFileIsReplacedDuringARun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	run := s.remember() + 1
	s.slowly(100 * time.Millisecond)
	p := s.slowRun()
	s.file("next.csv", "recordingId,dataType,id\nr-1,ACCOUNT,e-2\n")
	if err := os.Rename(filepath.Join(s.dir, "next.csv"), filepath.Join(s.dir, "links.csv")); err != nil {
		t.Fatal(err)
	}
	s.slowly(0)
	p.exits(exit.Rejected)
	s.isWhole(run)
}

// An export that writes into the file during a run costs the original text of
// the rows, but not the report.
func TestFileIsWrittenToDuringARun(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"other rows": "recordingId,dataType,id\nr-1,ACCOUNT,e-2\n",
		"cut off":    "",
		"not CSV":    "%PDF-1.7\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			run := s.remember() + 1
			want := s.want["report.csv"]
			s.slowly(100 * time.Millisecond)
			p := s.slowRun()
			links := s.read(filepath.Join(s.dir, "links.csv"))
			s.file("links.csv", text)
			s.slowly(0)
			p.exits(exit.Rejected)
			// No field of links.csv is trimmed or in small letters, and no
			// message repeats what stands in the file alone.
			files := s.files(run)
			if got := files["report.csv"]; got != want {
				t.Errorf("the report is\n%s\nwant that of a run that was not disturbed:\n%s", got, want)
			}
			if _, there := files["rejects.csv"]; there {
				t.Error("there is a file of rejects, whose original text is gone")
			}
			if got := strings.Join(strings.Fields(p.stdout.String()), " "); !strings.Contains(got, "the report is made of the rows as they were read at first") {
				t.Errorf("it says\n%s\nwant a word about the file that has changed", got)
			}
			if got := ask[string](s, "SELECT state FROM relink.runs WHERE id = $1", run); got != "done" {
				t.Errorf("the run is %s, want done", got)
			}
			s.file("links.csv", links)
		})
	}
}

// A run whose file is gone is resumed with a copy of it, and with nothing else.
func TestResumeTakesACopyOfTheFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.remember()
	run := s.kill9()
	again := fmt.Sprint(run)
	text := s.read(filepath.Join(s.dir, "links.csv"))
	if err := os.Remove(filepath.Join(s.dir, "links.csv")); err != nil {
		t.Fatal(err)
	}
	s.relink(exit.Error, "resume", again).says("links.csv: there is no such file")
	s.file("other.csv", text+"r-1,ACCOUNT,e-2\n")
	s.relink(exit.Error, "resume", again, "other.csv").says("other.csv is not the file of run "+again, "hint: name a copy of the file that the run read")
	s.file("copy", text)
	s.relink(exit.Rejected, "resume", again, "copy")
	s.isWhole(run)
}
