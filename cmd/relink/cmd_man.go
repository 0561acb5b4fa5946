//go:build man

package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
)

// buildCommands are for those who package the program: make package builds it
// once more with the tag man to have them. What writes the pages would be 0.6 MB
// of every program.
func (a *commands) buildCommands() []*cobra.Command { return []*cobra.Command{a.manCommand()} }

func (a *commands) manCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write the man pages of all commands into a folder",
		Hidden: true,
		Args:   app.Positional("FOLDER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			root := cmd.Root()
			withExits(root)
			return doc.GenManTree(root, &doc.GenManHeader{Title: "RELINK", Section: "1", Source: "relink", Manual: "relink"}, args[0])
		},
	}
	exit.List(cmd, map[int]string{exit.OK: "done"}, exit.OK, exit.Error)
	return cmd
}

// withExits adds the exit statuses to what a command's page says of it. Four
// blanks make it a block of lines that stay as they are.
func withExits(cmd *cobra.Command) {
	if exits := cmd.Annotations["exits"]; exits != "" {
		if cmd.Long == "" {
			cmd.Long = cmd.Short
		}
		cmd.Long += "\n\nExit status:\n\n  " + strings.ReplaceAll(exits, "\n", "\n  ") + "\n"
	}
	for _, sub := range cmd.Commands() {
		withExits(sub)
	}
}
