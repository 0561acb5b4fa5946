package postgres_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/guard"
	"relink/linker/postgres"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// world is a database with a small world in it, and what a run on it needs.
type world struct {
	t     *testing.T
	url   string
	store *postgres.Store
	conn  *pgx.Conn
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := emptyWorld(t)
	sql, err := os.ReadFile("testdata/world.sql")
	if err != nil {
		t.Fatal(err)
	}
	w.exec(string(sql))
	return w
}

// emptyWorld is a database with tables and nothing in them.
func emptyWorld(t *testing.T) *world {
	t.Helper()
	url := pgtest.Database(t)
	w := &world{t: t, url: url, store: postgres.NewStore(pg.Config{URL: url})}
	w.conn = w.connect()
	return w
}

// connect opens a connection of the platform's: nothing of relink's in it but
// the way to the tables.
func (w *world) connect() *pgx.Conn {
	w.t.Helper()
	conn, err := pgtest.Open(w.t.Context(), pg.Config{URL: w.url, ApplicationName: "platform"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.conn.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// one returns the single value that a query gives.
func one[T any](w *world, sql string, args ...any) (v T) {
	w.t.Helper()
	if err := w.conn.QueryRow(w.t.Context(), sql, args...).Scan(&v); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// column returns the values that a query of one column gives.
func column[T any](w *world, sql string, args ...any) []T {
	w.t.Helper()
	rows, err := w.conn.Query(w.t.Context(), sql, args...)
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return values
}

// record begins the record of a run.
func (w *world) record(kind linker.Kind) int64 {
	w.t.Helper()
	run, err := w.store.Begin(w.t.Context(), linker.Run{Kind: kind, Options: []byte("{}")})
	if err != nil {
		w.t.Fatal(err)
	}
	return run.ID
}

// begin opens a writing session, of a new run unless opt names one.
func (w *world) begin(opt engine.Options) *engine.Session {
	w.t.Helper()
	if opt.Run == 0 {
		opt.Run = w.record(linker.Import)
	}
	opt.Writing = true
	x, err := engine.Open(w.t.Context(), w.store, opt)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(x.Close)
	return x
}

// stage stages rows, numbered from 1, the first on line 2.
func (w *world) stage(x *engine.Session, rows []linker.Fields) {
	w.t.Helper()
	i := 0
	n, err := x.Stage(w.t.Context(), func(n *linker.Numbered) error {
		if i == len(rows) {
			return io.EOF
		}
		i++
		n.Row, n.Line, n.Checked = int64(i), int64(i+1), linker.Check(rows[i-1], linker.Fields{})
		return nil
	}, wholeFile)
	if err != nil {
		w.t.Fatal(err)
	}
	if n != int64(len(rows)) {
		w.t.Fatalf("staged %d rows, want %d", n, len(rows))
	}
}

func (w *world) plan(x *engine.Session, first bool) guard.Plan {
	w.t.Helper()
	plan, err := x.Plan(w.t.Context(), first, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return plan
}

func (w *world) apply(x *engine.Session) {
	w.t.Helper()
	var n atomic.Int64
	if err := x.Apply(w.t.Context(), nil, &n); err != nil {
		w.t.Fatal(err)
	}
}

// imported runs rows through the whole of a session and returns the results.
// They must be those of the plan: nobody else is at work.
func (w *world) imported(opt engine.Options, rows []linker.Fields) []linker.Result {
	w.t.Helper()
	x := w.begin(opt)
	defer x.Close()
	w.stage(x, rows)
	w.plan(x, true)
	planned := w.results(x)
	w.apply(x)
	results := w.results(x)
	if diff := cmp.Diff(planned, results); diff != "" {
		w.t.Errorf("what was done is not what was planned (-planned +done):\n%s", diff)
	}
	return results
}

func (w *world) results(x *engine.Session) (results []linker.Result) {
	w.t.Helper()
	err := x.Results(w.t.Context(), func(r *linker.Result) error {
		results = append(results, *r)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return results
}

// current returns the current link of every recording, as recording>entity.
func (w *world) current() []string {
	w.t.Helper()
	return column[string](w, `
		SELECT recording_id || '>' || entity_id
		FROM recording_links
		WHERE cleared_at IS NULL
		ORDER BY recording_id COLLATE "C"`)
}

// everything returns every row of the platform's tables as text, with the
// transaction that wrote it last: equal before and after means that nothing was
// written, not even the same values again.
func (w *world) everything() []string {
	w.t.Helper()
	return column[string](w, `
		SELECT 'recording ' || xmin || ' ' || r::text FROM recordings AS r
		UNION ALL SELECT 'connection ' || xmin || ' ' || c::text FROM integration_connections AS c
		UNION ALL SELECT 'entity ' || xmin || ' ' || e::text FROM crm_entities AS e
		UNION ALL SELECT 'link ' || xmin || ' ' || l::text FROM recording_links AS l
		ORDER BY 1`)
}

// sortedStrings compares lists as sets.
var sortedStrings = cmpopts.SortSlices(func(a, b string) bool { return a < b })

// reverted takes a run back and returns the results and the run that did it.
func (w *world) reverted(run int64) ([]linker.Result, int64) {
	w.t.Helper()
	undo := w.record(linker.Revert)
	x := w.begin(engine.Options{Run: undo, Undo: run, CountGroups: true})
	defer x.Close()
	w.plan(x, true)
	w.apply(x)
	return w.results(x), undo
}

// A run asks nobody but the error itself whether another attempt may help.
func TestErrorsOfASessionAnswerForThemselves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.begin(engine.Options{})
	w.exec("ALTER TABLE relink.runs RENAME TO hidden")
	_, err := x.Staged(t.Context())
	var explained *pg.Error
	if !errors.As(err, &explained) || !strings.Contains(explained.Hint(), "relink db check") ||
		!strings.Contains(err.Error(), `looking for the working table of run 1: the database says: relation "relink.runs" does not exist`) {
		t.Errorf("Staged = %v, want one that names the missing table and `relink db check`", err)
	}
	if linker.IsTransient(err) {
		t.Errorf("IsTransient(%v) = true, want false", err)
	}
	w.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'relink run%'")
	if _, err = x.Staged(t.Context()); !linker.IsTransient(err) {
		t.Errorf("IsTransient(%v) = false, want true for a session that was ended", err)
	}
}

// wholeFile says that nothing speaks against the file.
func wholeFile() []string { return nil }

// A table that another version of relink staged has other columns: its rows are
// staged anew.
func TestStagedByAnotherVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.begin(engine.Options{})
	defer x.Close()
	w.stage(x, []linker.Fields{{RecordingID: "r-1", DataType: "LEAD", ID: "e-1"}})
	w.exec("UPDATE relink.runs SET staged_rows = 1")
	for _, c := range []struct {
		change string
		want   bool
	}{
		{"SELECT 1", true},
		{"ALTER TABLE relink.run_1_staged ADD COLUMN later int", true},
		{"DROP TABLE relink.run_1_doubts", false},
		{"CREATE TABLE relink.run_1_doubts (); ALTER TABLE relink.run_1_staged DROP COLUMN stray", false},
	} {
		w.exec(c.change)
		if got, err := x.Staged(t.Context()); got != c.want || err != nil {
			t.Errorf("after %s: Staged = %t, %v, want %t", c.change, got, err, c.want)
		}
	}
}
