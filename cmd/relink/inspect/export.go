package inspect

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/reports"
	"relink/reports/folder"
)

type exportOptions struct {
	app.DatabaseOptions
	postgres.ExportOptions
	ids   string
	out   string
	atRun int64
}

func (a *commands) exportCommand() *cobra.Command {
	o := exportOptions{ids: "external"}
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "Write the current links as a file that import reads",
		GroupID: "rows",
		Long: `Write the current links as a file that import reads.

The columns are those of an import, the rows in bytewise order of recordingId,
all from one snapshot. The CRM rows are named by externalId and connection, or
with --ids internal by the platform's own ids; one that is gone is named by its
own id anyway. Without --out the rows go to stdout.

Read back by reconcile --dry-run, an export finds nothing to change, except that
links to merged or deleted CRM rows are rejected there: --dead lists these alone.`,
		Example: `  relink export --connection sf-prod --out links.csv.gz
  relink export --dead | relink import --follow-merges --dry-run -
  relink export --unlinked > to-do.csv
  relink export --at-run 42 --out before-run-42.csv`,
		Args: app.Positional(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
				return a.export(ctx, postgres.NewStore(cfg), o)
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.DatabaseOptions.Register(fs)
	fs.Var(flags.Words(&o.Connections, nil, "ID[,...]"), "connection", "only links into these connections")
	fs.Var(flags.Words(&o.DataTypes, linker.DataTypes, "TYPE[,...]"), "data-type", "only links to CRM rows of these types")
	fs.Var(flags.Words(&o.Organizations, nil, "ID[,...]"), "organization", "only links of these organizations; with one, those of others do not exist")
	fs.Var(flags.Word(&o.ids, []string{"external", "internal"}), "ids", "how CRM rows are named")
	fs.BoolVar(&o.Unlinked, "unlinked", false, "the recordings that have no link, instead")
	fs.BoolVar(&o.Dead, "dead", false, "only links to CRM rows that are merged, deleted or gone")
	fs.Var(flags.Whole(&o.atRun, 1), "at-run", "the links as they were when this run began")
	fs.StringVar(&o.out, "out", "", "`FILE` to write, compressed when its name ends with .gz or .zst; default: stdout")
	// RELINK_OUT is where runs leave their folders.
	flags.OnlyTyped(fs, "out")
	cmd.MarkFlagsMutuallyExclusive("unlinked", "dead", "at-run")
	exit.List(cmd, map[int]string{exit.OK: "everything is written"}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) export(ctx context.Context, store *postgres.Store, o exportOptions) (err error) {
	if o.Unlinked && len(o.Connections)+len(o.DataTypes) > 0 {
		return exit.Usage("leave them out", "--unlinked does not go with --connection or --data-type: what has no link has neither")
	}
	if len(o.Organizations) == 1 {
		o.Organization = o.Organizations[0]
	}
	scope := linker.Rules{Organization: o.Organization, Scope: &linker.Scope{Connections: o.Connections, Organizations: o.Organizations}}
	if err := store.CheckNames(ctx, scope); err != nil {
		return err
	}
	if o.atRun != 0 {
		run, err := store.Run(ctx, o.atRun)
		if err != nil {
			return exit.WithStatus(exit.Error, err, "relink runs lists them")
		}
		o.At = run.StartedAt
	}
	if o.out == "" {
		w := bufio.NewWriterSize(a.Stdout, 1<<16)
		return errors.Join(writeLinks(ctx, store, o, w), w.Flush())
	}
	began := time.Now()
	file, err := folder.CreateCompressed(o.out)
	if err != nil {
		return err
	}
	if err := writeLinks(ctx, store, o, file); err != nil {
		return errors.Join(err, file.Abort())
	}
	if err := file.Commit(); err != nil {
		return err
	}
	a.Stderr.Notice("wrote %s in %s", o.out, time.Since(began).Round(time.Millisecond))
	return nil
}

func writeLinks(ctx context.Context, store *postgres.Store, o exportOptions, w io.Writer) error {
	links, err := reports.NewLinks(w, o.ids == "internal")
	if err != nil {
		return err
	}
	if err := store.Export(ctx, o.ExportOptions, links.Write); err != nil {
		return err
	}
	return links.Close()
}
