package postgres_test

import (
	"testing"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// Results are read in binary form, and options are written as bytes.
func TestQueryModeOfTheURLDoesNotMatter(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"exec", "simple_protocol", "cache_describe"} {
		url := pgtest.Database(t) + "&default_query_exec_mode=" + mode
		store := postgres.NewStore(pg.Config{URL: url})
		run, err := store.Begin(t.Context(), linker.Run{Kind: linker.Import, Options: []byte(`{"path":"x"}`)})
		if err != nil {
			t.Fatalf("%s: Begin: %v", mode, err)
		}
		if got, err := store.Run(t.Context(), run.ID); err != nil || string(got.Options) != `{"path": "x"}` {
			t.Errorf("%s: Run = %+v, %v, want the options that were written", mode, got, err)
		}
	}
}
