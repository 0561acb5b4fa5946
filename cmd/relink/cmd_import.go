package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
)

type importOptions struct {
	databaseOptions
	outputOptions
	input   inputOptions
	rules   ruleOptions
	guard   guardOptions
	run     runOptions
	metrics metricsOptions
	dryRun  bool
	expect  string
	api     apiOptions
}

func (a *app) importCommand() *cobra.Command {
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
		Args: positional("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.measured(o.metrics, func() error {
				if o.api.url != "" {
					return a.importThroughAPI(cmd, args[0], o)
				}
				return a.importFile(cmd, args[0], o)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&o.dryRun, "dry-run", false, "decide and report, but write nothing")
	o.databaseOptions.register(flags)
	o.api.register(flags)
	o.input.register(flags)
	flags.StringVar(&o.rules.organization, "organization", "", "`ID` of the organization to work for: those of others do not exist")
	o.rules.register(flags)
	o.guard.register(flags, "default: no limit")
	flags.StringVar(&o.expect, "expect", "", "write only if the plan's report equals `REPORT`, that of an approved dry run, byte for byte")
	o.outputOptions.register(flags)
	o.metrics.register(flags)
	o.run.register(flags)
	exits(cmd, nil, statusOK, statusError, statusRejected, statusBudget, statusGuard, statusBusy, statusInterrupted)
	return cmd
}

func (a *app) importFile(cmd *cobra.Command, path string, o importOptions) error {
	in, err := a.input(path, o.input)
	if err != nil {
		return err
	}
	s, err := newSettings(in, o.rules.rules(in.Set), o.guard.Guard, o.outputOptions)
	if err != nil {
		return err
	}
	if s.Expect, err = absolute(o.expect); err != nil {
		return err
	}
	return a.onDatabase(cmd.Context(), o.databaseOptions, func(ctx context.Context, cfg pg.Config) error {
		r := &runner{
			a: a.console, cmd: cmd, store: postgres.NewStore(cfg), run: o.run, json: o.json,
			next: nextAfterFile(cmd, path),
		}
		return r.begin(ctx, linker.Run{Kind: linker.Import, DryRun: o.dryRun}, &in, s)
	})
}

// onDatabase does something with the database that the options name.
func (a *app) onDatabase(ctx context.Context, o databaseOptions, do func(context.Context, pg.Config) error) error {
	choice, err := a.needDatabase(o)
	if err != nil {
		return err
	}
	cfg, leave, err := a.connect(ctx, choice, o.schema)
	if err != nil {
		return err
	}
	err = do(ctx, cfg)
	if leaveErr := leave(); leaveErr != nil {
		err = errors.Join(err, leaveErr)
	}
	return err
}
