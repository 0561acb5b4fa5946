package inspect

import (
	"context"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/reports"
)

type surveyOptions struct {
	app.DatabaseOptions
	organization string
	json         bool
}

func (a *commands) surveyCommand() *cobra.Command {
	var o surveyOptions
	cmd := &cobra.Command{
		Use:     "survey",
		Short:   "Count recordings and links, by connection, type and trigger",
		GroupID: "more",
		Long: `Count recordings and links, by connection, type and trigger.

How many recordings have a link and how many have none, where the links lead, and
how many of them lead to CRM rows that are merged, deleted or gone. Deleted
recordings are not counted. It reads all current links once.`,
		Example: `  relink survey
  relink survey --organization acme --json`,
		Args: app.Positional(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
				return a.survey(ctx, postgres.NewStore(cfg), o)
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.DatabaseOptions.Register(fs)
	fs.StringVar(&o.organization, "organization", "", "`ID` of the caller's organization; rows of others do not exist")
	fs.BoolVar(&o.json, "json", false, "print JSON")
	exit.List(cmd, map[int]string{exit.OK: "done"}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) survey(ctx context.Context, store *postgres.Store, o surveyOptions) error {
	if err := store.CheckNames(ctx, linker.Rules{Organization: o.organization}); err != nil {
		return err
	}
	s, err := store.Survey(ctx, o.organization)
	if err != nil {
		return err
	}
	if !o.json {
		return reports.SurveyText(a.Stdout, s)
	}
	return a.PrintJSON(struct {
		Recordings int64                `json:"recordings"`
		Linked     int64                `json:"linked"`
		Unlinked   int64                `json:"unlinked"`
		Links      []linker.SurveyGroup `json:"links"`
	}{s.Recordings, s.Linked, s.Recordings - s.Linked, append([]linker.SurveyGroup{}, s.Links...)})
}
