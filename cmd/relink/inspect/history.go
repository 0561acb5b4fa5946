package inspect

import (
	"context"
	"fmt"

	"relink/cmd/relink/app"

	"github.com/spf13/cobra"

	"relink/cmd/relink/exit"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/reports"
)

type historyOptions struct {
	app.DatabaseOptions
	organization string
	json         bool
}

func (a *commands) historyCommand() *cobra.Command {
	var o historyOptions
	cmd := &cobra.Command{
		Use:     "history RECORDING",
		Short:   "Show every link that a recording has had",
		GroupID: "more",
		Long: `Show every link that a recording has had.

Oldest first: when it was linked and to what, which trigger, run, row and file
asked for it, and who cleared it. "the platform" made or cleared what no run of
relink did. With --json the checksums of the files stand there, too.`,
		Example: `  relink history 0d6f4c4e-53c3-4a6c-a4ab-2e5c5d9f3f0e
  relink history --json rec-17`,
		Args: app.Positional("RECORDING"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
				return a.history(ctx, postgres.NewStore(cfg), args[0], o)
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.DatabaseOptions.Register(fs)
	fs.StringVar(&o.organization, "organization", "", "`ID` of the caller's organization; rows of others do not exist")
	fs.BoolVar(&o.json, "json", false, "print JSON")
	exit.List(cmd, map[int]string{exit.OK: "done", exit.Error: "the recording has never had a link, or something is wrong"}, exit.OK, exit.Error)
	return cmd
}

// historyLink is a link of the history with the files of its runs.
type historyLink struct {
	linker.PastLink
	LinkedBySource  *linker.SourceIdentity `json:"linkedBySource"`
	ClearedBySource *linker.SourceIdentity `json:"clearedBySource"`
}

func (a *commands) history(ctx context.Context, store *postgres.Store, recording string, o historyOptions) error {
	links, err := store.History(ctx, recording, o.organization)
	if err != nil {
		return err
	}
	if len(links) == 0 {
		return exit.Usage("check the id; relink export --unlinked lists the recordings without a link",
			"no recording %q has ever had a link", recording)
	}
	sources, err := sourcesOf(ctx, store, links)
	if err != nil {
		return err
	}
	if !o.json {
		return reports.HistoryText(a.Stdout, links, func(run int64) string {
			if source := sources[run]; source != nil && source.Name != "" {
				return source.Name
			}
			return "no file"
		})
	}
	listed := make([]historyLink, 0, len(links))
	for _, l := range links {
		listed = append(listed, historyLink{l, sources[l.LinkedByRun], sources[l.ClearedByRun]})
	}
	return a.PrintJSON(listed)
}

// sourcesOf looks up what the runs in a history have read. A run whose record is
// gone has none.
func sourcesOf(ctx context.Context, store *postgres.Store, links []linker.PastLink) (map[int64]*linker.SourceIdentity, error) {
	wanted := map[int64]bool{}
	for _, l := range links {
		wanted[l.LinkedByRun], wanted[l.ClearedByRun] = true, true
	}
	delete(wanted, 0)
	sources := map[int64]*linker.SourceIdentity{}
	if len(wanted) == 0 {
		return sources, nil
	}
	runs, err := store.Runs(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("reading the runs: %w", err)
	}
	for _, run := range runs {
		if wanted[run.ID] {
			sources[run.ID] = &run.Source
		}
	}
	return sources, nil
}
