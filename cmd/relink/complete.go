package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/cmd/relink/app"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/localpg"
)

// completionPatience is how long the Tab key waits for a database.
const completionPatience = 2 * time.Second

// completedRuns is how many runs the Tab key offers.
const completedRuns = 20

// completeValues lets shells complete what stands behind flags and commands:
// words out of a fixed set, fields, and the ids of runs. Where a FILE stands,
// files are completed, as shells do by themselves.
func (a *commands) completeValues(cmd *cobra.Command) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "approved" {
			_ = cmd.RegisterFlagCompletionFunc(f.Name, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
				return a.runsToComplete(cmd, approvable)
			})
			return
		}
		words := flags.Known(f)
		if words == nil {
			return
		}
		// The error is that of a second registration; there is only this one.
		_ = cmd.RegisterFlagCompletionFunc(f.Name, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return lastOfList(words, typed), cobra.ShellCompDirectiveNoFileComp
		})
	})
	if cmd.ValidArgsFunction == nil {
		switch {
		case strings.Contains(cmd.Use, " RUN"):
			cmd.ValidArgsFunction = a.completeRuns
		case !strings.Contains(cmd.Use, " FILE") && !strings.Contains(cmd.Use, " MAP"):
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
	for _, sub := range cmd.Commands() {
		a.completeValues(sub)
	}
}

// lastOfList completes the last word of a list that is separated by commas.
func lastOfList(words []string, typed string) []string {
	before := typed[:strings.LastIndexByte(typed, ',')+1]
	var list []string
	for _, w := range words {
		list = append(list, before+w)
	}
	return list
}

// completeRuns lists the newest runs, for resume and abandon those that are
// interrupted, for approve the dry runs.
func (a *commands) completeRuns(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault // resume RUN FILE
	}
	fits := func(linker.Run) bool { return true }
	switch cmd.Name() {
	case "resume", "abandon":
		fits = func(r linker.Run) bool { return r.State == linker.StateInterrupted }
	case "approve":
		fits = approvable
	}
	return a.runsToComplete(cmd, fits)
}

// approvable tells whether a run has a plan that can be approved.
func approvable(r linker.Run) bool { return r.DryRun && r.State == linker.StateDone }

// runsToComplete lists those of the newest runs that fit. It says nothing where no
// database is named, or where the local one would have to be started first.
func (a *commands) runsToComplete(cmd *cobra.Command, fits func(linker.Run) bool) ([]string, cobra.ShellCompDirective) {
	const nothing = cobra.ShellCompDirectiveNoFileComp
	if a.Env.Bind(cmd) != nil {
		return nil, nothing
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	var o app.DatabaseOptions
	o.Database, _ = cmd.Flags().GetString("database")
	choice, ok := a.ChosenDatabase(o)
	if !ok {
		return nil, nothing
	}
	if choice.Local != "" {
		if state, err := localpg.Status(ctx, a.LocalConfig(false)); err != nil || !state.Running {
			return nil, nothing
		}
	}
	cfg, leave, err := a.Connect(ctx, choice, "")
	if err != nil {
		return nil, nothing
	}
	runs, err := postgres.NewStore(cfg).Runs(ctx, completedRuns)
	if err := leave(); err != nil {
		return nil, nothing
	}
	if err != nil {
		return nil, nothing
	}
	runs = slices.DeleteFunc(runs, func(r linker.Run) bool { return !fits(r) })
	words := make([]string, len(runs))
	for i, r := range runs {
		words[i] = cobra.CompletionWithDesc(fmt.Sprint(r.ID), fmt.Sprintf("%s of %s, %s", r.Kind, r.Source.Name, r.State))
	}
	return words, nothing | cobra.ShellCompDirectiveKeepOrder
}
