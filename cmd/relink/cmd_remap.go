package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"relink/batch/source"
	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/expand"
	"relink/reports"
)

type remapOptions struct {
	writeOptions
	input flags.InputOptions
	runner.Expansion
}

func (a *commands) remapCommand() *cobra.Command {
	var o remapOptions
	cmd := &cobra.Command{
		Use:     "remap MAP",
		Short:   "Move links from old CRM rows to new ones",
		GroupID: "rows",
		Long: `Move links from old CRM rows to new ones, by a map of their ids.

MAP has the columns dataType, externalId, newDataType, newExternalId, and where
--from and --to do not give them integrationConnectionId and
newIntegrationConnectionId. Each current link to an old row becomes a row
"recording, new row", in links.csv in the run's folder, and is imported: only
while the recording is still linked to the old row, so that what a person changes
meanwhile stays. The new link keeps the trigger of the old one. All rows go by the
links from before the run: of A to B and B to C, a link to A is moved to B.

map.csv says for every row of the map how many links it moved, or why none: it is
unused, a CRM row is not found, or the old row has two new ones. unmapped.csv lists
the links to rows of the old connections that the map does not name.

The run is an import in everything else: dry run, --expect, resume, revert.`,
		Example: `  relink remap --dry-run --from hubspot --to sf-prod map.csv
  relink remap --from hubspot --to sf-prod --require-complete map.csv`,
		Args: app.Positional("MAP"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runner.WithMetrics(a.Console, o.metrics, func() error { return a.remap(cmd, args[0], o) })
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&o.dryRun, "dry-run", false, "decide and report, but write nothing")
	fs.StringVar(&o.From, "from", "", "`ID` of the connection of the old rows, where the map has no column for it")
	fs.StringVar(&o.To, "to", "", "`ID` of the connection of the new rows, where the map has no column for it")
	fs.BoolVar(&o.RequireComplete, "require-complete", false, "refuse a map that leaves out links to rows of the old connections, or names them in rows that are refused")
	o.DatabaseOptions.Register(fs)
	o.input.RegisterBytes(fs)
	fs.StringVar(&o.rules.Organization, "organization", "", "`ID` of the organization to work for: those of others do not exist")
	o.rules.RegisterFollow(fs)
	o.rules.RegisterKeep(fs)
	o.guard.RegisterFile(fs)
	o.guard.RegisterChanges(fs, "default: no limit")
	o.registerRun(fs)
	exit.List(cmd, map[int]string{
		exit.Rejected: "finished, but rows of the map were refused, or rows for links rejected or failed",
		exit.Budget:   "more rows rejected than --max-rejects allows, or links left out with --require-complete: nothing written",
	}, exit.OK, exit.Error, exit.Rejected, exit.Budget, exit.Guard, exit.Busy, exit.Interrupted)
	return cmd
}

func (a *commands) remap(cmd *cobra.Command, path string, o remapOptions) error {
	in, err := a.Input(cmd.Context(), path, o.input)
	if err != nil {
		return err
	}
	// What cannot be read twice is copied first: its rows are looked at before the
	// run has a folder.
	dir, err := os.MkdirTemp("", "relink-map-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if in, err = source.Spool(cmd.Context(), in, dir); err != nil {
		return err
	}
	if err := checkMap(cmd.Context(), in, o.Expansion); err != nil {
		return err
	}
	rules := o.rules.Rules(linker.Fields{})
	s, err := runner.NewSettings(source.Input{Name: in.Name, Path: path}, rules, o.guard.Guard, o.OutputOptions)
	if err != nil {
		return err
	}
	s.Path, s.Expansion = "", &o.Expansion
	return a.withRunner(cmd, o.writeOptions, path, func(ctx context.Context, r *runner.Runner) error {
		if err := r.Store.CheckNames(ctx, linker.Rules{Organization: rules.Organization, Scope: &linker.Scope{Connections: o.connections()}}); err != nil {
			return err
		}
		r.Expand = func(ctx context.Context, run linker.Run) error {
			return a.expandMap(ctx, r.Store, in, run, o)
		}
		return r.Begin(ctx, linker.Run{Kind: linker.Remap, DryRun: o.dryRun}, nil, s)
	})
}

// connections are those that the command line names.
func (o *remapOptions) connections() (list []string) {
	for _, c := range []string{o.From, o.To} {
		if c != "" {
			list = append(list, c)
		}
	}
	return list
}

// checkMap returns what is wrong with a map as a whole.
func checkMap(ctx context.Context, in source.Input, e runner.Expansion) error {
	pairs, err := source.OpenPairs(ctx, in, e.From, e.To)
	if err != nil {
		return err
	}
	return pairs.Close()
}

// expandMap makes the rows of a run, in its folder.
func (a *commands) expandMap(ctx context.Context, store *postgres.Store, in source.Input, run linker.Run, o remapOptions) error {
	pairs, err := source.OpenPairs(ctx, in, o.From, o.To)
	if err != nil {
		return err
	}
	defer pairs.Close()
	files, err := runner.CreateMapFiles(run.OutDir)
	if err != nil {
		return err
	}
	defer files.Abort()
	rows, err := reports.NewMapFile(files.Map)
	if err != nil {
		return err
	}
	_, err = expand.Remap(ctx, store, expand.RemapOptions{Run: run.ID, Organization: o.rules.Organization, From: o.From}, pairs.Next,
		expand.RemapFiles{Links: files.Links, Unmapped: files.Unmapped, Row: rows.Write})
	for _, n := range pairs.Notices() {
		a.Stderr.Notice("%s", n)
	}
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	return files.Commit()
}
