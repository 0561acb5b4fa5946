package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"relink/batch/source"
	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
	"relink/linker/postgres/pg"
)

type revertOptions struct {
	app.DatabaseOptions
	flags.OutputOptions
	guard   flags.GuardOptions
	run     flags.RunOptions
	metrics runner.MetricsOptions
	dryRun  bool
}

func (a *commands) revertCommand() *cobra.Command {
	var o revertOptions
	cmd := &cobra.Command{
		Use:     "revert RUN",
		Short:   "Undo a whole run",
		GroupID: "runs",
		Long: `Undo a whole run.

Links that the run made and that are still current are cleared, and the links
that they replaced, or that the run pruned, are made current again: as new links
to the old targets, since history is only ever added to. What somebody has
changed since the run stays as it is, and is reported as kept.

A revert is a run of its own: it can be tried with --dry-run, resumed, and
reverted. Of an interrupted run it takes back what the run has done; the run is
abandoned first.`,
		Example: `  relink revert --dry-run 42
  relink revert 42`,
		Args: app.Positional("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runner.WithMetrics(a.Console, o.metrics, func() error { return a.revert(cmd, args[0], o) })
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&o.dryRun, "dry-run", false, "decide and report, but write nothing")
	o.DatabaseOptions.Register(fs)
	o.guard.RegisterChanges(fs, "default: no limit")
	o.OutputOptions.Register(fs)
	o.metrics.Register(fs)
	o.run.Register(fs)
	exit.List(cmd, map[int]string{
		exit.OK:       "everything the run did is undone",
		exit.Rejected: "some links were kept, because somebody has changed them since",
	}, exit.OK, exit.Error, exit.Rejected, exit.Guard, exit.Busy, exit.Interrupted)
	return cmd
}

func (a *commands) revert(cmd *cobra.Command, id string, o revertOptions) error {
	n, err := app.RunID(id)
	if err != nil {
		return err
	}
	return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
		store, run, err := runner.LoadRun(ctx, a.Console, cfg, n, runner.DeathTimeout)
		if err != nil {
			return err
		}
		switch {
		case run.Alive:
			return runner.StillRunning(run, "wait for its end, or interrupt its process first")
		case run.DryRun, run.ApplyingAt.IsZero():
			return exit.Usage("", "run %d has written nothing: there is nothing to undo", n)
		}
		r := &runner.Runner{Console: a.Console, Command: cmd, Store: store, Options: o.run, JSON: o.JSON, Next: runner.NextAfterRunAgain(cmd, n)}
		if !run.State.Ended() && !o.dryRun {
			if err := r.Admit(ctx, true); err != nil {
				return err
			}
			if err := runner.Abandon(ctx, store, run, "abandoned to be reverted"); err != nil {
				return err
			}
		}
		s := runner.Settings{Input: source.Input{Name: fmt.Sprintf("run %d", n)}, Guard: o.guard.Guard, ReportFormat: o.ReportFormat, ReportCompress: o.ReportCompress, OutGroup: o.OutGroup}
		if s.Rules.Organization, err = runner.CallerOf(run); err != nil {
			return err
		}
		if s.Out, err = runner.Absolute(o.Out); err != nil {
			return err
		}
		return r.Begin(ctx, linker.Run{Kind: linker.Revert, DryRun: o.dryRun, OfRun: n}, nil, s)
	})
}
