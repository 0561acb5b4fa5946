package postgres_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// emptyDatabase returns the URL of a database without any table.
func emptyDatabase(t *testing.T) string {
	t.Helper()
	url := pgtest.Database(t)
	conn := connect(t, pg.Config{URL: url})
	exec(t, conn, "DROP SCHEMA relink CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
	return url
}

func TestMigrateMakesWhatCheckAsksFor(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{"", "crm", `Müller "& Söhne"`} {
		t.Run("schema "+schema, func(t *testing.T) {
			t.Parallel()
			cfg := pg.Config{URL: emptyDatabase(t), Schema: schema}
			for range 2 { // the second time there is nothing to do
				if err := postgres.Migrate(t.Context(), cfg, true); err != nil {
					t.Fatalf("Migrate: %v", err)
				}
			}
			wantFindings(t, connect(t, cfg), schema)
		})
	}
}

func TestMigrateWithoutPlatformLeavesItsSchemaAlone(t *testing.T) {
	t.Parallel()
	cfg := pg.Config{URL: emptyDatabase(t)}
	if err := postgres.Migrate(t.Context(), cfg, false); err != nil {
		t.Fatal(err)
	}
	var tables int
	conn := connect(t, cfg)
	err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables)
	if err != nil || tables != 0 {
		t.Errorf("tables in public = %d (%v), want 0", tables, err)
	}
}

func TestManyProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	cfg := pg.Config{URL: emptyDatabase(t)}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if err := postgres.Migrate(t.Context(), cfg, true); err != nil {
				t.Errorf("Migrate %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	wantFindings(t, connect(t, cfg), "")
}

func TestPlatformTablesInASecondSchemaAreRefused(t *testing.T) {
	t.Parallel()
	cfg := pg.Config{URL: pgtest.Database(t), Schema: "other"}
	err := postgres.Migrate(t.Context(), cfg, true)
	if err == nil || !strings.Contains(err.Error(), "--schema") {
		t.Errorf("Migrate into a second schema = %v, want an error that names --schema", err)
	}
}

func TestMigrateByARoleThatMayNotCreateSchemas(t *testing.T) {
	t.Parallel()
	url := emptyDatabase(t)
	admin := connect(t, pg.Config{URL: url})
	role := newRole(t, admin)
	cfg := pg.Config{URL: as(url, role)}
	if err := postgres.Migrate(t.Context(), cfg, false); err == nil {
		t.Error("Migrate by a role that may not create the schema succeeded, want an error")
	}
	exec(t, admin, fmt.Sprintf("CREATE SCHEMA relink AUTHORIZATION %s", role))
	if err := postgres.Migrate(t.Context(), cfg, false); err != nil {
		t.Errorf("Migrate into a schema made for the role: %v", err)
	}
}
