package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/runner"
)

func (a *commands) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		GroupID: "more",
		Args:    app.Positional(),
		RunE: func(*cobra.Command, []string) error {
			return a.Printf("relink %s %s %s/%s\n", runner.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
	exit.List(cmd, map[int]string{exit.OK: "done"}, exit.OK, exit.Error)
	return cmd
}
