package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/term"

	"relink/linker/text"
)

// notices writes to stderr: errors, hints, notices and progress, a line each.
// It is safe for concurrent use.
type notices struct {
	mu       sync.Mutex
	Writer   io.Writer
	terminal bool
	Quiet    bool
	JSON     bool
	// wipe removes the progress bar from the screen before a line is written,
	// nil while there is none.
	wipe func()
}

func newNotices(w io.Writer) *notices {
	f, ok := w.(*os.File)
	return &notices{Writer: w, terminal: ok && term.IsTerminal(int(f.Fd()))}
}

// Notice prints something that the user should know but that stops nothing.
func (n *notices) Notice(format string, args ...any) {
	if n.Quiet {
		return
	}
	n.line(slog.LevelInfo, "notice", fmt.Sprintf(format, args...), "")
}

// progress writes the progress of a run to a log.
func (n *notices) progress(message string) {
	n.line(slog.LevelInfo, "progress", message, "")
}

// Warn prints a warning about a finished run, even with --quiet.
func (n *notices) Warn(message string) {
	n.line(slog.LevelWarn, "warning", message, "")
}

// Event logs that something began or ended. On a terminal the bar and the
// summary show it. attrs are for JSON lines.
func (n *notices) Event(what, message string, attrs ...any) {
	if n.Quiet || n.terminal {
		return
	}
	if n.JSON {
		n.mu.Lock()
		defer n.mu.Unlock()
		slog.New(slog.NewJSONHandler(n.Writer, nil)).Info(what, attrs...)
		return
	}
	n.line(slog.LevelInfo, what, message, "")
}

// Fail prints why the program ends, and what to do about it. details are
// printed between the two, a line each.
func (n *notices) Fail(message, hint string, details ...string) {
	n.line(slog.LevelError, "error", message, hint, details...)
}

// oneLine joins the lines of a message and drops repetitions: joined errors
// often contain the same text.
func oneLine(message string) string {
	var lines []string
	for line := range strings.Lines(message) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return text.Printable(strings.Join(lines, "; "))
}

func (n *notices) line(level slog.Level, prefix, message, hint string, details ...string) {
	message = oneLine(message)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wipe != nil {
		n.wipe()
	}
	if n.JSON {
		log := slog.New(slog.NewJSONHandler(n.Writer, nil))
		if hint != "" {
			log = log.With("hint", hint)
		}
		if len(details) > 0 {
			log = log.With("details", details)
		}
		log.Log(context.Background(), level, message)
		return
	}
	fmt.Fprintf(n.Writer, "relink: %s: %s\n", prefix, message)
	for _, detail := range details {
		fmt.Fprintf(n.Writer, "relink:   %s\n", text.Printable(detail))
	}
	if hint != "" {
		fmt.Fprintf(n.Writer, "relink: hint: %s\n", oneLine(hint))
	}
}

// Write writes whole lines of a log between the notices.
func (n *notices) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Writer.Write(p)
}

// setWipe sets how to remove the progress bar from the screen, nil when there
// is none.
func (n *notices) setWipe(wipe func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wipe = wipe
}

// Clear removes a progress bar from the screen.
func (n *notices) Clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wipe != nil {
		n.wipe()
	}
}
