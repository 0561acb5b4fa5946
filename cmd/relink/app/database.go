package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker/postgres/localpg"
	"relink/linker/postgres/pg"
)

// DatabaseOptions are the flags that select the database of a command.
type DatabaseOptions struct {
	Database string
	Schema   string
}

func (o *DatabaseOptions) Register(fs *pflag.FlagSet) {
	fs.StringVar(&o.Database, "database", "", "`URL` of the platform's database, or local for the private one; default: $RELINK_DATABASE, $DATABASE_URL, $PGHOST and the like")
	fs.StringVar(&o.Schema, "schema", "", "`SCHEMA` of the platform's tables; default: "+pg.DefaultSchema)
	flags.MarkSecret(fs, "database")
}

// DatabaseChoice is the database that options and environment name.
type DatabaseChoice struct {
	url string // "" for PGHOST and similar variables, and for a local one
	// From is the source of the choice, for messages.
	From string
	// Local is the name of a database on the private server, "" for any other
	// server.
	Local string
}

// pgVariables are those that name a server. Others, such as PGPASSWORD alone,
// do not select a database.
var pgVariables = []string{"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE", "PGSERVICEFILE"}

// ChosenDatabase finds the database in the order given in the help. ok is false
// when none is named.
func (a *App) ChosenDatabase(o DatabaseOptions) (c DatabaseChoice, ok bool) {
	switch {
	case o.Database != "":
		c = DatabaseChoice{url: o.Database, From: "--database"}
	case a.Env["DATABASE_URL"] != "":
		c = DatabaseChoice{url: strings.TrimSpace(a.Env["DATABASE_URL"]), From: "DATABASE_URL"}
	default:
		for _, name := range pgVariables {
			if a.Env[name] != "" {
				return DatabaseChoice{From: name}, true
			}
		}
		return DatabaseChoice{}, false
	}
	if c.url == flags.LocalDatabase {
		c.Local = localpg.Database
	} else if name, ok := strings.CutPrefix(c.url, flags.LocalDatabase+"/"); ok && name != "" {
		c.Local = name
	}
	if c.Local != "" {
		c.url = ""
	}
	return c, true
}

// NeedDatabase is ChosenDatabase for commands that do not fall back to the
// local database: a job whose secret is missing must not run on an empty
// database.
func (a *App) NeedDatabase(o DatabaseOptions) (DatabaseChoice, error) {
	c, ok := a.ChosenDatabase(o)
	if !ok {
		return c, exit.Usage("give --database URL or set RELINK_DATABASE; --database local is the private one of this machine", "no database is named")
	}
	return c, nil
}

// Connect builds the configuration of the chosen database, and starts the local
// server if that was chosen. leave must be called when the command is done with
// the database.
func (a *App) Connect(ctx context.Context, c DatabaseChoice, schema string) (cfg pg.Config, leave func() error, err error) {
	cfg = pg.Config{URL: c.url, Schema: schema}
	if c.Local == "" {
		return cfg, func() error { return nil }, nil
	}
	server, err := a.StartLocal(ctx, false)
	if err != nil {
		return cfg, nil, err
	}
	cfg.URL = server.URL(c.Local)
	return cfg, func() error { return LeaveLocal(ctx, server) }, nil
}

// StartLocal joins the private server and starts it when it is not running.
// With keep it runs until relink db stop.
func (a *App) StartLocal(ctx context.Context, keep bool) (*localpg.Server, error) {
	server, err := localpg.Start(ctx, a.LocalConfig(keep))
	if err != nil {
		return nil, fmt.Errorf("starting the local database: %w", err)
	}
	return server, nil
}

// LocalConfig returns the configuration of the private server.
func (a *App) LocalConfig(keep bool) localpg.Config {
	return localpg.Config{Keep: keep}
}

// LeaveLocal releases the local server, even after an interruption: the last
// process to leave stops it.
func LeaveLocal(ctx context.Context, server *localpg.Server) error {
	if _, err := server.Leave(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("leaving the local database: %w", err)
	}
	return nil
}

// OnDatabase calls do with the database that the options name.
func (a *App) OnDatabase(ctx context.Context, o DatabaseOptions, do func(context.Context, pg.Config) error) error {
	choice, err := a.NeedDatabase(o)
	if err != nil {
		return err
	}
	cfg, leave, err := a.Connect(ctx, choice, o.Schema)
	if err != nil {
		return err
	}
	err = do(ctx, cfg)
	if leaveErr := leave(); leaveErr != nil {
		err = errors.Join(err, leaveErr)
	}
	return err
}
