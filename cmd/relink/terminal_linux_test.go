package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"relink/batch"
)

// terminal opens a pseudo terminal of the given width. read returns what was
// written to it since and closes it.
func terminal(t *testing.T, width uint16) (screen *os.File, read func() string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: width}); err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := make(chan string)
	go func() {
		// Once the screen is closed, reading ends with EIO.
		all, _ := io.ReadAll(master)
		master.Close()
		text <- string(all)
	}()
	return screen, func() string {
		t.Helper()
		screen.Close()
		select {
		case s := <-text:
			return s
		case <-time.After(10 * time.Second):
			t.Fatal("the terminal stays open")
			return ""
		}
	}
}

var colors = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func TestColorIsForTerminals(t *testing.T) {
	t.Parallel()
	links := filepath.Join(t.TempDir(), "links.csv")
	if err := os.WriteFile(links, []byte("recordingId,dataType,id\nr1,LEAD,e1\n,LEAD,e1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		env  []string
		want bool
	}{
		{"a terminal", nil, true},
		{"NO_COLOR", []string{"NO_COLOR=1"}, false},
		{"a dumb terminal", []string{"TERM=dumb"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			screen, read := terminal(t, 80)
			run([]string{"validate", "--out", t.TempDir(), links}, c.env, strings.NewReader(""), screen, screen)
			text := read()
			if got := colors.MatchString(text); got != c.want {
				t.Errorf("the summary is in colour: %v, want %v: %q", got, c.want, text)
			}
		})
	}
}

// TestLineLeavesACleanScreen plays a run on a terminal.
func TestLineLeavesACleanScreen(t *testing.T) {
	t.Parallel()
	const width = 80
	screen, read := terminal(t, width)
	var p batch.Progress
	var phase batch.Phase
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	n := newNotices(screen)
	m := &meter{
		p: &p, at: func() batch.Phase { return phase },
		phases: phasesOfRun, out: n, screen: screen, now: func() time.Time { return now },
	}
	m.draw() // nothing has begun
	p.BytesTotal.Store(4_000_000)
	for _, phase = range []batch.Phase{batch.Staging, batch.Planning, batch.Applying, batch.Reporting} {
		p.RowsToApply.Store(1000)
		p.RowsToReport.Store(1000)
		p.Lanes.Store(2)
		for i := range int64(4) {
			p.BytesRead.Store(i * 1_000_000)
			p.RowsRead.Store(i * 10_000)
			p.RowsApplied.Store(i * 300)
			p.RowsReported.Store(i * 300)
			p.Rejected.Store(17)
			m.draw()
			now = now.Add(time.Second)
		}
	}
	n.notice("something came up")
	m.draw()
	n.clear()
	text := read()

	for _, want := range []string{
		"1/4 reading  75% |███", "17 rejected, 1s left, 1.0 MB/s", "2/4 planning", "17 rejected, 3s",
		"3/4 applying  90% |███", "rejected, 0s left, 300 rows/s, 2 lanes", "4/4 reporting",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the screen never shows %q: %q", want, text)
		}
	}
	if !strings.Contains(text, wipeLine+"relink: notice: something came up\r\n") {
		t.Errorf("the notice does not stand on a line of its own: %q", text)
	}
	if !strings.HasSuffix(text, wipeLine) {
		t.Errorf("the line stays on the screen: %q", text)
	}
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		line = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`).ReplaceAllString(line, "")
		if n := len([]rune(line)); n >= width {
			t.Errorf("a line has %d columns of %d: %q", n, width, line)
		}
	}
}
