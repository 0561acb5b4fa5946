package pg_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

func TestCheckSession(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		sessions int
		proxy    *pgtest.Pooler
		pooled   bool
	}{
		{"no proxy", 0, nil, false},
		{"sessions are pooled", 3, &pgtest.Pooler{SessionMode: true}, false},
		{"transactions are pooled, the last used first", 3, &pgtest.Pooler{}, true},
		{"transactions are pooled, in turn", 3, &pgtest.Pooler{InTurn: true}, true},
		{"transactions are pooled, in turn among many", 7, &pgtest.Pooler{InTurn: true}, true},
		{"transactions are pooled in one session", 1, &pgtest.Pooler{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := pg.Config{URL: pgtest.Database(t)}
			if c.proxy != nil {
				c.proxy.Start(t, cfg.URL, c.sessions)
				cfg.Dial = c.proxy.Dial
			}
			err := pg.CheckSession(t.Context(), func(ctx context.Context) (*pgx.Conn, error) {
				return pg.Connect(ctx, cfg)
			})
			if got := errors.Is(err, pg.ErrPooled); got != c.pooled || !c.pooled && err != nil {
				t.Errorf("CheckSession = %v, want a pooling error: %v", err, c.pooled)
			}
		})
	}
}
