package runner

import (
	"context"

	"github.com/spf13/cobra"

	"relink/cmd/relink/flags"
	"relink/linker"
)

// Admit refuses to work on a database that --environment does not name, or on a
// protected one that is to be written to without being named: see
// linker.Environment.
func (r *Runner) Admit(ctx context.Context, writes bool) error {
	var err error
	if r.environment, err = r.Store.Environment(ctx); err != nil {
		return err
	}
	return r.environment.Admits(r.Options.Environment, writes)
}

// admit is Admit for a run that is about to start or continue; it also checks
// that the database is ready for a run.
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

// sameTarget repeats the flags that name the database and its label, for a
// command that writes to the same database.
func sameTarget(cmd *cobra.Command) string {
	return flags.SameFlags(cmd, "environment") + SameDatabase(cmd)
}
