package pg_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

func show(t *testing.T, conn *pgx.Conn, setting string) string {
	t.Helper()
	var value string
	if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&value); err != nil {
		t.Fatalf("reading the setting %s: %v", setting, err)
	}
	return value
}

func TestSessionSetsItsOwnSettings(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	admin := connect(t, pg.Config{URL: url})
	var database string
	if err := admin.QueryRow(t.Context(), "SELECT quote_ident(current_database())").Scan(&database); err != nil {
		t.Fatal(err)
	}
	for _, hostile := range []string{
		"search_path = nowhere", "statement_timeout = '1s'", "lock_timeout = '1s'", "jit = on",
		"idle_in_transaction_session_timeout = '1s'", "idle_session_timeout = '1s'",
		"default_transaction_isolation = 'serializable'", "DateStyle = 'SQL, DMY'", "TimeZone = 'Asia/Tokyo'",
	} {
		exec(t, admin, fmt.Sprintf("ALTER DATABASE %s SET %s", database, hostile))
	}

	conn := connect(t, pg.Config{URL: url, Schema: `Weird "schema"`, ApplicationName: "relink run 7"})
	got := map[string]string{}
	want := map[string]string{
		"search_path":                         "pg_catalog, pg_temp",
		"statement_timeout":                   "0",
		"lock_timeout":                        "0",
		"idle_in_transaction_session_timeout": "0",
		"idle_session_timeout":                "0",
		"default_transaction_isolation":       "read committed",
		"jit":                                 "off",
		"DateStyle":                           "ISO, YMD",
		"TimeZone":                            "UTC",
		"application_name":                    "relink run 7",
	}
	for name := range want {
		got[name] = show(t, conn, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings of a session (-want +got):\n%s", diff)
	}
}

func TestSettingsInTheURLAreKept(t *testing.T) {
	t.Parallel()
	conn := connect(t, pg.Config{
		URL: pgtest.Database(t) + "&statement_timeout=90s&search_path=nowhere&pool_max_conns=3",
	})
	if got, want := show(t, conn, "statement_timeout"), "90s"; got != want {
		t.Errorf("statement_timeout = %q, want %q", got, want)
	}
	if got, want := show(t, conn, "search_path"), "pg_catalog, pg_temp"; got != want {
		t.Errorf("search_path = %q, want %q", got, want)
	}
	if got, want := show(t, conn, "application_name"), pg.DefaultApplication; got != want {
		t.Errorf("application_name = %q, want %q", got, want)
	}
}

func TestPoolSetsUpEachSession(t *testing.T) {
	t.Parallel()
	pool, err := pg.NewPool(t.Context(), pg.Config{URL: pgtest.Database(t)}, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for range 2 {
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
		if got, want := show(t, conn.Conn(), "jit"), "off"; got != want {
			t.Errorf("jit = %q, want %q", got, want)
		}
	}
	if got, want := pool.Stat().MaxConns(), int32(2); got != want {
		t.Errorf("size of the pool = %d, want %d", got, want)
	}
}

func TestDialReplacesTheWayToTheServer(t *testing.T) {
	t.Parallel()
	var dialled atomic.Int32
	connect(t, pg.Config{
		URL: pgtest.Database(t),
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled.Add(1)
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	})
	if got := dialled.Load(); got != 1 {
		t.Errorf("connections through Dial = %d, want 1", got)
	}
}
