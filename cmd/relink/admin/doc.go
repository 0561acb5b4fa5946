// Package admin holds relink db: it prepares and checks a database, and runs the
// local one.
package admin

import (
	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
)

type commands struct{ *app.App }

// Command is relink db with all that is below it.
func Command(a *app.App) *cobra.Command { return (&commands{a}).dbCommand() }
