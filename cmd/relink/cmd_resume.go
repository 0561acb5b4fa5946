package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"relink/linker"
	"relink/linker/postgres/pg"
)

type resumeOptions struct {
	databaseOptions
	run     runOptions
	metrics metricsOptions
	json    bool
	force   bool
	api     apiOptions
}

func (a *app) resumeCommand() *cobra.Command {
	var o resumeOptions
	cmd := &cobra.Command{
		Use:     "resume RUN",
		Short:   "Take an interrupted run to its end",
		GroupID: "runs",
		Long: `Take an interrupted run to its end, whatever interrupted it.

What the run has done is final and is not done again; the other rows are decided
as if the run had reached them only now. The report and the links are those of a
run that was never interrupted. The file and all options that matter come from
the run. Of a run that has finished, the files are written again.

An import with --api is resumed by its folder, with --token-file; rows that the
server has answered are not sent again.`,
		Example: `  relink resume 42
  relink resume relink-runs/20260102T030405Z-api --token-file token`,
		Args: positional("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.measured(o.metrics, func() error {
				if isFolder(args[0]) {
					return a.resumeThroughAPI(cmd, args[0], o)
				}
				return a.resume(cmd, args[0], o)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.databaseOptions.register(flags)
	flags.BoolVar(&o.force, "force", false, "go on although another run has written since")
	flags.BoolVar(&o.json, "json", false, "print summary.json instead of the summary")
	o.metrics.register(flags)
	o.run.register(flags)
	o.api.registerAgain(flags)
	exits(cmd, nil, statusOK, statusError, statusRejected, statusBudget, statusGuard, statusDrift, statusBusy, statusInterrupted)
	return cmd
}

func (a *app) resume(cmd *cobra.Command, id string, o resumeOptions) error {
	n, err := runID(id)
	if err != nil {
		return err
	}
	return a.onDatabase(cmd.Context(), o.databaseOptions, func(ctx context.Context, cfg pg.Config) error {
		store, run, err := a.recorded(ctx, cfg, n, ownLockTimeout)
		if err != nil {
			return err
		}
		switch {
		case run.Alive:
			return atWork(run, "interrupt its process first, or wait for its end")
		case run.State == linker.StateAbandoned:
			return usage(abandonedHint(cmd, run), "run %d was ended without being finished: %s", n, run.Message)
		}
		if !run.DryRun && !run.State.Ended() && !o.force {
			later, err := store.WroteAfter(ctx, run.ID)
			if err != nil {
				return err
			}
			if later != 0 {
				return usage(
					fmt.Sprintf("relink runs show %d tells what it did; --force resumes all the same", later),
					"run %d has written since run %d was interrupted", later, n)
			}
		}
		r := &runner{a: a.console, cmd: cmd, store: store, run: o.run, json: o.json, next: nextAfterOld(cmd, run)}
		r.rewrite = run.State.Ended()
		r.standing = r.rewrite
		return r.again(ctx, run)
	})
}

// abandonedHint is what can be done with a run that was abandoned.
func abandonedHint(cmd *cobra.Command, run linker.Run) string {
	if run.ApplyingAt.IsZero() {
		return "it has done nothing: start it again"
	}
	database := sameDatabase(cmd)
	return fmt.Sprintf("relink report%s %d tells what it has done, relink revert%s %d takes that back", database, run.ID, database, run.ID)
}

// runID reads the number of a run.
func runID(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, usage("relink runs lists them", "%q is no run: a run is a number", s)
	}
	return n, nil
}
