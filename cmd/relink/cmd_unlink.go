package main

import (
	"context"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
)

type unlinkOptions struct {
	writeOptions
	input flags.InputOptions
}

func (a *commands) unlinkCommand() *cobra.Command {
	var o unlinkOptions
	cmd := &cobra.Command{
		Use:     "unlink FILE",
		Short:   "Clear the links that a file lists",
		GroupID: "rows",
		Long: `Clear the links that a file lists.

The rows are those of an import. A row clears the link of its recording only if
that is to the row's target: then its outcome is cleared, else unchanged. The
target may be deleted or merged: often that is why its links should go. A cleared
link stays as history, with the row's trigger, or USER_UNLINK.

The run is an import in everything else: dry run, limits, resume, revert.`,
		Example: `  relink unlink --dry-run links.csv
  relink export --dead | relink unlink --max-changes 500 -`,
		Args: app.Positional("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runner.WithMetrics(a.Console, o.metrics, func() error { return a.unlink(cmd, args[0], o) })
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&o.dryRun, "dry-run", false, "decide and report, but write nothing")
	o.DatabaseOptions.Register(fs)
	o.input.Register(fs)
	fs.StringVar(&o.rules.Organization, "organization", "", "`ID` of the organization to work for: those of others do not exist")
	o.rules.RegisterKeep(fs)
	o.guard.RegisterFile(fs)
	o.guard.RegisterChanges(fs, "default: no limit")
	o.registerRun(fs)
	exit.List(cmd, nil, exit.OK, exit.Error, exit.Rejected, exit.Budget, exit.Guard, exit.Busy, exit.Interrupted)
	return cmd
}

func (a *commands) unlink(cmd *cobra.Command, path string, o unlinkOptions) error {
	in, err := a.Input(cmd.Context(), path, o.input)
	if err != nil {
		return err
	}
	rules := o.rules.Rules(in.Set)
	rules.Unlink = true
	s, err := runner.NewSettings(in, rules, o.guard.Guard, o.OutputOptions)
	if err != nil {
		return err
	}
	return a.withRunner(cmd, o.writeOptions, in.Path, func(ctx context.Context, r *runner.Runner) error {
		return r.Begin(ctx, linker.Run{Kind: linker.Unlink, DryRun: o.dryRun}, &in, s)
	})
}
