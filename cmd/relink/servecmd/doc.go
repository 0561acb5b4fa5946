// Package servecmd implements relink serve: the HTTP operation as a server, and
// the tokens of its callers.
package servecmd

import (
	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
)

type commands struct{ *app.App }

// Command returns relink serve with all its subcommands.
func Command(a *app.App) *cobra.Command { return (&commands{a}).serveCommand() }
