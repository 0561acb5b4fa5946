// Package admin implements relink db: preparing and checking a database, and
// running the local one.
package admin

import (
	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
)

type commands struct{ *app.App }

// Command returns relink db with all its subcommands.
func Command(a *app.App) *cobra.Command { return (&commands{a}).dbCommand() }
