package postgres

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
	"relink/linker/postgres/sql"
)

// Store is the platform's database, as the runs of relink use it. It holds no
// connection of its own; sessions open theirs.
type Store struct {
	cfg pg.Config

	mu    sync.Mutex
	found *platform.Platform
}

// NewStore returns the store that cfg names. Nothing is opened.
func NewStore(cfg pg.Config) *Store { return &Store{cfg: cfg} }

// Schema is the platform's schema that the store works on.
// Before the first look into the database it is the one that was asked for, ""
// for none.
func (s *Store) Schema() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found != nil {
		return s.found.Schema
	}
	return s.cfg.Schema
}

// Connect opens a connection whose application_name says what it is for. The
// first one finds the platform.
func (s *Store) Connect(ctx context.Context, purpose string) (*pgx.Conn, error) {
	cfg := s.cfg
	cfg.ApplicationName = "relink " + purpose
	conn, err := pg.Connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if _, err := s.Platform(ctx, conn); err != nil {
		pg.Close(conn)
		return nil, err
	}
	return conn, nil
}

// connectTexts is connect for what runs statements of sql/ outside a run.
func (s *Store) connectTexts(ctx context.Context, purpose string) (*pgx.Conn, *sql.Texts, error) {
	conn, err := s.Connect(ctx, purpose)
	if err != nil {
		return nil, nil, err
	}
	t, err := s.texts(ctx, conn)
	if err != nil {
		pg.Close(conn)
		return nil, nil, err
	}
	return conn, t, nil
}

// Platform is the platform of this store, which it looks for once.
func (s *Store) Platform(ctx context.Context, conn *pgx.Conn) (*platform.Platform, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found == nil {
		found, err := FindPlatform(ctx, conn, s.cfg)
		if err != nil {
			return nil, err
		}
		s.found = found
	}
	return s.found, nil
}

// FindPlatform finds the platform that cfg names.
func FindPlatform(ctx context.Context, conn *pgx.Conn, cfg pg.Config) (*platform.Platform, error) {
	if err := pg.CheckOwner(ctx, conn); err != nil {
		return nil, err
	}
	place, err := pg.Locate(ctx, conn, cfg)
	if err != nil {
		return nil, err
	}
	return platform.Load(ctx, conn, place.Schema, place.Path)
}

// texts are the statements for this store's platform, outside a run.
func (s *Store) texts(ctx context.Context, conn *pgx.Conn) (*sql.Texts, error) {
	p, err := s.Platform(ctx, conn)
	if err != nil {
		return nil, err
	}
	return sql.New(p, 0), nil
}
