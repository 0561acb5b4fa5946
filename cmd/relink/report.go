package main

import (
	"context"

	"github.com/spf13/cobra"

	"relink/linker/postgres"
)

type reportOptions struct {
	databaseOptions
	json bool
}

func (a *app) reportCommand() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:     "report RUN",
		Short:   "Write the files of a run again and print its summary",
		GroupID: "runs",
		Long: `Write the files of a run again and print its summary.

What the run did is read from the marks that it left on the links, and the file
it read is read again; nothing is linked or cleared. Of a run that was
interrupted the report says how far it got. A row that could be linked now, but
was not by the run, is reported as unattempted.`,
		Example: `  relink report 42
  relink report --json 42`,
		Args: positional("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := runID(args[0])
			if err != nil {
				return err
			}
			return a.onDatabase(cmd.Context(), o.databaseOptions, func(ctx context.Context, cfg postgres.Config) error {
				store := postgres.NewStore(cfg)
				run, err := a.recorded(ctx, store, n, deathTimeout)
				if err != nil {
					return err
				}
				if run.Alive {
					return atWork(run, "it writes its report when it ends")
				}
				r := &runner{a: a, cmd: cmd, store: store, json: o.json, next: nextAfterRun(cmd), rewrite: true}
				return r.again(ctx, run)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.databaseOptions.register(flags)
	flags.BoolVar(&o.json, "json", false, "print summary.json instead of the summary")
	exits(cmd, map[int]string{
		statusOK:       "the files are written, and no row is rejected or failed",
		statusRejected: "the files are written, and some rows are rejected or failed",
	}, statusOK, statusError, statusRejected, statusBudget, statusGuard, statusBusy, statusInterrupted)
	return cmd
}
