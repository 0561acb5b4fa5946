package postgres_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/dbcheck"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
)

// setTraps makes, in schema public, a function, an operator or a type for every
// one of the server's own that a statement of relink may use, with the same
// arguments, which raises an exception; and lets every session look there first.
const setTraps = `
SET search_path = pg_catalog;
DO $do$
DECLARE
    f record;
BEGIN
    FOR f IN
        SELECT p.oid, p.proname, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
        FROM pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
            AND p.proname::text = ANY (string_to_array(current_setting('test.functions'), ','))
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = ''XX000'', MESSAGE = ''trap: function %s''; END $$',
                f.proname, f.arguments, f.result, f.proname);
        EXCEPTION WHEN OTHERS THEN NULL; -- one that takes internal arguments
        END;
    END LOOP;
    -- Those of any arguments can be had with the arguments that fit best.
    FOR f IN SELECT name, arguments FROM unnest('{format,concat_ws,concat}'::text[]) AS name, unnest(ARRAY['text, text', 'text, text, text', 'text, text, text, text', 'text, bigint', 'text, integer']) AS arguments LOOP
        EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = ''XX000'', MESSAGE = ''trap: function %s''; END $$',
            f.name, f.arguments, f.name);
    END LOOP;
    FOR f IN
        SELECT o.oid, o.oprname, format_type(o.oprleft, NULL) AS l, format_type(o.oprright, NULL) AS r, format_type(o.oprresult, NULL) AS result
        FROM pg_operator AS o
        WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprleft <> 0
            AND o.oprname IN ('=', '<>', '<', '>', '<=', '>=', '||', '+', '-', '*', '/', '%', '~', '!~', '->', '~~')
        UNION ALL
        SELECT 0, name, l, r, 'boolean'
        FROM unnest('{=,<>,<,>,<=,>=,~}'::text[]) AS name,
            unnest('{text,character varying,bigint,integer,name}'::text[]) AS l,
            unnest('{text,character varying,bigint,integer,name}'::text[]) AS r
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION public.%I(l %s, r %s) RETURNS %s LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = ''XX000'', MESSAGE = ''trap: operator %s''; END $$',
                'trap' || md5(f.oprname), f.l, f.r, f.result, f.oprname);
            EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%I)',
                f.oprname, f.l, f.r, 'trap' || md5(f.oprname));
        EXCEPTION WHEN OTHERS THEN NULL; -- there is one already, or of a pseudo-type
        END;
    END LOOP;
    CREATE FUNCTION public.trap_type(anyelement) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'trap: type'; END $$;
    FOR f IN SELECT typname FROM pg_type WHERE typname IN ('text', 'tid', 'uuid', 'int8', 'int4', 'varchar', 'timestamptz', 'regclass', 'oid', 'jsonb', 'numeric') LOOP
        EXECUTE format('CREATE DOMAIN public.%1$I AS pg_catalog.%1$I CHECK (public.trap_type(VALUE))', f.typname);
    END LOOP;
    EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
END $do$`

// called finds the functions that Go and SQL files of the package call.
var called = regexp.MustCompile(`\b([a-z_0-9]+)\(`)

func functionsOfStatements(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".sql") && !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range called.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Whoever may create in a schema of the search path must not have anything of
// hers called by relink.
func TestNothingInTheSearchPathIsCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("SELECT set_config('test.functions', $1, false)", strings.Join(functionsOfStatements(t), ","))
	w.exec(setTraps)
	if n := one[int](w, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosrc LIKE '%trap:%'"); n < 200 {
		t.Fatalf("%d traps are set, want hundreds", n)
	}
	conn, err := pg.Connect(t.Context(), pg.Config{URL: w.url})
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close(conn)
	if _, err := conn.Exec(t.Context(), "SELECT set_config('search_path', reset_val, false) FROM pg_settings WHERE name = 'search_path'"); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"SELECT format('%s', 1)", "SELECT lower('A')", "SELECT 1::bigint = 2::bigint", "SELECT 'a'::varchar <> 'b'::varchar", "SELECT 'a'::text", "SELECT set_config('a.b', 'c', false)",
	} {
		if _, err := conn.Exec(t.Context(), statement, pgx.QueryExecModeSimpleProtocol); err == nil || !strings.Contains(err.Error(), "trap:") {
			t.Errorf("%s: %v, want it to spring a trap in a session with the database's path", statement, err)
		}
	}

	w.store = postgres.NewStore(pg.Config{URL: w.url})
	w.conn = w.connect()
	w.exec("SET search_path = pg_catalog, public")
	tour(w)
	single, err := engine.NewSingle(t.Context(), pg.Config{URL: w.url}, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer single.Close()
	for _, row := range []linker.Fields{byID("r-30", "e-1"), byID("r-30", "e-2"), byID("r-30", "E-5"), byExternal("r-30", "LEAD", "c-1", "x-1"), byID("R-30", "e-1")} {
		if r, _, err := single.Put(t.Context(), "o-1", linker.Check(row, linker.Fields{})); err != nil || r.Outcome == linker.Failed {
			t.Errorf("Put %+v: %+v, %v", row, r, err)
		}
	}
	if removed, r, err := single.Delete(t.Context(), "o-1", linker.Check(byID("r-30", "e-2"), linker.Fields{})); err != nil || !removed {
		t.Errorf("Delete: %t, %+v, %v", removed, r, err)
	}
	if err := single.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	own, err := pg.Connect(t.Context(), pg.Config{URL: w.url})
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close(own)
	if err := postgres.Migrate(t.Context(), pg.Config{URL: w.url}, false); err != nil {
		t.Errorf("Migrate: %v", err)
	}
	if _, err := dbcheck.Check(t.Context(), own, pg.Config{URL: w.url}); err != nil {
		t.Errorf("Check: %v", err)
	}
	if err := w.store.Ready(t.Context(), 0, nil); err != nil {
		t.Errorf("Ready: %v", err)
	}
	if _, err := w.store.Runs(t.Context(), 0); err != nil {
		t.Errorf("Runs: %v", err)
	}
	if _, err := w.store.Interrupted(t.Context()); err != nil {
		t.Errorf("Interrupted: %v", err)
	}
	if _, err := w.store.Connections(t.Context(), []string{"c-1"}, "o-1"); err != nil {
		t.Errorf("Connections: %v", err)
	}
	if err := w.store.CheckNames(t.Context(), linker.Rules{Organization: "o-1", Scope: &linker.Scope{Connections: []string{"c-1"}}}); err != nil {
		t.Errorf("CheckNames: %v", err)
	}
	if _, err := w.store.Clean(t.Context()); err != nil {
		t.Errorf("Clean: %v", err)
	}
}
