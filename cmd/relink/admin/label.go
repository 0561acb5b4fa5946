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
	"relink/linker/text"
)

type labelOptions struct {
	app.DatabaseOptions
	environment string
	protected   bool
	clear       bool
}

func (a *commands) dbLabelCommand() *cobra.Command {
	var o labelOptions
	cmd := a.dbCommandOf(&cobra.Command{
		Use:   "label [NAME]",
		Short: "Say what a database is, such as production, or show it",
		Long: `Say what a database is, such as production, or show it.

Every run that writes prints the label, and keeps it in its record. A command that
is given --environment works only on a database that is labelled so. With
--protected everything that writes must be given it, else it is refused before it
has done anything. To change or clear a protected label needs it, too; a label
that is given again stays protected, but for --protected=false.

Without NAME it prints the label.`,
		Example: `  relink db label production --protected
  relink db label --clear --environment production`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.dbLabel(cmd, args, o)
		},
	}, &o.DatabaseOptions)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return app.Positional("NAME")(cmd, args)
	}
	fs := cmd.Flags()
	fs.BoolVar(&o.protected, "protected", false, "whatever writes to the database must be given --environment NAME")
	fs.BoolVar(&o.clear, "clear", false, "take the label away")
	flags.RegisterEnvironment(fs, &o.environment)
	flags.OnlyTyped(fs, "protected")
	flags.OnlyTyped(fs, "clear")
	return cmd
}

func (a *commands) dbLabel(cmd *cobra.Command, args []string, o labelOptions) error {
	var name string
	if len(args) > 0 {
		name = args[0]
		if err := linker.CheckLabel(name); err != nil {
			return exit.Usage("", "label %q: %w", name, err)
		}
	}
	switch {
	case o.clear && (name != "" || o.protected):
		return exit.Usage("leave one of them out", "--clear goes with no label and not with --protected")
	}
	// A label that stays keeps its protection, unless told otherwise.
	given := cmd.Flags().Changed("protected")
	return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
		store := postgres.NewStore(cfg)
		if name != "" || o.clear || given {
			e, err := changeEnvironment(ctx, store, o.environment, func(e *linker.Environment) error {
				if name == "" && !o.clear {
					name = e.Label
				}
				if name == "" && o.protected {
					return exit.Usage("write relink db label NAME --protected", "--protected needs a label, and this database has none")
				}
				e.Protected = o.protected || !given && e.Protected && e.Label == name
				e.Label = name
				return nil
			})
			if err != nil || a.Quiet {
				return err
			}
			return a.printLabel(e)
		}
		e, err := store.Environment(ctx)
		if err != nil {
			return err
		}
		return a.printLabel(e)
	})
}

// changeEnvironment changes the label of a database, for a protected one only
// when named is its label, and returns the current one.
func changeEnvironment(ctx context.Context, store *postgres.Store, named string, change func(*linker.Environment) error) (now linker.Environment, err error) {
	err = store.SetEnvironment(ctx, func(e linker.Environment) (linker.Environment, error) {
		if err := e.Admits(named, true); err != nil {
			return e, err
		}
		err := change(&e)
		now = e
		return e, err
	})
	return now, err
}

func (a *commands) printLabel(e linker.Environment) error {
	if e.Label == "" {
		return a.Printf("this database has no label\n")
	}
	return a.Printf("%s\n", text.Printable(e.String()))
}
