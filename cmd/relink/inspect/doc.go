// Package inspect holds the commands that look at links and runs, or look after
// runs: export, survey, history, changes, report and runs. None of them changes a
// link.
package inspect

import (
	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
)

type commands struct{ *app.App }

// Commands returns the commands of this package.
func Commands(a *app.App) []*cobra.Command {
	c := &commands{a}
	return []*cobra.Command{
		c.exportCommand(), c.reportCommand(), c.runsCommand(), c.surveyCommand(), c.historyCommand(), c.changesCommand(),
	}
}
