package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"golang.org/x/term"
)

// notices is stderr: errors, hints, notices and progress, a line each. It is
// safe for concurrent use.
type notices struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	quiet    bool
	json     bool
	// wipe takes a progress bar off the screen before a line is written,
	// nil while there is none.
	wipe func()
}

func newNotices(w io.Writer) *notices {
	f, ok := w.(*os.File)
	return &notices{w: w, terminal: ok && term.IsTerminal(int(f.Fd()))}
}

// notice says something that the person should know but that stops nothing.
func (n *notices) notice(format string, args ...any) {
	if n.quiet {
		return
	}
	n.line(slog.LevelInfo, "notice", fmt.Sprintf(format, args...), "")
}

// progress says how far a run is, for a log.
func (n *notices) progress(message string) {
	n.line(slog.LevelInfo, "progress", message, "")
}

// warn says what must be known of a run that came to its end, also with
// --quiet.
func (n *notices) warn(message string) {
	n.line(slog.LevelWarn, "warning", message, "")
}

// event writes down for a log that something began or ended. On a terminal the
// bar and the summary say it. attrs are for lines of JSON.
func (n *notices) event(what, message string, attrs ...any) {
	if n.quiet || n.terminal {
		return
	}
	if n.json {
		n.mu.Lock()
		defer n.mu.Unlock()
		slog.New(slog.NewJSONHandler(n.w, nil)).Info(what, attrs...)
		return
	}
	n.line(slog.LevelInfo, what, message, "")
}

// fail says why the program ends, and what to do about it. details stand
// between the two, a line each.
func (n *notices) fail(message, hint string, details ...string) {
	n.line(slog.LevelError, "error", message, hint, details...)
}

func (n *notices) line(level slog.Level, prefix, message, hint string, details ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wipe != nil {
		n.wipe()
	}
	if n.json {
		log := slog.New(slog.NewJSONHandler(n.w, nil))
		if hint != "" {
			log = log.With("hint", hint)
		}
		if len(details) > 0 {
			log = log.With("details", details)
		}
		log.Log(context.Background(), level, message)
		return
	}
	fmt.Fprintf(n.w, "relink: %s: %s\n", prefix, message)
	for _, detail := range details {
		fmt.Fprintf(n.w, "relink:   %s\n", detail)
	}
	if hint != "" {
		fmt.Fprintf(n.w, "relink: hint: %s\n", hint)
	}
}

// Write writes whole lines of a log between the notices.
func (n *notices) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.w.Write(p)
}

// setWipe says how to take the progress bar off the screen, nil when there is
// none any more.
func (n *notices) setWipe(wipe func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wipe = wipe
}

// clear takes a progress bar off the screen.
func (n *notices) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wipe != nil {
		n.wipe()
	}
}
