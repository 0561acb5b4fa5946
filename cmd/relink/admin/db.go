package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/dbcheck"
	"relink/linker/postgres/localpg"
	"relink/linker/postgres/pg"
	"relink/linker/text"
)

func (a *commands) dbCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "db",
		Short:   "Prepare and check a database, run the local one",
		GroupID: "more",
		Long: `Prepare and check a database, run the local one.

The local database is a private PostgreSQL of this user, started from the
server programs on this machine. Other commands use it with --database local,
and one more database in it with --database local/NAME.`,
		Args: cobra.ArbitraryArgs,
		RunE: a.NoCommand,
	}
	cmd.AddCommand(a.dbAdaptCommand(), a.dbMigrateCommand(), a.dbCheckCommand(), a.dbLabelCommand(), a.dbRequireApprovalCommand(),
		a.dbStartCommand(), a.dbStopCommand(), a.dbStatusCommand(), a.dbPsqlCommand())
	return cmd
}

// dbCommandOf returns one of the commands below db that work on a database.
func (a *commands) dbCommandOf(cmd *cobra.Command, o *app.DatabaseOptions) *cobra.Command {
	cmd.Args = app.Positional()
	cmd.Flags().SortFlags = false
	o.Register(cmd.Flags())
	exit.List(cmd, map[int]string{exit.OK: "done"}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) dbMigrateCommand() *cobra.Command {
	var o app.DatabaseOptions
	var m migrateOptions
	cmd := a.dbCommandOf(&cobra.Command{
		Use:   "migrate",
		Short: "Make relink's own tables, or bring them up to date",
		Long: `Make relink's own tables in schema relink, or bring them up to date. The
platform's tables are not touched.

Where a publication for logical replication would take the tables in, as one FOR
ALL TABLES does, replication would stop at every subscriber that lacks them. The
command then prints what subscribers need first and does nothing, until it is
given --allow-publication.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.dbMigrate(cmd.Context(), o, m)
		},
	}, &o)
	cmd.Flags().BoolVar(&m.allowPublication, "allow-publication", false, "go on although a publication takes relink's tables in: the subscribers have them")
	cmd.Flags().BoolVar(&m.platform, "platform", false, "also make the platform's reference tables: for a local database, tests and demos")
	return cmd
}

type migrateOptions struct {
	platform         bool
	allowPublication bool
}

func (a *commands) dbMigrate(ctx context.Context, o app.DatabaseOptions, m migrateOptions) (err error) {
	choice, err := a.NeedDatabase(o)
	if err != nil {
		return err
	}
	cfg, leave, err := a.Connect(ctx, choice, o.Schema)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, leave()) }()
	if !m.allowPublication {
		published, err := postgres.PublishedMigrations(ctx, cfg)
		if err != nil {
			return err
		}
		if published != nil {
			return a.refusePublication(published)
		}
	}
	if err := postgres.Migrate(ctx, cfg, m.platform); err != nil {
		return err
	}
	if a.Quiet {
		return nil
	}
	return a.Printf("the tables are up to date\n")
}

// refusePublication prints what the subscribers of a publication need before
// the tables may be created here.
func (a *commands) refusePublication(p *postgres.Published) error {
	if err := a.Printf("-- run this in the database of every subscriber first:\n"); err != nil {
		return err
	}
	for _, statement := range p.Statements {
		if err := a.Printf("%s;\n", statement); err != nil {
			return err
		}
	}
	return exit.Usage("run what is printed in the database of every subscriber, then give --allow-publication here",
		"publication %s would take relink's tables in, and replication would stop at subscribers that lack them",
		strings.Join(p.Publications, ", "))
}

func (a *commands) dbCheckCommand() *cobra.Command {
	var o app.DatabaseOptions
	var asJSON bool
	cmd := a.dbCommandOf(&cobra.Command{
		Use:   "check",
		Short: "Check whether a database is as relink needs it, and how to fix it",
		Long: `Check whether a database is as relink needs it, and how to fix it. Nothing is
written.

Each finding has a label, which says what its remedy does to the database:
  safe                  makes something new in relink's schema, or an index
                        CONCURRENTLY, or nothing
  rewrites              locks, reads or writes anew one of the platform's tables
  touches the platform  changes a privilege, a constraint or rows of the platform's

SQL is printed for relink's own schema, its views and the privileges of its role.
What the platform's own tables need is a sentence for their administrators: relink
neither runs it nor writes it out.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.OnDatabase(cmd.Context(), o, func(ctx context.Context, cfg pg.Config) error {
				return a.dbCheck(ctx, cfg, asJSON)
			})
		},
	}, &o)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	exit.List(cmd, map[int]string{
		exit.OK:    "the database is as relink needs it",
		exit.Error: "something is missing, or the database cannot be reached",
	}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) dbCheck(ctx context.Context, cfg pg.Config, asJSON bool) error {
	if err := postgres.NewStore(cfg).CheckSession(ctx); err != nil {
		return err
	}
	conn, err := pg.Connect(ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	findings, err := dbcheck.Check(ctx, conn, cfg)
	if err != nil {
		return err
	}
	status := exit.OK
	if slices.ContainsFunc(findings, func(f dbcheck.Finding) bool { return !f.Warning }) {
		status = exit.Error
	}
	if asJSON {
		if findings == nil {
			findings = []dbcheck.Finding{}
		}
		return cmp.Or(a.PrintJSON(findings), exit.Done(linker.ExitStatus(status)))
	}
	for _, f := range findings {
		if err := a.printFinding(f); err != nil {
			return err
		}
	}
	if status == exit.OK && !a.Quiet {
		return a.Printf("the database is as relink needs it\n")
	}
	return exit.Done(linker.ExitStatus(status))
}

func (a *commands) printFinding(f dbcheck.Finding) error {
	kind := "missing"
	if f.Warning {
		kind = "note"
	}
	if err := a.Printf("%-8s %s [%s]\n", kind, text.Printable(f.String()), f.Label); err != nil {
		return err
	}
	ask := ""
	if f.Ask != "" {
		ask = "for the database's administrators, not for relink to run: " + text.Printable(f.Ask)
	}
	for _, remedy := range []string{f.SQL, f.Command, ask} {
		if remedy == "" {
			continue
		}
		if err := a.Printf("         %s\n", strings.ReplaceAll(remedy, "\n", "\n         ")); err != nil {
			return err
		}
	}
	return nil
}

func (a *commands) dbStartCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Start the local database and keep it running",
		Long: `Start the local database and keep it running until "relink db stop". Prints its
URL. Commands that use it with --database local start and stop it by
themselves, so this is for other programs and for speed.`,
		Args: app.Positional(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := a.StartLocal(cmd.Context(), true)
			if err != nil {
				return err
			}
			return errors.Join(a.Printf("%s\n", server.URL(localpg.Database)), app.LeaveLocal(cmd.Context(), server))
		},
	}
	exit.List(cmd, map[int]string{exit.OK: "it runs"}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) dbStopCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop the local database",
		Args:  app.Positional(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			stopped, err := localpg.Stop(cmd.Context(), a.LocalConfig(false))
			if errors.Is(err, localpg.ErrInUse) {
				return exit.WithStatus(exit.Error, err, "wait for it to end, or interrupt it")
			}
			if err != nil || a.Quiet {
				return err
			}
			if stopped {
				return a.Printf("the local database is stopped; its data stays\n")
			}
			return a.Printf("the local database does not run\n")
		},
	}
	exit.List(cmd, map[int]string{exit.OK: "it does not run any more"}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) dbStatusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show whether the local database is running, and where",
		Args:  app.Positional(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, err := localpg.Status(cmd.Context(), a.LocalConfig(false))
			if err != nil {
				return err
			}
			running := "stopped"
			if state.Running {
				running = fmt.Sprintf("running, process %d", state.PID)
			}
			return a.Printf("server   PostgreSQL %s, %s\nfolder   %s\nlog      %s\nurl      %s\n",
				state.Version, running, state.Dir, state.Log, state.URL)
		},
	}
	exit.List(cmd, map[int]string{exit.OK: "done, running or not"}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) dbPsqlCommand() *cobra.Command {
	var o app.DatabaseOptions
	return a.dbCommandOf(&cobra.Command{
		Use:     "psql",
		Short:   "Open psql on the database",
		Example: `  echo 'SELECT count(*) FROM recording_links' | relink db psql --database local/demo`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.dbPsql(cmd.Context(), o)
		},
	}, &o)
}

func (a *commands) dbPsql(ctx context.Context, o app.DatabaseOptions) (err error) {
	choice, err := a.NeedDatabase(o)
	if err != nil {
		return err
	}
	program, err := findPsql(a.Env["RELINK_PG_BIN"])
	if err != nil {
		return exit.WithStatus(exit.Error, err, "install the PostgreSQL client programs, or set RELINK_PG_BIN to their folder")
	}
	cfg, leave, err := a.Connect(ctx, choice, o.Schema)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, leave()) }()

	address, password, keySecret := withoutPassword(cfg.URL)
	if keySecret {
		return exit.Usage("use a key without a password, or call psql by hand", "sslpassword cannot be handed to psql unseen by others")
	}
	// psql handles Ctrl-C itself: it cancels the query and continues.
	signal.Ignore(os.Interrupt)
	defer signal.Reset(os.Interrupt)
	psql := exec.CommandContext(context.WithoutCancel(ctx), program, address)
	if address == "" {
		psql.Args = psql.Args[:1] // what PGHOST and the like say
	}
	psql.Stdin, psql.Stdout, psql.Stderr = a.Stdin, a.Stdout, a.Stderr.Writer
	psql.Env = os.Environ()
	if password != "" {
		psql.Env = append(psql.Env, "PGPASSWORD="+password)
	}
	if o.Schema != "" {
		psql.Env = append(psql.Env, "PGOPTIONS="+a.Env["PGOPTIONS"]+" -c search_path="+o.Schema)
	}
	err = psql.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return exit.Done(linker.ExitStatus(max(ended.ExitCode(), exit.Error))) // psql has printed the reason
	}
	return err
}

// findPsql looks for psql in the folder of the server programs, then on the
// path.
func findPsql(folder string) (string, error) {
	if folder != "" {
		if path, err := exec.LookPath(filepath.Join(folder, "psql")); err == nil {
			return path, nil
		}
	}
	return exec.LookPath("psql")
}
