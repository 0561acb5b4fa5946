package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/text"
)

type retryOptions struct {
	app.DatabaseOptions
	flags.OutputOptions
	rules   flags.RuleOptions // --keep-trigger alone
	guard   flags.GuardOptions
	run     flags.RunOptions
	metrics runner.MetricsOptions
	dryRun  bool
	all     bool
}

// retryLookBack is how many runs --all searches, newest first: several jobs a
// night for half a year.
const retryLookBack = 1000

func (a *commands) retryCommand() *cobra.Command {
	var o retryOptions
	cmd := &cobra.Command{
		Use:     "retry RUN",
		Short:   "Send the refused rows of a run again that time can heal",
		GroupID: "runs",
		Long: `Send the refused rows of a run again that time can heal.

A row whose CRM row or recording was not there yet, or was locked by another
program, may go through later just as it is; "relink explain CODE" says which
codes these are. They are taken from the rejects file in the run's folder and
imported as a new run: a row that goes on being refused stays in that run's
rejects, and can be retried from there. How old the rows are, and which run refused
them first, is printed.

The options of the run hold again: how its file is read, what becomes of a row,
and the scope of a reconciliation, of which nothing is pruned. Its limits do not:
they were made for the whole file.

With --all, for cron: the newest run of each job, where it has such rows. Jobs are
told apart by their scope, or where none is given by their file; the digits in its
path may differ, as a date does.`,
		Example: `  relink retry --dry-run 42
  relink retry 42
  relink retry --all --quiet`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.all && len(args) > 0 {
				return exit.Usage("keep one of them", "a run and --all are both given")
			}
			if o.all {
				return nil
			}
			return app.Positional("RUN")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runner.WithMetrics(a.Console, o.metrics, func() error {
				return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
					if o.all {
						return a.retryAll(ctx, cmd, cfg, o)
					}
					n, err := app.RunID(args[0])
					if err != nil {
						return err
					}
					return a.retry(ctx, cmd, cfg, n, o)
				})
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&o.dryRun, "dry-run", false, "decide and report, but write nothing")
	fs.BoolVar(&o.all, "all", false, "retry the newest run of each job")
	o.DatabaseOptions.Register(fs)
	o.rules.RegisterKeep(fs)
	o.guard.RegisterChanges(fs, "default: no limit")
	o.OutputOptions.Register(fs)
	o.metrics.Register(fs)
	o.run.Register(fs)
	exit.List(cmd, map[int]string{
		exit.OK:       "no such row is left, or there was none",
		exit.Rejected: "finished, but some rows were rejected or failed again",
		exit.Guard:    "more changes than --max-changes allows: nothing written",
	}, exit.OK, exit.Error, exit.Rejected, exit.Guard, exit.Busy, exit.Interrupted)
	return cmd
}

func (a *commands) retry(ctx context.Context, cmd *cobra.Command, cfg pg.Config, n int64, o retryOptions) error {
	store, run, err := runner.LoadRun(ctx, a.Console, cfg, n, runner.DeathTimeout)
	if err != nil {
		return err
	}
	rows, err := runner.FindRetriable(ctx, run)
	if err != nil {
		return err
	}
	defer rows.Close() // only read from
	if rows.Rows == 0 {
		return a.nothingToRetry(fmt.Sprintf("run %d has no row that time can heal, of %s refused", n, text.Plural(rows.Refused, "row", "rows")), o)
	}
	s := rows.Settings
	s.Guard = o.guard.Guard
	if err := o.override(cmd, &s); err != nil {
		return err
	}
	a.Stderr.Notice("%s", rows.Told(time.Now()))
	r := &runner.Runner{
		Console: a.Console, Command: cmd, Store: store, Options: o.run, JSON: o.JSON,
		Next: runner.NextAfterRunAgain(cmd, n),
	}
	return r.Begin(ctx, linker.Run{Kind: linker.Import, DryRun: o.dryRun}, &rows.Input, s)
}

// override takes what is given on the command line in the place of what the run
// had: which links are left, where its files go, and how they look.
func (o *retryOptions) override(cmd *cobra.Command, s *runner.Settings) (err error) {
	given := cmd.Flags().Changed
	if given("keep-trigger") {
		s.Rules.KeepTriggers = o.rules.Rules(linker.Fields{}).KeepTriggers
	}
	if given("out") {
		s.Out, err = runner.Absolute(o.Out)
	}
	if given("out-group") {
		s.OutGroup = o.OutGroup
	}
	if given("report-format") {
		s.ReportFormat = o.ReportFormat
	}
	if given("report-compress") {
		s.ReportCompress = o.ReportCompress
	}
	return err
}

// nothingToRetry ends a command that found no row to send.
func (a *commands) nothingToRetry(why string, o retryOptions) error {
	a.Console.Skipped = true
	a.Stderr.Event("skip", "Nothing to do: "+why+".")
	switch {
	case o.JSON:
		now := time.Now()
		return a.PrintJSON(linker.Summary{Kind: string(linker.Import), State: "skipped", StartedAt: now, FinishedAt: now})
	case a.Quiet:
		return nil
	}
	return a.Printf("Nothing to do: %s.\n", why)
}

// retryAll retries the newest run of each job. One that cannot be retried keeps no
// other from it.
func (a *commands) retryAll(ctx context.Context, cmd *cobra.Command, cfg pg.Config, o retryOptions) error {
	store := postgres.NewStore(cfg)
	recorded, err := store.Runs(ctx, retryLookBack)
	if err != nil {
		return err
	}
	newest, waiting := runner.NewestOfJobs(recorded, store.Schema())
	for _, run := range waiting {
		a.Stderr.Notice("run %d is %s: its rows, and those of earlier runs of its job, are not retried", run.ID, run.State)
	}
	newest = slices.DeleteFunc(newest, func(run linker.Run) bool {
		return run.Outcomes[linker.Rejected]+run.Outcomes[linker.Failed] == 0
	})
	if len(newest) == 0 {
		return a.nothingToRetry("the newest runs of all jobs have no refused row", o)
	}
	var ended []linker.ExitStatus
	for _, run := range newest {
		err := a.retry(ctx, cmd, cfg, run.ID, o)
		ended = append(ended, exit.StatusOf(err))
		var done *exit.DoneError
		switch {
		case ctx.Err() != nil:
			return err
		case err != nil && !errors.As(err, &done):
			a.Stderr.Warn(fmt.Sprintf("run %d is not retried: %s", run.ID, err))
		}
	}
	for _, status := range []linker.ExitStatus{exit.Error, exit.Busy, exit.Guard, exit.Rejected} {
		if slices.Contains(ended, status) {
			return exit.Done(status)
		}
	}
	return nil
}
