package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
)

// deadlineError is the cause of a context that --max-duration or --until has ended:
// to everybody else the first Ctrl-C.
type deadlineError struct{ why string }

func (e *deadlineError) Error() string { return e.why + " is over" }
func (e *deadlineError) Unwrap() error { return exit.ErrInterrupted }

// WithDeadline ends ctx, which becomes that of cmd, when the run of a command has
// to stop. done must be called when the run has ended.
func WithDeadline(ctx context.Context, c *console.Console, cmd *cobra.Command, o flags.PaceOptions) (_ context.Context, done func()) {
	at, why := o.Deadline(time.Now())
	if at.IsZero() {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	cmd.SetContext(ctx)
	c.Stderr.Notice("the run stops at %s, if it has not ended by then (%s)", at.Format("2006-01-02 15:04:05 MST"), why)
	timer := time.AfterFunc(time.Until(at), func() { cancel(&deadlineError{why}) })
	return ctx, func() {
		timer.Stop()
		cancel(nil)
	}
}

// stopReason is why ctx has ended, for a notice.
func stopReason(ctx context.Context) string {
	if over, ok := context.Cause(ctx).(*deadlineError); ok {
		return fmt.Sprintf("%s: ", over)
	}
	return ""
}
