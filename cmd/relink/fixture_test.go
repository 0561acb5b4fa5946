package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// town is a test fixture: a platform of two organizations, and the program
// running on it. Organization o-1 has the connections c-1 and c-2, o-2 has c-9.
// Each has accounts whose id and external id are a-<connection>-<n> and x-<n>.
type town struct {
	t    testing.TB
	conn *pgx.Conn
	url  string
	dir  string
}

func newTown(t testing.TB) *town {
	t.Helper()
	w := &town{t: t, url: pgtest.Database(t), dir: t.TempDir()}
	conn, err := pgtest.Open(context.Background(), pg.Config{URL: w.url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	w.conn = conn
	w.exec(`
		INSERT INTO integration_connections VALUES
		    ('c-1', 'o-1', 'salesforce', 'One', true), ('c-2', 'o-1', 'hubspot', 'Two', true), ('c-9', 'o-2', 'salesforce', 'Nine', true)`)
	return w
}

// recordings adds recordings r-<from> to r-<to> of o-1.
func (w *town) recordings(from, to int) {
	w.t.Helper()
	w.exec(`INSERT INTO recordings (id, organization_id) SELECT 'r-' || n, 'o-1' FROM generate_series($1::int, $2::int) AS n`, from, to)
}

// accounts adds CRM rows a-<connection>-<from> to <to>.
func (w *town) accounts(connection string, from, to int) {
	w.t.Helper()
	w.exec(`
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
		SELECT format('a-%s-%s', $1::text, n), 'ACCOUNT', $1, 'x-' || n FROM generate_series($2::int, $3::int) AS n`, connection, from, to)
}

// link links recordings r-<from> to r-<to> to the account of the same number.
func (w *town) link(connection string, from, to int) {
	w.t.Helper()
	w.exec(`
		INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at)
		SELECT 'r-' || n, 'ACCOUNT', format('a-%s-%s', $1::text, n), 'CALENDAR_MATCH', now() - interval '1 day'
		FROM generate_series($2::int, $3::int) AS n`, connection, from, to)
}

func (w *town) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.conn.Exec(context.Background(), sql, args...); err != nil {
		w.t.Fatalf("%.80s: %v", sql, err)
	}
}

// ask returns the one text that a query finds.
func (w *town) ask(sql string, args ...any) (answer string) {
	w.t.Helper()
	if err := w.conn.QueryRow(context.Background(), sql, args...).Scan(&answer); err != nil {
		w.t.Fatalf("%.80s: %v", sql, err)
	}
	return answer
}

// current lists the current links, as recording>entity.
func (w *town) current() []string {
	w.t.Helper()
	rows, err := w.conn.Query(context.Background(),
		`SELECT recording_id || '>' || entity_id FROM recording_links WHERE cleared_at IS NULL ORDER BY recording_id COLLATE "C"`)
	if err != nil {
		w.t.Fatal(err)
	}
	links, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.t.Fatal(err)
	}
	return links
}

// digest is of every link for which the condition holds, of history too, and of
// which transaction wrote it: it stays the same only where nothing was written.
func (w *town) digest(condition string) string {
	w.t.Helper()
	return w.ask(`
		SELECT coalesce(md5(string_agg(l.xmin || l::text, ' ' ORDER BY l.id)), 'none')
		FROM recording_links AS l JOIN crm_entities AS e ON e.id = l.entity_id
		WHERE ` + condition)
}

// file writes a file of links; rows are recording and account, as r-1 x-1.
func (w *town) file(name, connection string, rows ...string) string {
	w.t.Helper()
	var b strings.Builder
	b.WriteString("recordingId,dataType,externalId,integrationConnectionId\n")
	for _, row := range rows {
		recording, account, _ := strings.Cut(row, " ")
		fmt.Fprintf(&b, "%s,ACCOUNT,%s,%s\n", recording, account, connection)
	}
	return w.raw(name, b.String())
}

// raw writes a file as it is.
func (w *town) raw(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// pairs are the rows that link r-<n> to x-<n>.
func pairs(from, to int) (rows []string) {
	for n := from; n <= to; n++ {
		rows = append(rows, fmt.Sprintf("r-%d x-%d", n, n))
	}
	return rows
}

// relink runs the program on the town's database, quietly.
func (w *town) relink(args ...string) result {
	w.t.Helper()
	w.t.Logf("relink %s", strings.Join(args, " "))
	env := []string{"RELINK_DATABASE=" + w.url, "RELINK_OUT=" + filepath.Join(w.dir, "runs"), "RELINK_QUIET=true"}
	return call(w.t, env, "", args...)
}

// must runs the program, which must end with a status.
func (w *town) must(status int, args ...string) result {
	w.t.Helper()
	got := w.relink(args...)
	if got.status != status {
		w.t.Fatalf("relink %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), got.status, status, got.stdout, got.stderr)
	}
	return got
}

// report is the report of the newest run, lines as outcome, code, recording and
// previous entity, those of the input first.
func (w *town) report() (lines []string) {
	w.t.Helper()
	f, err := os.Open(filepath.Join(w.ask("SELECT out_dir FROM relink.runs ORDER BY id DESC LIMIT 1"), "report.csv"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	cells, err := csv.NewReader(f).ReadAll()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range cells[1:] {
		lines = append(lines, strings.TrimSpace(strings.Join([]string{c[8], c[9], c[2], c[12]}, " ")))
	}
	return lines
}

// count returns how many lines of the newest report have an outcome.
func (w *town) count(outcome string) (n int) {
	w.t.Helper()
	for _, line := range w.report() {
		if strings.HasPrefix(line, outcome+" ") {
			n++
		}
	}
	return n
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
