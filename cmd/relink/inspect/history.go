package inspect

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
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
relink did. Below stand the runs: the file with its SHA-256, who made the run, when
and why.`,
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

// historyLink is a link of the history with what is recorded of its runs.
type historyLink struct {
	linker.PastLink
	LinkedBySource    *linker.SourceIdentity `json:"linkedBySource"`
	LinkedByOperator  *linker.Operator       `json:"linkedByOperator"`
	LinkedByReason    string                 `json:"linkedByReason"`
	ClearedBySource   *linker.SourceIdentity `json:"clearedBySource"`
	ClearedByOperator *linker.Operator       `json:"clearedByOperator"`
	ClearedByReason   string                 `json:"clearedByReason"`
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
	runs, err := runsOf(ctx, store, links)
	if err != nil {
		return err
	}
	if !o.json {
		return reports.HistoryText(a.Stdout, links, runs)
	}
	listed := make([]historyLink, 0, len(links))
	for _, l := range links {
		v := historyLink{PastLink: l}
		if run, known := runs[l.LinkedByRun]; known {
			v.LinkedBySource, v.LinkedByOperator, v.LinkedByReason = &run.Source, run.KnownOperator(), run.Reason
		}
		if run, known := runs[l.ClearedByRun]; known {
			v.ClearedBySource, v.ClearedByOperator, v.ClearedByReason = &run.Source, run.KnownOperator(), run.Reason
		}
		listed = append(listed, v)
	}
	return a.PrintJSON(listed)
}

// runsOf looks up the runs in a history. Records that were removed are missing.
func runsOf(ctx context.Context, store *postgres.Store, links []linker.PastLink) (map[int64]linker.Run, error) {
	var ids []int64
	for _, l := range links {
		for _, id := range []int64{l.LinkedByRun, l.ClearedByRun} {
			if id != 0 && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return store.RunsOf(ctx, ids)
}
