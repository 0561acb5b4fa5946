// Package servecmd holds relink serve: the HTTP operation as a server of its own,
// and the tokens of its callers.
package servecmd

import (
	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
)

type commands struct{ *app.App }

// Command is relink serve with all that is below it.
func Command(a *app.App) *cobra.Command { return (&commands{a}).serveCommand() }
