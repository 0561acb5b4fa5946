package admin

import (
	"context"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
)

func (a *commands) dbRequireApprovalCommand() *cobra.Command {
	var o app.DatabaseOptions
	var environment string
	cmd := a.dbCommandOf(&cobra.Command{
		Use:   "require-approval [on|off]",
		Short: "Demand that another role approves what is written, or show it",
		Long: `Demand that another role approves what is written, or show it.

When it is on, every run that writes does so as if it were given
--require-approval: it carries out only the plan of a dry run that another database
role has approved with "relink approve". "relink serve" does not start.

It binds a role that may not change it: see "relink help permissions".`,
		Example: `  relink db require-approval on`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.OnDatabase(cmd.Context(), o, func(ctx context.Context, cfg pg.Config) error {
				return a.requireApproval(ctx, postgres.NewStore(cfg), args, environment)
			})
		},
	}, &o)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return nil
		case len(args) == 1 && args[0] != "on" && args[0] != "off":
			return exit.Usage("write on or off", "%q is neither on nor off", args[0])
		}
		return app.Positional("on|off")(cmd, args)
	}
	cmd.ValidArgsFunction = cobra.FixedCompletions([]cobra.Completion{"on", "off"}, cobra.ShellCompDirectiveNoFileComp)
	flags.RegisterEnvironment(cmd.Flags(), &environment)
	return cmd
}

// requireApproval changes the setting when args has a word, and prints it.
func (a *commands) requireApproval(ctx context.Context, store *postgres.Store, args []string, environment string) error {
	var now linker.Environment
	var err error
	if len(args) > 0 {
		now, err = changeEnvironment(ctx, store, environment, func(e *linker.Environment) error {
			e.RequireApproval = args[0] == "on"
			return nil
		})
	} else {
		now, err = store.Environment(ctx)
	}
	if err != nil || a.Quiet && len(args) > 0 {
		return err
	}
	if now.RequireApproval {
		return a.Printf("on\n")
	}
	return a.Printf("off\n")
}
