package main

import (
	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
)

type validateOptions struct {
	input flags.InputOptions
	guard flags.GuardOptions
	flags.OutputOptions
}

func (a *commands) validateCommand() *cobra.Command {
	var o validateOptions
	cmd := &cobra.Command{
		Use:     "validate FILE",
		Short:   "Check a file without a database",
		GroupID: "rows",
		Long: `Check a file without a database.

Finds everything that can be found without one: records that cannot be read,
missing and impossible fields, ids that a spreadsheet has damaged, and rows of
one recording that ask for different targets. Writes the report that an import
would write, with the outcomes valid and rejected. FILE may be - for standard
input.`,
		Example: `  relink validate links.csv
  relink validate --set dataType=OPPORTUNITY --map 'SFDC Id=externalId' export.csv
  zcat links.jsonl.gz | relink validate --max-rejects 1% -`,
		Args: app.Positional("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.validate(cmd, args[0], o)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.input.Register(fs)
	o.guard.RegisterFile(fs)
	o.OutputOptions.Register(fs)
	exit.List(cmd, map[int]string{
		exit.OK:          "every row is valid",
		exit.Rejected:    "some rows are rejected",
		exit.Budget:      "more rows rejected than --max-rejects allows",
		exit.Interrupted: "interrupted",
	}, exit.OK, exit.Error, exit.Rejected, exit.Budget, exit.Interrupted)
	return cmd
}

func (a *commands) validate(cmd *cobra.Command, path string, o validateOptions) error {
	in, err := a.Input(cmd.Context(), path, o.input)
	if err != nil {
		return err
	}
	s, err := runner.NewSettings(in, linker.Rules{Set: in.Set}, o.guard.Guard, o.OutputOptions)
	if err != nil {
		return err
	}
	v := &runner.Validation{Console: a.Console, Command: cmd, JSON: o.JSON}
	return v.Do(cmd.Context(), in, s)
}
