package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"relink/linker"
	"relink/linker/postgres/pg"
)

type revertOptions struct {
	databaseOptions
	outputOptions
	guard   guardOptions
	run     runOptions
	metrics metricsOptions
	dryRun  bool
}

func (a *app) revertCommand() *cobra.Command {
	var o revertOptions
	cmd := &cobra.Command{
		Use:     "revert RUN",
		Short:   "Take a whole run back",
		GroupID: "runs",
		Long: `Take a whole run back.

Links that the run made and that are still current are cleared, and the links
that they replaced, or that the run pruned, are made current again: as new links
to the old targets, since history is only ever added to. What somebody has
changed since the run stays as it is, and is reported as kept.

A revert is a run of its own: it can be tried with --dry-run, resumed, and
reverted. Of an interrupted run it takes back what the run has done; the run is
abandoned first.`,
		Example: `  relink revert --dry-run 42
  relink revert 42`,
		Args: positional("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.measured(o.metrics, func() error { return a.revert(cmd, args[0], o) })
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&o.dryRun, "dry-run", false, "decide and report, but write nothing")
	o.databaseOptions.register(flags)
	o.guard.registerChanges(flags, "default: no limit")
	o.outputOptions.register(flags)
	o.metrics.register(flags)
	o.run.register(flags)
	exits(cmd, map[int]string{
		statusOK:       "all that the run did is taken back",
		statusRejected: "some links were kept, because somebody has changed them since",
	}, statusOK, statusError, statusRejected, statusGuard, statusBusy, statusInterrupted)
	return cmd
}

func (a *app) revert(cmd *cobra.Command, id string, o revertOptions) error {
	n, err := runID(id)
	if err != nil {
		return err
	}
	return a.onDatabase(cmd.Context(), o.databaseOptions, func(ctx context.Context, cfg pg.Config) error {
		store, run, err := a.recorded(ctx, cfg, n, deathTimeout)
		if err != nil {
			return err
		}
		switch {
		case run.Alive:
			return atWork(run, "wait for its end, or interrupt its process first")
		case run.DryRun, run.ApplyingAt.IsZero():
			return usage("", "run %d has written nothing: there is nothing to take back", n)
		}
		if !run.State.Ended() && !o.dryRun {
			if err := abandon(ctx, store, run, "abandoned to be reverted"); err != nil {
				return err
			}
		}
		r := &runner{a: a.console, cmd: cmd, store: store, run: o.run, json: o.json, next: nextAfterRevert(cmd, n)}
		s := settings{Name: fmt.Sprintf("run %d", n), Guard: o.guard.Guard, ReportFormat: o.reportFormat}
		if s.Out, err = absolute(o.out); err != nil {
			return err
		}
		return r.begin(ctx, linker.Run{Kind: linker.Revert, DryRun: o.dryRun, OfRun: n}, nil, s)
	})
}
