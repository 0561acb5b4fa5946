package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/cmd/relink/app"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
)

// writeOptions are those of every command that makes a run of rows.
type writeOptions struct {
	app.DatabaseOptions
	flags.OutputOptions
	rules   flags.RuleOptions
	guard   flags.GuardOptions
	run     flags.RunOptions
	metrics runner.MetricsOptions
	dryRun  bool
}

// registerRun registers the flags that say how a run is made and reported.
func (o *writeOptions) registerRun(fs *pflag.FlagSet) {
	o.OutputOptions.Register(fs)
	o.metrics.Register(fs)
	o.run.Register(fs)
}

// withRunner does something with a runner on the database that the options name.
// file is the input that the next commands name, "" for none.
func (a *commands) withRunner(cmd *cobra.Command, o writeOptions, file string, do func(context.Context, *runner.Runner) error) error {
	return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
		return do(ctx, &runner.Runner{
			Console: a.Console, Command: cmd, Store: postgres.NewStore(cfg), Options: o.run, JSON: o.JSON,
			Next: runner.NextAfterFile(cmd, file),
		})
	})
}
