package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"relink/batch/source"
	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
	"relink/linker/postgres/expand"
	"relink/reports/folder"
)

type followOptions struct {
	writeOptions
	// clearDeleted is --clear-deleted.
	clearDeleted bool
	runner.Expansion
}

func (a *commands) followCommand() *cobra.Command {
	var o followOptions
	cmd := &cobra.Command{
		Use:     "follow",
		Short:   "Move links from merged CRM rows to the survivors",
		GroupID: "rows",
		Long: `Move links from merged CRM rows to the survivors.

The current links to CRM rows of the connections that the CRM has merged or
deleted become rows of an import, in links.csv in the run's folder. A link to a
merged row moves to the one at the end of the chain of merges, and keeps its
trigger. A chain without an end, or into a row that is deleted or of another
organization, is rejected with its code, and so is a link to a deleted row, unless
--clear-deleted clears those. Links of deleted recordings are left out.

It needs no file and can be run every night. With --dry-run it exits with 5 when
a link would move. The run is an import in everything else: limits, resume, revert.`,
		Example: `  relink follow --dry-run --connection sf-prod
  relink follow --connection sf-prod --clear-deleted --max-changes 5%`,
		Args: app.Positional(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runner.WithMetrics(a.Console, o.metrics, func() error { return a.follow(cmd, o) })
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&o.dryRun, "dry-run", false, "decide and report, but write nothing")
	fs.Var(flags.Words(&o.Connections, nil, "ID[,...]"), "connection", "links to CRM rows of these connections")
	fs.BoolVar(&o.clearDeleted, "clear-deleted", false, "clear the links whose CRM row, or the one that it was merged into, is deleted")
	o.DatabaseOptions.Register(fs)
	fs.StringVar(&o.rules.Organization, "organization", "", "`ID` of the organization to work for: those of others do not exist")
	o.rules.RegisterKeep(fs)
	o.guard.RegisterRejects(fs)
	o.guard.RegisterChanges(fs, "default: no limit")
	o.registerRun(fs)
	exit.List(cmd, map[int]string{
		exit.Rejected: "finished, but links lead nowhere, or rows failed",
		exit.Drift:    "--dry-run: links would move",
	}, exit.OK, exit.Error, exit.Rejected, exit.Budget, exit.Guard, exit.Drift, exit.Busy, exit.Interrupted)
	return cmd
}

func (a *commands) follow(cmd *cobra.Command, o followOptions) error {
	if len(o.Connections) == 0 {
		return exit.Usage("name the connection whose CRM rows were merged", "--connection is missing")
	}
	rules := o.rules.Rules(linker.Fields{})
	rules.FollowMerges, rules.ClearDeleted = true, o.clearDeleted
	s, err := runner.NewSettings(source.Input{Path: "-", Name: "merges in " + strings.Join(o.Connections, ", ")}, rules, o.guard.Guard, o.OutputOptions)
	if err != nil {
		return err
	}
	s.Path, s.Expansion = "", &o.Expansion
	return a.withRunner(cmd, o.writeOptions, "", func(ctx context.Context, r *runner.Runner) error {
		if err := r.Store.CheckNames(ctx, linker.Rules{Organization: rules.Organization, Scope: &linker.Scope{Connections: o.Connections}}); err != nil {
			return err
		}
		r.Expand = func(ctx context.Context, run linker.Run) error {
			links, err := folder.CreateFile(filepath.Join(run.OutDir, runner.LinksName))
			if err != nil {
				return err
			}
			defer links.Abort()
			options := expand.FollowOptions{Run: run.ID, Organization: rules.Organization, Connections: o.Connections}
			if err := expand.Follow(ctx, r.Store, options, links); err != nil {
				return err
			}
			return links.Commit()
		}
		return r.Begin(ctx, linker.Run{Kind: linker.Follow, DryRun: o.dryRun}, nil, s)
	})
}
