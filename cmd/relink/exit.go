package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"relink/linker"
	"relink/linker/text"
)

// The exit statuses. Scripts and monitors depend on them: they are never
// renumbered.
const (
	statusOK          = 0
	statusError       = 1
	statusRejected    = 2
	statusBudget      = 3
	statusGuard       = 4
	statusDrift       = 5
	statusBusy        = 11
	statusInterrupted = 130
)

// statusTexts says in each command's help what its statuses mean, in the order
// in which they are listed there.
var statusTexts = []struct {
	status int
	text   string
}{
	{statusOK, "done, and no row was refused"},
	{statusError, "wrong usage or configuration, too short a file, or a fatal error"},
	{statusRejected, "finished, but some rows were rejected or failed, or a prune was withheld"},
	{statusBudget, "more rows rejected than --max-rejects allows: nothing written"},
	{statusGuard, "more changes than --max-changes allows, or not what --expect says: nothing written"},
	{statusDrift, "the links differ from the file (only with --dry-run)"},
	{statusBusy, "another run is writing to this database"},
	{statusInterrupted, "interrupted; can be resumed"},
}

// exits adds the command's exit statuses to its help. A status may be given a
// text of its own, where the general one does not fit the command.
func exits(cmd *cobra.Command, own map[int]string, statuses ...int) {
	var b strings.Builder
	for _, s := range statusTexts {
		for _, status := range statuses {
			if status != s.status {
				continue
			}
			text := s.text
			if t, ok := own[status]; ok {
				text = t
			}
			fmt.Fprintf(&b, "  %-4d %s\n", s.status, text)
		}
	}
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations["exits"] = strings.TrimSuffix(b.String(), "\n")
}

// failure is an error with the exit status and the hint that belong to it.
type failure struct {
	status int
	err    error
	hint   string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// withStatus gives an error the exit status and the hint that belong to it.
func withStatus(status int, err error, hint string) error {
	return &failure{status: status, err: err, hint: hint}
}

// usage makes the error of a command line that cannot be meant. The hint says
// what to write instead; "" for nothing.
func usage(hint, format string, args ...any) error {
	return &failure{status: statusError, err: fmt.Errorf(format, args...), hint: hint}
}

// outcome is the end of a run that has said all there is to say: only the
// status is left to report. Zero is no error.
func outcome(status int) error {
	if status == statusOK {
		return nil
	}
	return &outcomeError{status}
}

type outcomeError struct{ status int }

func (e *outcomeError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// statusOf tells the exit status that an error stands for.
func statusOf(err error) int {
	var done *outcomeError
	var f *failure
	switch {
	case err == nil:
		return statusOK
	case errors.As(err, &done):
		return done.status
	case errors.As(err, &f):
		return f.status
	case errors.Is(err, errInterrupted):
		return statusInterrupted
	}
	return statusError
}

// groupsOf lists, when a guard refused the number of changes, where most of
// them are.
func groupsOf(err error) (lines []string) {
	var refusal *linker.Refusal
	if !errors.As(err, &refusal) {
		return nil
	}
	for _, g := range refusal.Groups {
		lines = append(lines, fmt.Sprintf("connection %q, %s: %s of %s current links (%s replaced, %s cleared)",
			g.Connection, g.DataType, text.Thousands(g.Replaced+g.Cleared), text.Thousands(g.Current), text.Thousands(g.Replaced), text.Thousands(g.Cleared)))
	}
	return lines
}

// hintOf tells what the person at the terminal can do about an error: the
// hint of a failure, or of any error below that knows its remedy.
func hintOf(err error) string {
	var f *failure
	if errors.As(err, &f) && f.hint != "" {
		return f.hint
	}
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}
