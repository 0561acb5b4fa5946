package runner

import (
	"context"

	"github.com/spf13/cobra"

	"relink/cmd/relink/flags"
	"relink/linker"
)

// Admit refuses to work on a database that --environment does not name, or that is
// protected and must be named by whoever writes to it: see linker.Environment.
func (r *Runner) Admit(ctx context.Context, writes bool) error {
	var err error
	if r.environment, err = r.Store.Environment(ctx); err != nil {
		return err
	}
	return r.environment.Admits(r.Options.Environment, writes)
}

// admit is Admit for a run that is about to begin, or to go on, on a database that
// is as a run needs it.
func (r *Runner) admit(ctx context.Context, run linker.Run) error {
	if err := r.ready(ctx); err != nil {
		return err
	}
	if r.Options.MaxLag > 0 && !run.DryRun {
		if err := r.Store.CheckLag(ctx); err != nil {
			return err
		}
	}
	return r.Admit(ctx, !run.DryRun)
}

// sameTarget repeats for a command that writes to the same database where that is
// and what it is called.
func sameTarget(cmd *cobra.Command) string {
	return flags.SameFlags(cmd, "environment") + SameDatabase(cmd)
}
