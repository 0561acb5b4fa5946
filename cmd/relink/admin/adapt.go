package admin

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker/postgres/adapt"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
)

type adaptOptions struct {
	tables, columns, words []string
	platform, schema, role string
	out                    string
	apply                  bool
}

func (a *commands) dbAdaptCommand() *cobra.Command {
	var o app.DatabaseOptions
	var ad adaptOptions
	cmd := &cobra.Command{
		Use:   "adapt",
		Short: "Show a platform with tables of other names to relink",
		Long: `Show a platform with tables of other names to relink.

Looks for recordings, integration_connections, crm_entities and recording_links
among the tables of the database, by their names, types, keys and words, prints
what was found and how sure that is, and writes an SQL file: four views in a schema
of their own, what relink has to know of the platform, and the privileges of its
role. It reads the catalog and at most 10,000 rows for each column of words, in a
read-only transaction.

Nothing is executed without --apply, which runs the file in one transaction, and
then relink db check. psql can run the file, too. No statement in it alters a table
of the platform's. A file that somebody has edited is not written over; --apply
runs it as it is.`,
		Example: `  relink db adapt --role relink
  relink db adapt --table recordings=app.calls --column recordings.organization_id=owner_id.org_id
  relink db adapt --word ticket=- --word deal=OPPORTUNITY --apply`,
		Args: app.Positional(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.OnDatabase(cmd.Context(), o, func(ctx context.Context, cfg pg.Config) error {
				return a.dbAdapt(ctx, cfg, ad)
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&o.Database, "database", "", "`URL` of the platform's database, or local for the private one; default: $RELINK_DATABASE, $DATABASE_URL, $PGHOST and the like")
	flags.MarkSecret(fs, "database")
	ad.register(fs)
	exit.List(cmd, map[int]string{
		exit.OK:    "the file is written; with --apply, the database is as relink needs it",
		exit.Error: "something must be settled first, or the database cannot be reached",
	}, exit.OK, exit.Error)
	return cmd
}

func (ad *adaptOptions) register(fs *pflag.FlagSet) {
	fs.StringArrayVar(&ad.tables, "table", nil, "the table for one of relink's, as in `recordings=app.calls`; may be repeated")
	fs.StringArrayVar(&ad.columns, "column", nil, "the column for one of relink's, as in `recordings.id=call_id`, - for none, or recordings.organization_id=owner_id.org_id by the foreign key owner_id; may be repeated")
	fs.StringArrayVar(&ad.words, "word", nil, "what a word of the platform's is in relink, as in `deal=OPPORTUNITY`, - for nothing; may be repeated")
	fs.StringVar(&ad.platform, "platform", "", "`NAME` of the platform in relink; default: the schema of its recordings")
	fs.StringVar(&ad.schema, "into-schema", "", "`SCHEMA` that the views go into; default: relink_NAME")
	fs.StringVar(&ad.role, "role", "", "`ROLE` that relink works as, and that the file grants privileges")
	fs.StringVar(&ad.out, "out", "", "`FILE` to write; default: SCHEMA.sql")
	fs.BoolVar(&ad.apply, "apply", false, "run the file, then relink db check")
	for _, name := range []string{"table", "column", "word", "platform", "into-schema", "role", "out", "apply"} {
		flags.OnlyTyped(fs, name)
	}
}

func (a *commands) dbAdapt(ctx context.Context, cfg pg.Config, ad adaptOptions) error {
	options, err := ad.options()
	if err != nil {
		return err
	}
	conn, err := pg.Connect(ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	plan, err := adapt.Look(ctx, conn, options)
	if err != nil {
		return err
	}
	if err := plan.Print(a.Stdout); err != nil {
		return err
	}
	out := ad.out
	if out == "" {
		out = strings.ReplaceAll(plan.Schema(), string(os.PathSeparator), "_") + ".sql"
	}
	text, edited, err := adaptFile(plan, out)
	if err != nil {
		return err
	}
	if err := a.sayAdapted(plan, out, edited); err != nil {
		return err
	}
	if !ad.apply {
		if !edited && len(plan.Unsettled()) > 0 {
			return exit.Done(exit.Error)
		}
		return nil
	}
	if err := adapt.Apply(ctx, conn, text); err != nil {
		return err
	}
	if err := a.Printf("\n%s is applied; relink db check says:\n", out); err != nil {
		return err
	}
	cfg.Schema = plan.Schema()
	return a.dbCheck(ctx, cfg, false)
}

// options reads what the flags say about the platform.
func (ad *adaptOptions) options() (adapt.Options, error) {
	o := adapt.Options{Name: ad.platform, Schema: ad.schema, Role: ad.role}
	var err error
	pairs := func(name, example string, given []string) map[string]string {
		m := map[string]string{}
		for _, pair := range given {
			at := strings.LastIndexByte(pair, '=')
			if at <= 0 {
				err = exit.Usage("write --"+name+" "+example, "--%s: value %q: a name, = and another are needed", name, pair)
				continue
			}
			m[strings.TrimSpace(pair[:at])] = strings.TrimSpace(pair[at+1:])
		}
		return m
	}
	o.Tables = pairs("table", "recordings=app.calls", ad.tables)
	o.Columns = pairs("column", "recordings.id=call_id", ad.columns)
	o.Words = pairs("word", "deal=OPPORTUNITY", ad.words)
	for role := range o.Tables {
		switch role {
		case platform.Recordings, platform.Connections, platform.Entities, platform.Links:
		default:
			err = exit.Usage("relink's tables are recordings, integration_connections, crm_entities and recording_links", "--table: relink has no table %q", role)
		}
	}
	return o, err
}

// adaptFile writes the file, or reads it when somebody has edited it.
func adaptFile(plan *adapt.Plan, out string) (text string, edited bool, err error) {
	old, err := os.ReadFile(out)
	if err == nil && !adapt.Untouched(string(old)) {
		return string(old), true, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", false, err
	}
	if text, err = plan.SQL(); err != nil {
		return "", false, err
	}
	return text, false, os.WriteFile(out, []byte(text), 0o644)
}

// sayAdapted says what is in the file and what comes next.
func (a *commands) sayAdapted(plan *adapt.Plan, out string, edited bool) error {
	if err := a.Printf("\n"); err != nil {
		return err
	}
	for _, note := range plan.Notes() {
		if err := a.Printf("note: %s\n", note); err != nil {
			return err
		}
	}
	if edited {
		return a.Printf("\n%s was edited by hand and stays as it is: give another --out, or delete it, to have it written anew\n", out)
	}
	unsettled := plan.Unsettled()
	for _, line := range unsettled {
		if err := a.Printf("to settle: %s\n", line); err != nil {
			return err
		}
	}
	if len(unsettled) > 0 {
		return a.Printf("\n%s is written, and refuses to be applied until this is settled\n", out)
	}
	return a.Printf("\n%s is written. Next:\n"+
		"  relink db migrate           # relink's own tables, unless that is done\n"+
		"  relink db adapt … --apply   # or psql -f %s\n"+
		"  relink import --dry-run --schema %s FILE\n", out, out, plan.Schema())
}
