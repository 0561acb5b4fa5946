package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker/postgres/localpg"
	"relink/linker/postgres/pg"
)

// databaseOptions say which database a command works on.
type databaseOptions struct {
	database string
	schema   string
}

func (o *databaseOptions) register(fs *pflag.FlagSet) {
	fs.StringVar(&o.database, "database", "", "`URL` of the platform's database, or local for the private one; default: $RELINK_DATABASE, $DATABASE_URL, $PGHOST and the like")
	fs.StringVar(&o.schema, "schema", "", "`SCHEMA` of the platform's tables; default: "+pg.DefaultSchema)
	flags.MarkSecret(fs, "database")
}

// databaseChoice is the database that options and environment name.
type databaseChoice struct {
	url  string // "" for what PGHOST and the like say, and for a local one
	from string // where the choice comes from, for messages
	// local is the name of a database of the private server, "" for any
	// other server.
	local string
}

// pgVariables are those that name a server. Others, such as PGPASSWORD alone,
// do not say that a database is meant.
var pgVariables = []string{"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE", "PGSERVICEFILE"}

// chosenDatabase finds the database in the order of the help. ok is false when
// nothing names one.
func (a *app) chosenDatabase(o databaseOptions) (c databaseChoice, ok bool) {
	switch {
	case o.database != "":
		c = databaseChoice{url: o.database, from: "--database"}
	case a.env["DATABASE_URL"] != "":
		c = databaseChoice{url: strings.TrimSpace(a.env["DATABASE_URL"]), from: "DATABASE_URL"}
	default:
		for _, name := range pgVariables {
			if a.env[name] != "" {
				return databaseChoice{from: name}, true
			}
		}
		return databaseChoice{}, false
	}
	if c.url == flags.LocalDatabase {
		c.local = localpg.Database
	} else if name, ok := strings.CutPrefix(c.url, flags.LocalDatabase+"/"); ok && name != "" {
		c.local = name
	}
	if c.local != "" {
		c.url = ""
	}
	return c, true
}

// needDatabase is chosenDatabase for commands that do not fall back to the
// local database: a job whose secret is missing must not work on an empty
// world.
func (a *app) needDatabase(o databaseOptions) (databaseChoice, error) {
	c, ok := a.chosenDatabase(o)
	if !ok {
		return c, exit.Usage("give --database URL or set RELINK_DATABASE; --database local is the private one of this machine", "no database is named")
	}
	return c, nil
}

// connect makes the configuration of the chosen database, and starts the local
// server when that is what was chosen. leave must be called when the command
// is done with the database.
func (a *app) connect(ctx context.Context, c databaseChoice, schema string) (cfg pg.Config, leave func() error, err error) {
	cfg = pg.Config{URL: c.url, Schema: schema}
	if c.local == "" {
		return cfg, func() error { return nil }, nil
	}
	server, err := a.startLocal(ctx, false)
	if err != nil {
		return cfg, nil, err
	}
	cfg.URL = server.URL(c.local)
	return cfg, func() error { return leaveLocal(ctx, server) }, nil
}

// startLocal joins the private server and starts it when it does not run. With
// keep it runs on until relink db stop.
func (a *app) startLocal(ctx context.Context, keep bool) (*localpg.Server, error) {
	server, err := localpg.Start(ctx, a.localConfig(keep))
	if err != nil {
		return nil, fmt.Errorf("starting the local database: %w", err)
	}
	return server, nil
}

func (a *app) localConfig(keep bool) localpg.Config {
	return localpg.Config{Keep: keep}
}

// leaveLocal gives the local server back, also after an interruption: the last
// one out stops it.
func leaveLocal(ctx context.Context, server *localpg.Server) error {
	if _, err := server.Leave(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("leaving the local database: %w", err)
	}
	return nil
}
