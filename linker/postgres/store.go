package postgres

import (
	"context"
	"strconv"
	"strings"

	"relink/linker/postgres/pg"

	"github.com/jackc/pgx/v5"
)

// Store is the platform's database, as the runs of relink use it. It holds no
// connection of its own; sessions open theirs.
type Store struct {
	cfg pg.Config
}

// NewStore returns the store that cfg names. Nothing is opened.
func NewStore(cfg pg.Config) *Store { return &Store{cfg: cfg} }

// Schema is the platform's schema that the store works on.
func (s *Store) Schema() string { return s.cfg.PlatformSchema() }

// connect opens a connection whose application_name says what it is for.
func (s *Store) connect(ctx context.Context, purpose string) (*pgx.Conn, error) {
	cfg := s.cfg
	cfg.ApplicationName = "relink " + purpose
	return pg.Connect(ctx, cfg)
}

// forRun makes a statement written for the working tables of run 0 one for
// the tables of the given run. It is the only place where a statement is not
// fixed text: a table's name cannot be a parameter, and the number is ours.
func forRun(statement string, run int64) string {
	return strings.ReplaceAll(statement, "relink.run_0_", tablePrefix(run))
}

func tablePrefix(run int64) string {
	return "relink.run_" + strconv.FormatInt(run, 10) + "_"
}
