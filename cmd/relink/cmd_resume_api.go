package main

import (
	"os"

	"github.com/spf13/cobra"

	"relink/cmd/relink/exit"
	"relink/cmd/relink/runner"
	"relink/linker"
	"relink/reports"
)

// isFolder tells whether a run is named by its folder, as those are that no
// database knows of.
func isFolder(run string) bool {
	info, err := os.Stat(run)
	return err == nil && info.IsDir()
}

// resumeThroughAPI takes the run in a folder to its end: rows that have an
// answer are not sent again.
//
// The journal says where the rows go. Its address is judged as one that is typed,
// and the token is the one that this command line names: a journal must not
// choose which of the user's files is sent where.
func (a *commands) resumeThroughAPI(cmd *cobra.Command, dir string, o resumeOptions) error {
	s, err := runner.LoadAPI(dir)
	if err != nil {
		return err
	}
	if dir, err = runner.Absolute(dir); err != nil {
		return err
	}
	if o.api.tokenFile == "" {
		return exit.Usage("it is not taken from the run's folder, which others may have made", "--token-file is missing")
	}
	if cmd.Flags().Changed("rate") {
		s.Rate = o.run.Rate
	}
	o.run.Rate = s.Rate
	r := o.api.runner(a, o.run, o.json)
	r.Next = func(linker.Summary) []reports.Step { return nil }
	if r.Client, err = a.newClient(cmd, s.API, o.api, o.run); err != nil {
		return err
	}
	ctx, ended := runner.WithDeadline(cmd.Context(), a.Console, cmd, o.run.PaceOptions)
	defer ended()
	return r.Again(ctx, dir, s)
}
