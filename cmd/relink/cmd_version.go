package main

import (
	"runtime"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		GroupID: "more",
		Args:    positional(),
		RunE: func(*cobra.Command, []string) error {
			return a.printf("relink %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
	exits(cmd, map[int]string{statusOK: "done"}, statusOK, statusError)
	return cmd
}
