package console

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"relink/cmd/relink/exit"
)

// hardStopTimeout is how long the second signal leaves for unfinished files to
// be removed and connections to be closed.
const hardStopTimeout = 2 * time.Second

// Interruptible returns two contexts. The first SIGINT or SIGTERM cancels soft,
// so that the current batch is finished and the report written. The second one
// cancels hard as well: everything stops where it is, which a run is built to
// survive. stop restores the default handling of the signals and must be
// called.
func Interruptible(parent context.Context) (soft, hard context.Context, stop func()) {
	hard, cancelHard := context.WithCancelCause(parent)
	soft, cancelSoft := context.WithCancelCause(hard)
	signals := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for _, cancel := range []context.CancelCauseFunc{cancelSoft, cancelHard} {
			select {
			case <-done:
				return
			case <-signals:
				cancel(exit.ErrInterrupted)
			}
		}
		select {
		case <-done:
		case <-signals:
			os.Exit(exit.Interrupted)
		case <-time.After(hardStopTimeout):
			os.Exit(exit.Interrupted)
		}
	}()
	return soft, hard, func() {
		signal.Stop(signals)
		close(done)
		cancelSoft(nil)
		cancelHard(nil)
	}
}
