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

// List adds the command's exit statuses to its help, in ascending order. own
// replaces the general text of a status where that does not fit the command.
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

// Usage returns the error of an invalid command line. The hint is what to write
// instead; "" for none.
func Usage(hint, format string, args ...any) error {
	return &failure{status: Error, err: fmt.Errorf(format, args...), hint: hint}
}

// Done ends a run that has printed everything: only the status is left to
// report. Zero is not an error.
func Done(status linker.ExitStatus) error {
	if status == OK {
		return nil
	}
	return &DoneError{status}
}

type DoneError struct{ Status linker.ExitStatus }

func (e *DoneError) Error() string { return fmt.Sprintf("exit status %d", e.Status) }

// StatusOf returns the exit status that an error stands for.
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

// Groups returns, when a guard refused the number of changes, where most of
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

// Hint returns what the user can do about an error: the hint of a failure, or
// of any wrapped error that has one.
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
