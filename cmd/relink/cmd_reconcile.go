package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/batch/source/remote"
	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
)

type reconcileOptions struct {
	writeOptions
	input     flags.InputOptions
	scope     scopeOptions
	ifChanged bool
}

// scopeOptions limit what the file is the truth for.
type scopeOptions struct {
	connections   []string
	dataTypes     []string
	organizations []string
	takeOver      bool
	prune         bool
}

func (o *scopeOptions) register(fs *pflag.FlagSet) {
	fs.Var(flags.Words(&o.connections, nil, "ID[,...]"), "connection", "the file lists the links to these connections")
	fs.Var(flags.Words(&o.dataTypes, linker.DataTypes, "TYPE[,...]"), "data-type", "the file lists the links to CRM rows of these types")
	fs.Var(flags.Words(&o.organizations, nil, "ID[,...]"), "organization", "the file lists the links of these organizations; with one, those of others do not exist")
	fs.BoolVar(&o.prune, "prune", false, "clear the links in scope whose recording the file does not mention")
	fs.BoolVar(&o.takeOver, "take-over", false, "also replace links that lead out of the scope")
}

// scope is the options as the linker's scope.
func (o *scopeOptions) scope() *linker.Scope {
	return &linker.Scope{
		Connections: o.connections, DataTypes: o.dataTypes, Organizations: o.organizations,
		Implied:  len(o.connections)+len(o.dataTypes)+len(o.organizations) == 0,
		TakeOver: o.takeOver, Prune: o.prune,
	}
}

// check refuses a prune that could clear more than anybody meant.
func (o *scopeOptions) check(path string, minRows int64) error {
	if !o.prune {
		return nil
	}
	if len(o.connections)+len(o.organizations) == 0 {
		return exit.Usage("name the scope with --connection or --organization", "--prune without a scope would clear links that the file says nothing about")
	}
	if !runner.IsRegular(path) && !remote.IsAddress(path) && minRows == 0 {
		what := "standard input"
		if path != "-" {
			what = "a pipe"
		}
		return exit.Usage("give --min-rows: a pipe that breaks looks like a short file", "--prune from %s needs --min-rows", what)
	}
	return nil
}

// checkIfChanged refuses what --if-changed cannot mean.
func (o *reconcileOptions) checkIfChanged(path string) error {
	switch {
	case o.ifChanged && !runner.IsRegular(path) && !remote.IsAddress(path):
		return exit.Usage("name a file, or leave it out", "--if-changed cannot know what a pipe holds without reading it")
	case o.ifChanged && o.dryRun:
		return exit.Usage("keep one of them", "--if-changed and --dry-run are both given: a dry run is asked what differs now")
	}
	return nil
}

func (a *commands) reconcileCommand() *cobra.Command {
	var o reconcileOptions
	cmd := &cobra.Command{
		Use:     "reconcile FILE",
		Short:   "Make the links of a scope equal to a file",
		GroupID: "rows",
		Long: `Make the links of a scope equal to a file.

The file is the truth for a scope: links into some connections, to some types of
CRM rows, of some organizations. Several of one kind add up, different kinds
limit each other. Without any, the connections named in the file are the scope.
The rows are linked as by import. Links in scope whose recording the file does
not mention are reported as extra, and with --prune cleared, last of all.

Rows that are out of scope, and recordings whose link now leads out of it, are
rejected. Unless --max-changes says otherwise, a file that would change more
than 20 % of the links is refused, as is a file without one good row.

Absence must be proven: while any record has no recording id that can be trusted,
or the file may be cut off or joined, nothing is cleared: the prune is withheld,
and the run ends with 2 and the lines. An id that no recording has is trusted when
it has the form of the recordings' ids. A recording that a rejected row names is
never cleared, also where only letter case, leading zeros, white space or
punctuation differ.

For cron: without a terminal, stderr has a line when the run starts and one when
it ends; with --quiet a run that ends with 0 prints nothing. --metrics-file
writes how it ended for Prometheus.`,
		Example: `  relink reconcile --dry-run --connection sf-prod links.csv
  relink reconcile --connection sf-prod --prune --min-rows 1000 links.csv
  relink reconcile --quiet --if-changed --connection sf-prod links.csv`,
		Args: app.Positional("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runner.WithMetrics(a.Console, o.metrics, func() error { return a.reconcile(cmd, args[0], o) })
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&o.dryRun, "dry-run", false, "decide and report, but write nothing")
	fs.BoolVar(&o.ifChanged, "if-changed", false, "do nothing when the last run of this scope reconciled this very file in the same way, every row went through, and links and CRM rows in scope have not changed since")
	o.DatabaseOptions.Register(fs)
	o.input.Register(fs)
	o.scope.register(fs)
	o.rules.Register(fs)
	o.guard.Register(fs, "default: 20 %, and up to 10 where there are fewer than 100 links")
	o.registerRun(fs)
	exit.List(cmd, map[int]string{
		exit.Rejected: "finished, but some rows were rejected or failed, or a prune was withheld or not all done",
		exit.Budget:   "more rows rejected than --max-rejects or --max-new-rejects allows, or no good row at all: nothing written",
	}, exit.OK, exit.Error, exit.Rejected, exit.Budget, exit.Guard, exit.Drift, exit.Busy, exit.Interrupted)
	return cmd
}

func (a *commands) reconcile(cmd *cobra.Command, path string, o reconcileOptions) error {
	if err := o.scope.check(path, o.guard.MinRows); err != nil {
		return err
	}
	if err := o.checkIfChanged(path); err != nil {
		return err
	}
	in, err := a.Input(cmd.Context(), path, o.input)
	if err != nil {
		return err
	}
	rules := o.rules.Rules(in.Set)
	rules.Scope = o.scope.scope()
	if len(o.scope.organizations) == 1 {
		rules.Organization = o.scope.organizations[0]
	}
	guard := o.guard.Guard
	guard.Reconcile = true
	s, err := runner.NewSettings(in, rules, guard, o.OutputOptions)
	if err != nil {
		return err
	}
	return a.withRunner(cmd, o.writeOptions, in.Path, func(ctx context.Context, r *runner.Runner) error {
		if o.ifChanged {
			done, err := r.NothingChanged(ctx, s)
			if err != nil || done {
				return err
			}
		}
		return r.Begin(ctx, linker.Run{Kind: linker.Reconcile, DryRun: o.dryRun}, &in, s)
	})
}
