package exit

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"relink/linker"
	"relink/linker/guard"
	"relink/linker/text"
)

// The exit statuses, as main hands them to the system.
const (
	OK          = linker.ExitOK
	Error       = linker.ExitError
	Rejected    = linker.ExitRejected
	Budget      = linker.ExitBudget
	Guard       = linker.ExitGuard
	Drift       = linker.ExitDrift
	Busy        = linker.ExitBusy
	Interrupted = linker.ExitInterrupted
)

// List adds the command's exit statuses to its help, in ascending order. A
// status may be given a text of its own, where the general one does not fit the
// command.
func List(cmd *cobra.Command, own map[int]string, statuses ...int) {
	var b strings.Builder
	for _, s := range slices.Sorted(slices.Values(statuses)) {
		fmt.Fprintf(&b, "  %-4d %s\n", s, cmp.Or(own[s], linker.ExitStatus(s).Help()))
	}
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations["exits"] = strings.TrimSuffix(b.String(), "\n")
}

// ErrInterrupted is the cause of a context that SIGINT or SIGTERM has ended.
var ErrInterrupted = errors.New("interrupted")

// failure is an error with the exit status and the hint that belong to it.
type failure struct {
	status linker.ExitStatus
	err    error
	hint   string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// WithStatus gives an error the exit status and the hint that belong to it.
func WithStatus(status linker.ExitStatus, err error, hint string) error {
	return &failure{status: status, err: err, hint: hint}
}

// Usage makes the error of a command line that cannot be meant. The hint says
// what to write instead; "" for nothing.
func Usage(hint, format string, args ...any) error {
	return &failure{status: Error, err: fmt.Errorf(format, args...), hint: hint}
}

// Done is the end of a run that has printed all there is to print: only the
// status is left to report. Zero is no error.
func Done(status linker.ExitStatus) error {
	if status == OK {
		return nil
	}
	return &DoneError{status}
}

type DoneError struct{ Status linker.ExitStatus }

func (e *DoneError) Error() string { return fmt.Sprintf("exit status %d", e.Status) }

// StatusOf tells the exit status that an error stands for.
func StatusOf(err error) linker.ExitStatus {
	var done *DoneError
	var f *failure
	switch {
	case err == nil:
		return OK
	case errors.As(err, &done):
		return done.Status
	case errors.As(err, &f):
		return f.status
	case errors.Is(err, ErrInterrupted):
		return Interrupted
	}
	return Error
}

// Groups lists, when a guard refused the number of changes, where most of
// them are.
func Groups(err error) (lines []string) {
	var refusal *guard.Refusal
	if !errors.As(err, &refusal) {
		return nil
	}
	for _, g := range refusal.Groups {
		lines = append(lines, fmt.Sprintf("connection %q, %s: %s of %s current links (%s replaced, %s cleared)",
			g.Connection, g.DataType, text.Thousands(g.Replaced+g.Cleared), text.Thousands(g.Current), text.Thousands(g.Replaced), text.Thousands(g.Cleared)))
	}
	return lines
}

// Hint tells what the person at the terminal can do about an error: the
// hint of a failure, or of any error below that knows its remedy.
func Hint(err error) string {
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
