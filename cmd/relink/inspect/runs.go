package inspect

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/text"
	"relink/reports"
)

type runsOptions struct {
	app.DatabaseOptions
	json  bool
	limit int64
}

// defaultRuns is how many runs are listed: they fit a screen.
const defaultRuns = 20

func (a *commands) runsCommand() *cobra.Command {
	var o runsOptions
	cmd := &cobra.Command{
		Use:     "runs",
		Short:   "List the runs, show one, end an interrupted one",
		GroupID: "runs",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return a.NoCommand(cmd, args)
			}
			return a.listRuns(cmd.Context(), o)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.DatabaseOptions.Register(fs)
	o.limit = defaultRuns
	fs.Var(flags.Whole(&o.limit, 0), "limit", "how many runs, newest first; 0 lists all")
	fs.BoolVar(&o.json, "json", false, "print JSON")
	exit.List(cmd, map[int]string{exit.OK: "done"}, exit.OK, exit.Error)
	cmd.AddCommand(a.runsShowCommand(), a.runsAbandonCommand(), a.runsAdoptCommand(), a.runsCleanCommand())
	return cmd
}

func (a *commands) listRuns(ctx context.Context, o runsOptions) error {
	return a.OnDatabase(ctx, o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
		runs, err := postgres.NewStore(cfg).Runs(ctx, int(o.limit))
		if err != nil {
			return err
		}
		return a.printRuns(runs, o.json)
	})
}

func (a *commands) printRuns(runs []linker.Run, asJSON bool) error {
	if asJSON {
		return reports.WriteRunsJSON(a.Stdout, runs)
	}
	var o reports.TextOptions
	o.Width, o.Height, o.Color = a.TerminalSize()
	return reports.RunsText(a.Stdout, runs, o)
}

func (a *commands) runsShowCommand() *cobra.Command {
	var o runsOptions
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show one run",
		Args:  app.Positional("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.showRun(cmd.Context(), args[0], o)
		},
	}
	cmd.Flags().SortFlags = false
	o.DatabaseOptions.Register(cmd.Flags())
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	exit.List(cmd, map[int]string{exit.OK: "done"}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) showRun(ctx context.Context, id string, o runsOptions) error {
	n, err := app.RunID(id)
	if err != nil {
		return err
	}
	return a.OnDatabase(ctx, o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
		store, run, err := runner.LoadRun(ctx, a.Console, cfg, n, 0)
		if err != nil {
			return err
		}
		approvals, err := store.ApprovalsOf(ctx, n)
		if err != nil {
			return err
		}
		if o.json {
			return reports.WriteRunJSON(a.Stdout, run, approvals)
		}
		return a.describe(run, approvals)
	})
}

// describe prints what is known about a run, one line per fact, with the
// approvals of its plan.
func (a *commands) describe(r linker.Run, approvals []linker.Approval) error {
	const form = "2006-01-02 15:04:05 UTC"
	facts := [][2]string{
		{"run", fmt.Sprint(r.ID)},
		{"kind", string(r.Kind)},
		{"state", string(r.State)},
		{"source", r.Source.Name},
		{"sha256", r.Source.SHA256},
		{"started", r.StartedAt.Format(form)},
	}
	if r.DryRun {
		facts[1][1] += ", dry run"
	}
	if !r.FinishedAt.IsZero() {
		facts = append(facts, [2]string{"finished", r.FinishedAt.Format(form)})
	}
	if r.OfRun != 0 {
		facts = append(facts, [2]string{"reverts", fmt.Sprintf("run %d", r.OfRun)})
	}
	facts = append(facts, [][2]string{
		{"database", onServer(r.Database)},
		{"label", r.Database.Environment},
		{"schema", r.Database.Schema},
		{"role", r.Database.Role},
		{"operator", r.Operator.String()},
		{"reason", r.Reason},
		{"plan", r.PlanSHA256},
		{"by", fmt.Sprintf("relink %s, process %d on %s", r.Version, r.PID, r.Host)},
		{"folder", r.OutDir},
		{"message", r.Message},
		{"options", string(r.Options)},
	}...)
	for _, approval := range approvals {
		facts = append(facts, [2]string{"approved", fmt.Sprintf("%s by %s: %s", approval.At.Format(form), approval.By, approval.Reason)})
	}
	if r.ApprovedRun != 0 {
		facts = append(facts, [2]string{"approved", fmt.Sprintf("as the plan of run %d", r.ApprovedRun)})
	}
	for _, f := range facts {
		if f[1] == "" {
			continue
		}
		if err := a.Printf("%-9s %s\n", f[0], text.Printable(f[1])); err != nil {
			return err
		}
	}
	for _, o := range linker.Outcomes {
		if n := r.Outcomes[o]; n > 0 {
			if err := a.Printf("%-9s %s %s\n", "", text.Thousands(n), o); err != nil {
				return err
			}
		}
	}
	return nil
}

// onServer formats a database and its server, "" when the run does not record
// them.
func onServer(d linker.Database) string {
	if d.Name == "" {
		return ""
	}
	return d.Name + " on " + d.Server
}

func (a *commands) runsAdoptCommand() *cobra.Command {
	var o app.DatabaseOptions
	cmd := &cobra.Command{
		Use:   "adopt",
		Short: "Take over the runs of a database that has moved or was renamed",
		Long: `Take over the runs of a database that has moved or was renamed.

A run knows the database in which it was made, and resume, revert and report
refuse it in another one: in a copy, its marks may be those of other runs. After
pg_upgrade, a restore on another server or ALTER DATABASE RENAME this command
says that this database is the one from before. Do not use it in a copy beside
which the original goes on.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.OnDatabase(cmd.Context(), o, func(ctx context.Context, cfg pg.Config) error {
				n, err := postgres.NewStore(cfg).Adopt(ctx)
				if err != nil {
					return err
				}
				return a.Printf("%s runs are now those of this database\n", text.Thousands(n))
			})
		},
	}
	cmd.Flags().SortFlags = false
	o.Register(cmd.Flags())
	exit.List(cmd, map[int]string{exit.OK: "all runs are those of this database"}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) runsAbandonCommand() *cobra.Command {
	var o app.DatabaseOptions
	cmd := &cobra.Command{
		Use:   "abandon RUN",
		Short: "End an interrupted run without undoing what it did",
		Args:  app.Positional("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.abandonRun(cmd.Context(), args[0], o)
		},
	}
	cmd.Flags().SortFlags = false
	o.Register(cmd.Flags())
	exit.List(cmd, map[int]string{exit.OK: "it is ended", exit.Busy: "it is still running"}, exit.OK, exit.Error, exit.Busy)
	return cmd
}

func (a *commands) abandonRun(ctx context.Context, id string, o app.DatabaseOptions) error {
	n, err := app.RunID(id)
	if err != nil {
		return err
	}
	return a.OnDatabase(ctx, o, func(ctx context.Context, cfg pg.Config) error {
		store, run, err := runner.LoadRun(ctx, a.Console, cfg, n, runner.DeathTimeout)
		if err != nil {
			return err
		}
		switch {
		case run.Alive:
			return runner.StillRunning(run, "interrupt its process first")
		case run.State.Ended():
			return exit.Usage("", "run %d has ended: %s", n, run.State)
		}
		return runner.Abandon(ctx, store, run, "abandoned by hand")
	})
}
