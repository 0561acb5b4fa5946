package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/demo"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/shapes"
	"relink/linker/text"
)

// demoDatabase is the database of the demo's world in the local server.
const demoDatabase = "demo"

type demoOptions struct {
	database string
	shape    string
	out      string
}

func (a *commands) demoCommand() *cobra.Command {
	o := demoOptions{shape: demo.Reference}
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "Show a dry run and an import on made-up data",
		GroupID: "more",
		Long: `Show a dry run and an import on made-up data.

Makes a platform with two organizations in a database of its own, writes a file
of links with good rows and the faults of real life, validates it, imports it
dry and then for good. A second demo finds nothing left to do: every good row
is unchanged. DATABASE_URL and PGHOST are not looked at: a demo must not find
its way into somebody's platform.

--shape names or uuid shows a platform whose tables have other names, types and
words, and how relink db adapt shows it to relink.`,
		Args: app.Positional(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.shape != demo.Reference && !cmd.Flags().Changed("database") {
				o.database += "-" + o.shape
			}
			return a.demo(cmd, o)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&o.database, "database", flags.LocalDatabase+"/"+demoDatabase, "an empty database, its `URL`, or one of the private server")
	flags.MarkSecret(fs, "database")
	fs.Var(flags.Word(&o.shape, demo.Shapes), "shape", "what the platform's tables are like; its database is then local/demo-SHAPE")
	fs.StringVar(&o.out, "out", flags.DefaultOut, "`FOLDER` for the link file and the runs' folders")
	exit.List(cmd, map[int]string{exit.OK: "done; that rows are rejected is part of the demo"},
		exit.OK, exit.Error, exit.Busy, exit.Interrupted)
	return cmd
}

func (a *commands) demo(cmd *cobra.Command, o demoOptions) error {
	choice, _ := a.ChosenDatabase(app.DatabaseOptions{Database: o.database})
	cfg, leave, err := a.Connect(cmd.Context(), choice, "")
	if err != nil {
		return err
	}
	if choice.Local != "" {
		err = postgres.EnsureDatabase(cmd.Context(), cfg)
	}
	if err == nil {
		err = a.demoOn(cmd.Context(), cfg, choice, o)
	}
	if leaveErr := leave(); leaveErr != nil {
		err = errors.Join(err, leaveErr)
	}
	return err
}

func (a *commands) demoOn(ctx context.Context, cfg pg.Config, choice app.DatabaseChoice, o demoOptions) error {
	links := filepath.Join(o.out, "demo-links.csv")
	if err := a.makeWorld(ctx, cfg, o.shape, links); err != nil {
		return err
	}
	database := ""
	if choice.Local != "" {
		database = " --database " + o.database
	}
	if o.shape != demo.Reference {
		if err := a.adaptDemo(ctx, o, database); err != nil {
			return err
		}
	}
	for _, step := range []struct {
		say  string
		args []string
	}{
		{"First, what can be seen without a database:", []string{"validate"}},
		{"Then what an import would do, without doing it:", []string{"import", "--dry-run"}},
		{"And now for good:", []string{"import"}},
	} {
		shown := "relink " + strings.Join(step.args, " ")
		if step.args[0] == "import" {
			shown += database
			step.args = append(step.args, "--database="+o.database)
		}
		if err := a.Printf("\n%s\n\n$ %s %s\n", step.say, shown, links); err != nil {
			return err
		}
		if err := a.again(ctx, append(step.args, "--out="+o.out, links)); err != nil {
			return err
		}
	}
	if a.Quiet {
		return nil
	}
	if err := a.excerpt(a.Shown.Files["report"]); err != nil {
		return err
	}
	return a.Printf("\nRun the demo again, and every good row is unchanged.\n")
}

// adaptDemo shows the platform to relink.
func (a *commands) adaptDemo(ctx context.Context, o demoOptions, database string) error {
	if err := a.Printf("\nFirst relink looks for the tables that it needs:\n\n$ relink db adapt --apply%s\n", database); err != nil {
		return err
	}
	return a.again(ctx, []string{"db", "adapt", "--apply", "--database=" + o.database, "--out=" + filepath.Join(o.out, "demo-"+o.shape+".sql")})
}

// makeWorld fills the database with the demo's platform, unless it was there
// already, and writes the file of links.
func (a *commands) makeWorld(ctx context.Context, cfg pg.Config, shape, links string) error {
	world := demo.Build()
	if err := postgres.Migrate(ctx, cfg, shape == demo.Reference); err != nil {
		return err
	}
	if shape != demo.Reference {
		if err := shapes.Make(ctx, cfg, shape); err != nil {
			return err
		}
	}
	shaped, lines := world.Shaped(shape)
	var tables []postgres.TableRows
	for _, t := range shaped {
		tables = append(tables, postgres.TableRows{Schema: t.Schema, Table: t.Name, Columns: t.Columns, Rows: t.Rows})
	}
	filled, err := postgres.Fill(ctx, cfg, tables)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(links), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(links, demo.File(lines), 0o644); err != nil {
		return err
	}
	if !filled {
		return a.Printf("The demo's platform is there from an earlier demo.\n")
	}
	return a.Printf("The demo's platform: %d organizations, %d connections, %s recordings, %s CRM rows, %s links.\n",
		2, len(world.Connections), text.Thousands(int64(len(world.Recordings))),
		text.Thousands(int64(len(world.Entities))), text.Thousands(int64(len(world.Links))))
}

// again runs another command as if it had been typed. Rejected rows are no
// failure of the demo. Settings from the environment are left out: the demo
// is the same for everybody.
func (a *commands) again(ctx context.Context, args []string) error {
	env := flags.Environment{}
	for name, value := range a.Env {
		if !strings.HasPrefix(name, "RELINK_") {
			env[name] = value
		}
	}
	outer := a.Env
	a.Env = env
	defer func() { a.Env = outer }()
	args = append(args, fmt.Sprintf("--quiet=%v", a.Quiet), "--log-format="+a.LogFormat)
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var done *exit.DoneError
	if errors.As(err, &done) && done.Status == exit.Rejected {
		return nil
	}
	return err
}

// excerpt shows a line of the report for each outcome and some of the codes.
func (a *commands) excerpt(report string) error {
	file, err := os.Open(report)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := csv.NewReader(file)
	columns, err := lines.Read()
	if err != nil {
		return fmt.Errorf("reading %s: %w", report, err)
	}
	at := map[string]int{}
	for i, name := range columns {
		at[name] = i
	}
	if err := a.Printf("\nSome lines of the report:\n\n"); err != nil {
		return err
	}
	const shown = 10
	seen := map[string]bool{}
	for len(seen) < shown {
		cells, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", report, err)
		}
		kind := cells[at["outcome"]] + " " + cells[at["code"]]
		if seen[kind] {
			continue
		}
		seen[kind] = true
		err = a.Printf("  line %-5s %-32s %s\n", cells[at["line"]], strings.TrimSpace(kind), text.Cut(cells[at["message"]], 90))
		if err != nil {
			return err
		}
	}
	return nil
}
