package inspect

import (
	"context"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker/postgres/pg"
)

type reportOptions struct {
	app.DatabaseOptions
	format string
	json   bool
}

// The formats of relink report.
const (
	formatText = "text"
	formatHTML = "html"
	formatJSON = "json"
)

func (a *commands) reportCommand() *cobra.Command {
	o := reportOptions{format: formatText}
	cmd := &cobra.Command{
		Use:     "report RUN",
		Short:   "Write the files of a run again and print its summary",
		GroupID: "runs",
		Long: `Write the files of a run again and print its summary.

What the run did is read from the marks that it left on the links, and the file
it read is read again; nothing is linked or cleared. Of a run that was
interrupted the report says how far it got. A row that could be linked now, but
was not by the run, is reported as unattempted. Where links have changed since
the run ended, its files stay as they are, and are what is printed.

Printed is the summary as text, what stands in summary.json, or the page that
stands in report.html. On a terminal --format html prints where the page is.`,
		Example: `  relink report 42
  relink report --format json 42
  relink report --format html 42 > report.html`,
		Args: app.Positional("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := app.RunID(args[0])
			if err != nil {
				return err
			}
			return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
				store, run, err := runner.LoadRun(ctx, a.Console, cfg, n, runner.DeathTimeout)
				if err != nil {
					return err
				}
				if run.Alive {
					return runner.StillRunning(run, "it writes its report when it ends")
				}
				r := &runner.Runner{
					Console: a.Console, Command: cmd, Store: store, Next: runner.NextAfterOld(cmd, run), Rewrite: true, Standing: true,
					JSON: o.json || o.format == formatJSON, HTML: o.format == formatHTML,
				}
				return r.Again(ctx, run)
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.DatabaseOptions.Register(fs)
	fs.Var(flags.Word(&o.format, []string{formatText, formatHTML, formatJSON}), "format", "what is printed")
	fs.BoolVar(&o.json, "json", false, "the same as --format json")
	// RELINK_FORMAT is the format of a job's input.
	flags.OnlyTyped(fs, "format")
	cmd.MarkFlagsMutuallyExclusive("format", "json")
	exit.List(cmd, map[int]string{
		exit.OK:       "the files are written, and no row is rejected or failed",
		exit.Rejected: "the files are written, and some rows are rejected or failed",
	}, exit.OK, exit.Error, exit.Rejected, exit.Budget, exit.Guard, exit.Busy, exit.Interrupted)
	return cmd
}
