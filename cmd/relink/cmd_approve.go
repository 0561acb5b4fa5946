package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker/postgres/pg"
	"relink/linker/text"
)

type approveOptions struct {
	app.DatabaseOptions
	reason string
	json   bool
}

func (a *commands) approveCommand() *cobra.Command {
	var o approveOptions
	cmd := &cobra.Command{
		Use:     "approve RUN",
		Short:   "Approve the plan of a dry run",
		GroupID: "runs",
		Long: `Approve the plan of a dry run.

Who approves it, when and why is kept with the checksum of the plan: of the bytes
of the dry run's report. A run with --approved RUN carries out that plan and no
other one, and --require-approval finds the approval by the file and the options,
and asks that another database role has given it than the one that writes. When
the plan has changed since, nothing is written, and the first line that differs is
named. "relink db require-approval on" demands that of every run.

Whether roles can be told apart is a matter of their privileges: see
"relink help permissions".`,
		Example: `  relink approve 7 --reason 'looked at all 40 replaced links, CRM-17'
  relink import --approved 7 links.csv`,
		Args: app.Positional("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.approve(cmd, args[0], o)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.Var(flags.Reason(&o.reason), "reason", "why the plan may be carried out; required")
	o.DatabaseOptions.Register(fs)
	fs.BoolVar(&o.json, "json", false, "print JSON")
	exit.List(cmd, map[int]string{exit.OK: "the plan is approved"}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) approve(cmd *cobra.Command, id string, o approveOptions) error {
	n, err := app.RunID(id)
	if err != nil {
		return err
	}
	if o.reason == "" {
		return exit.Usage("say what was looked at", "--reason is missing")
	}
	return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
		store, run, err := runner.LoadRun(ctx, a.Console, cfg, n, 0)
		if err != nil {
			return err
		}
		report, err := runner.Approvable(run)
		if err != nil {
			return err
		}
		if report == "" {
			a.Stderr.Notice("the report of run %d is not at hand here: what you have looked at is not compared with the plan, whose SHA-256 is %s", run.ID, run.PlanSHA256)
		}
		approval, err := store.Approve(ctx, run, o.reason)
		switch {
		case err != nil:
			return err
		case o.json:
			return a.PrintJSON(approval)
		case a.Quiet:
			return nil
		}
		what := fmt.Sprintf("%s of %s", run.Kind, run.Source.Name)
		if run.OfRun != 0 {
			what = fmt.Sprintf("revert of run %d", run.OfRun)
		}
		return a.Printf("approved: the plan of run %d, %s\nplan      %s\nSHA-256   %s\nby        %s\nreason    %s\n", run.ID,
			text.Printable(what), run.Outcomes, approval.PlanSHA256, text.Printable(approval.By.String()), approval.Reason)
	})
}
