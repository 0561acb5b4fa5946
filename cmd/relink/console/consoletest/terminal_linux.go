// Package consoletest provides tests with a pseudo terminal.
package consoletest

import (
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Terminal opens a pseudo terminal of the given width. read returns everything
// written to it and closes it.
func Terminal(t *testing.T, width uint16) (screen *os.File, read func() string) {
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
