package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/localpg"
	"relink/linker/postgres/pg"
)

// server is the PostgreSQL that everybody is measured on.
type server struct {
	pg  *localpg.Server
	dir string
}

// serverSettings are what a person who knows the server would set for tables
// of this size. They are the same for every contender.
var serverSettings = map[string]string{
	"max_wal_size":       "8GB",
	"checkpoint_timeout": "30min",
	"autovacuum":         "off", // or it wakes in the middle of somebody's run
}

func newServer(ctx context.Context, buffers string) (*server, error) {
	// localpg makes the folder, so that the server's user may enter it.
	s := &server{dir: filepath.Join(localpg.TempDir(), fmt.Sprintf("relinkbench-%d", os.Getpid()))}
	pg, err := localpg.Start(ctx, localpg.Config{Dir: s.dir})
	if err != nil {
		os.RemoveAll(s.dir)
		return nil, err
	}
	s.pg = pg
	set := map[string]string{"shared_buffers": buffers}
	for name, value := range serverSettings {
		set[name] = value
	}
	for name, value := range set {
		if err := s.exec(ctx, "postgres", fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", name, value)); err != nil {
			return nil, err
		}
	}
	if err := s.pg.Crash(ctx, localpg.Fast); err != nil {
		return nil, err
	}
	return s, s.pg.Restart(ctx)
}

func (s *server) stop() {
	s.pg.Leave(context.Background())
	os.RemoveAll(s.dir)
}

func (s *server) url(database string) string { return s.pg.URL(database) }

func (s *server) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	conn, err := pg.Connect(ctx, pg.Config{URL: s.url(database)})
	if err == nil {
		_, err = conn.Exec(ctx, "SET search_path = public")
	}
	return conn, err
}

func (s *server) exec(ctx context.Context, database string, statements ...string) error {
	conn, err := s.connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%.60s: %w", statement, err)
		}
	}
	return nil
}

// clone makes database to from template from, in the same bytes.
func (s *server) clone(ctx context.Context, from, to string) error {
	strategy := ""
	if ok, err := s.since15(ctx); err != nil {
		return err
	} else if ok {
		strategy = " STRATEGY file_copy"
	}
	return s.exec(ctx, "postgres",
		"DROP DATABASE IF EXISTS "+to,
		"CREATE DATABASE "+to+" TEMPLATE "+from+strategy,
		"CHECKPOINT")
}

func (s *server) since15(ctx context.Context) (is bool, err error) {
	conn, err := s.connect(ctx, "postgres")
	if err != nil {
		return false, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int >= 150000").Scan(&is)
	return is, err
}

// settings are what a reader needs to judge the numbers.
func (s *server) settings(ctx context.Context) (map[string]string, error) {
	conn, err := s.connect(ctx, "postgres")
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	found := map[string]string{"cores": fmt.Sprint(runtime.NumCPU())}
	for _, name := range []string{"server_version", "shared_buffers", "fsync", "synchronous_commit", "full_page_writes", "max_wal_size", "autovacuum"} {
		var value string
		if err := conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return nil, err
		}
		found[name] = value
	}
	return found, nil
}
