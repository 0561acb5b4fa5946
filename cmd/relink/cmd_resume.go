package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
	"relink/linker/postgres/pg"
)

type resumeOptions struct {
	app.DatabaseOptions
	run     flags.RunOptions
	metrics runner.MetricsOptions
	json    bool
	force   bool
	api     apiOptions
}

func (a *commands) resumeCommand() *cobra.Command {
	var o resumeOptions
	cmd := &cobra.Command{
		Use:     "resume RUN [FILE]",
		Short:   "Continue an interrupted run",
		GroupID: "runs",
		Long: `Continue an interrupted run, whatever interrupted it.

What the run has done is final and is not done again; the other rows are decided
as if the run had reached them only now. The report and the links are those of a
run that was never interrupted. The file and all options that matter come from
the run; FILE may stand in for the run's file when it holds the same bytes. Of a
run that has finished, the files are written again.

An import with --api is resumed by its folder, with --token-file; rows that the
server has answered are not sent again.`,
		Example: `  relink resume 42
  relink resume relink-runs/20260102T030405Z-api --token-file token`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return app.Positional("RUN")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runner.WithMetrics(a.Console, o.metrics, func() error {
				if isFolder(args[0]) {
					return a.resumeThroughAPI(cmd, args[0], o)
				}
				return a.resume(cmd, args, o)
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.DatabaseOptions.Register(fs)
	fs.BoolVar(&o.force, "force", false, "go on although another run has written since")
	fs.BoolVar(&o.json, "json", false, "print summary.json instead of the summary")
	o.metrics.Register(fs)
	o.run.RegisterAgain(fs)
	o.api.registerAgain(fs)
	describeRate(fs)
	exit.List(cmd, nil, exit.OK, exit.Error, exit.Rejected, exit.Budget, exit.Guard, exit.Drift, exit.Busy, exit.Interrupted)
	return cmd
}

func (a *commands) resume(cmd *cobra.Command, args []string, o resumeOptions) error {
	n, err := app.RunID(args[0])
	if err != nil {
		return err
	}
	return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
		store, run, err := runner.LoadRun(ctx, a.Console, cfg, n, runner.OwnLockTimeout)
		if err != nil {
			return err
		}
		switch {
		case run.Alive:
			return runner.StillRunning(run, "interrupt its process first, or wait for its end")
		case run.State == linker.StateAbandoned:
			return exit.Usage(abandonedHint(cmd, run), "run %d was ended without being finished: %s", n, run.Message)
		}
		if !run.DryRun && !run.State.Ended() && !o.force {
			later, err := store.WroteAfter(ctx, run.ID)
			if err != nil {
				return err
			}
			if later != 0 {
				return exit.Usage(
					fmt.Sprintf("relink runs show %d shows what it did; --force resumes anyway", later),
					"run %d has written since run %d was interrupted", later, n)
			}
		}
		r := &runner.Runner{Console: a.Console, Command: cmd, Store: store, Options: o.run, JSON: o.json, Next: runner.NextAfterOld(cmd, run)}
		if len(args) > 1 {
			r.File = args[1]
		}
		r.Rewrite = run.State.Ended()
		r.Standing = r.Rewrite
		return r.Again(ctx, run)
	})
}

// abandonedHint is what can be done with a run that was abandoned.
func abandonedHint(cmd *cobra.Command, run linker.Run) string {
	if run.ApplyingAt.IsZero() {
		return "it has done nothing: start it again"
	}
	database := runner.SameDatabase(cmd)
	return fmt.Sprintf("relink report%s %d shows what it has done, relink revert%s %d undoes that", database, run.ID, database, run.ID)
}
