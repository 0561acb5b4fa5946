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

type importOptions struct {
	writeOptions
	input flags.InputOptions
	api   apiOptions
}

func (a *commands) importCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:     "import FILE",
		Short:   "Link the recordings of a file",
		GroupID: "rows",
		Long: `Link the recordings of a file to the CRM rows that it names.

Afterwards each recording has exactly one current link, to the row's target;
links that it had before are cleared and kept as history. A recording that is
linked to the target already is left alone. The report says for every row what
happened. FILE may be - for standard input.

With --dry-run the same is decided and reported, and nothing is written.

Where only the HTTP operation of a platform can be reached, --api sends the rows
to it one by one. "relink resume FOLDER" continues such a run.`,
		Example: `  relink import --dry-run links.csv
  relink import --max-rejects 1% links.csv
  relink import --expect relink-runs/20260102T030405Z-7/report.csv links.csv
  relink import --api https://platform.example --token-file token links.csv`,
		Args: app.Positional("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runner.WithMetrics(a.Console, o.metrics, func() error {
				if o.api.url != "" {
					return a.importThroughAPI(cmd, args[0], o)
				}
				return a.importFile(cmd, args[0], o)
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&o.dryRun, "dry-run", false, "decide and report, but write nothing")
	o.DatabaseOptions.Register(fs)
	o.api.register(fs)
	o.input.Register(fs)
	fs.StringVar(&o.rules.Organization, "organization", "", "`ID` of the organization to work for: those of others do not exist")
	o.rules.Register(fs)
	o.guard.Register(fs, "default: no limit")
	o.registerRun(fs)
	describeRate(fs)
	exit.List(cmd, nil, exit.OK, exit.Error, exit.Rejected, exit.Budget, exit.Guard, exit.Busy, exit.Interrupted)
	return cmd
}

func (a *commands) importFile(cmd *cobra.Command, path string, o importOptions) error {
	in, err := a.Input(cmd.Context(), path, o.input)
	if err != nil {
		return err
	}
	s, err := runner.NewSettings(in, o.rules.Rules(in.Set), o.guard.Guard, o.OutputOptions)
	if err != nil {
		return err
	}
	return a.withRunner(cmd, o.writeOptions, in.Path, func(ctx context.Context, r *runner.Runner) error {
		return r.Begin(ctx, linker.Run{Kind: linker.Import, DryRun: o.dryRun}, &in, s)
	})
}
