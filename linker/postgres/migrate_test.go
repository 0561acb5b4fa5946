package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/engine"
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

func TestPlatformTablesBesideOthersAreRefused(t *testing.T) {
	t.Parallel()
	cfg := pg.Config{URL: emptyDatabase(t)}
	conn := connect(t, cfg)
	exec(t, conn, "CREATE TABLE calls (id uuid PRIMARY KEY); CREATE VIEW a_view AS SELECT * FROM calls")
	err := postgres.Migrate(t.Context(), cfg, true)
	var occupied *postgres.OccupiedError
	if !errors.As(err, &occupied) || strings.Join(occupied.There, " ") != "a_view calls" || !strings.Contains(occupied.Hint(), "relink db adapt") {
		t.Errorf("migrating a schema with tables: %v, want an error that names them and db adapt", err)
	}
	var made bool
	if err := conn.QueryRow(t.Context(), "SELECT to_regnamespace('relink') IS NOT NULL").Scan(&made); err != nil || made {
		t.Errorf("schema relink is made: %v, %v, want nothing done", made, err)
	}
	if err := postgres.Migrate(t.Context(), cfg, false); err != nil {
		t.Errorf("migrating relink's own schema alone: %v", err)
	}
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

// A database whose marks are columns of the platform's table, as older versions
// had them: its runs can be reverted, and the columns are left alone.
func TestMigrateTakesOverMarksInColumns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.imported(engine.Options{Run: w.record(linker.Import), Writing: true}, []linker.Fields{byID("r-10", "e-1"), byID("r-1", "e-2")})
	w.exec(`
		ALTER TABLE recording_links ADD linked_by_run bigint, ADD linked_by_row bigint,
		    ADD cleared_by_run bigint, ADD cleared_by_row bigint, ADD restores bigint;
		UPDATE recording_links AS l SET linked_by_run = m.run, linked_by_row = m.row_no
		FROM relink.marks AS m WHERE m.made = l.id::text;
		UPDATE recording_links AS l SET cleared_by_run = m.run, cleared_by_row = m.row_no
		FROM relink.marks AS m WHERE m.cleared = l.id::text;
		-- another history's
		UPDATE recording_links SET linked_by_run = 1, linked_by_row = 9, linked_at = linked_at - interval '1 year' WHERE recording_id = 'r-3';
		CREATE TABLE kept AS SELECT * FROM relink.marks;
		DELETE FROM relink.marks WHERE seal IS NULL`)
	before := column[string](w, "SELECT l::text FROM recording_links AS l ORDER BY id")
	for range 2 {
		if err := postgres.Migrate(t.Context(), pg.Config{URL: w.url}, false); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
	}
	if n := one[int](w, "SELECT count(*) FROM (TABLE kept EXCEPT ALL TABLE relink.marks) AS lost"); n != 0 {
		t.Errorf("%d marks were not taken over", n)
	}
	if n := one[int](w, "SELECT count(*) FROM (TABLE relink.marks EXCEPT ALL TABLE kept) AS more"); n != 0 {
		t.Errorf("%d marks were taken over that are not this history's", n)
	}
	if diff := cmp.Diff(before, column[string](w, "SELECT l::text FROM recording_links AS l ORDER BY id")); diff != "" {
		t.Errorf("the platform's links (-before +after):\n%s", diff)
	}
}

// Runs are numbered beyond all marks, and a run that has marks already although
// it has written nothing is refused: it would take them for its own.
func TestMarksOfAnotherHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("INSERT INTO relink.marks (run, row_no, recording_id, made) VALUES (1, 1, 'r-1', '1'), (7, 1, 'r-1', '1')")
	run := w.record(linker.Import)
	x := w.begin(engine.Options{Run: run, Writing: true})
	w.stage(x, []linker.Fields{byID("r-10", "e-1")})
	var foreign *postgres.ForeignMarksError
	if _, err := x.Plan(t.Context(), true, nil); !errors.As(err, &foreign) || foreign.Run != run {
		t.Errorf("Plan of a run whose marks are another's: %v, want a ForeignMarksError", err)
	}
	if err := postgres.Migrate(t.Context(), pg.Config{URL: w.url}, false); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	if next := w.record(linker.Import); next <= 7 {
		t.Errorf("the next run is %d, want one beyond all marks", next)
	}
}

// Nothing looks into a schema relink that somebody made who is not trusted.
func TestSchemaOfAStrangerIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger := newRole(t, w.conn)
	w.exec("ALTER SCHEMA relink OWNER TO " + stranger)
	cfg := pg.Config{URL: w.url}
	_, listed := postgres.NewStore(cfg).Runs(t.Context(), 0)
	single, err := engine.NewSingle(t.Context(), cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer single.Close()
	for what, err := range map[string]error{
		"Migrate": postgres.Migrate(t.Context(), cfg, false),
		"Runs":    listed,
		"Ping":    single.Ping(t.Context()),
	} {
		var refused *pg.StrangerError
		if !errors.As(err, &refused) || refused.Owner != stranger {
			t.Errorf("%s: %v, want it to refuse the schema of %s", what, err, stranger)
		}
	}
	w.exec("GRANT " + stranger + " TO current_user")
	if _, err := postgres.NewStore(cfg).Runs(t.Context(), 0); err != nil {
		t.Errorf("Runs by a member of the owner: %v", err)
	}
}
