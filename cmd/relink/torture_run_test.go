package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// play is one disturbed run.
type play struct {
	*chamber
	scenario *scenario
	rng      *rand.Rand
	seed     uint64
	name     string // of its database
	out      string // where the folders of its runs are
	log      bytes.Buffer
	conn     *pgx.Conn // watches the run; nil until needed, and after a crash
}

func (p *play) url() string { return p.server.URL(p.name) }

// command is the scenario's command, for this play.
func (p *play) command() []string {
	return append(append([]string{}, p.scenario.args...), "--out", p.out, "--batch-rows", "5", "--lanes", "2")
}

// query asks the play's database for one value, again while the server is away.
func (p *play) query(into any, sql string, args ...any) {
	p.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := p.tryQuery(into, sql, args...)
		if err == nil || errors.Is(err, pgx.ErrNoRows) {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("seed %d: %s: %v", p.seed, sql, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (p *play) tryQuery(into any, sql string, args ...any) (err error) {
	if p.conn == nil || p.conn.IsClosed() {
		if p.conn, err = pgtest.Open(context.Background(), pg.Config{URL: p.url()}); err != nil {
			p.conn = nil
			return err
		}
		p.t.Cleanup(func() {
			if p.conn != nil {
				p.conn.Close(context.Background())
			}
		})
	}
	return p.conn.QueryRow(context.Background(), sql, args...).Scan(into)
}

// runID returns the newest run, 0 when there is none except those of the
// template.
func (p *play) runID() (id int) {
	p.query(&id, "SELECT coalesce(max(id), 0) FROM relink.runs WHERE id > $1", p.scenario.runsBefore)
	return id
}

func (p *play) state(run int) (state string) {
	p.query(&state, "SELECT state FROM relink.runs WHERE id = $1", run)
	return state
}

const countApplied = `
	SELECT count(DISTINCT recording_id)
	FROM pgtest.marked_links()
	WHERE linked_by_run > $1 OR cleared_by_run > $1`

func (p *play) appliedCount() (n int) {
	p.query(&n, countApplied, p.scenario.runsBefore)
	return n
}

// appliedRows returns the rows that have marks.
func (p *play) appliedRows(run int) (rows []int64) {
	p.query(&rows, `
		SELECT coalesce(array_agg(DISTINCT coalesce(linked_by_row, 0)), '{}')
		FROM pgtest.marked_links()
		WHERE linked_by_run = $1 AND linked_by_row IS NOT NULL`, run)
	return rows
}

// sleeping reports whether a backend is inside the slow commit.
func (p *play) sleeping() (is bool) {
	p.query(&is, `
		SELECT EXISTS (
		    SELECT FROM pg_stat_activity
		    WHERE datname = current_database() AND wait_event = 'PgSleep' AND query ILIKE 'commit%'
		)`)
	return is
}

// slowCommit makes the commit of one recording's link take a while.
func (p *play) slowCommit(d time.Duration) {
	p.sql(p.name, fmt.Sprintf(`
		CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_sleep(%f); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT OR UPDATE ON recording_links
		DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW WHEN (NEW.recording_id = '%s') EXECUTE FUNCTION dawdle()`,
		d.Seconds(), p.scenario.slow))
}

// writeForeign changes links as the platform would, of recordings that the run
// has changed and of others.
func (p *play) writeForeign() {
	for written := 0; written < 20; {
		recording := fmt.Sprintf("r-%d", 1+p.rng.IntN(tortureRecordings))
		entity := fmt.Sprintf("e-%d", 1+p.rng.IntN(tortureEntities))
		_, err := p.conn.Exec(context.Background(), fmt.Sprintf(`
			BEGIN;
			UPDATE recording_links SET cleared_at = clock_timestamp(), cleared_trigger = 'USER_LINK_WEB'
			WHERE recording_id = '%s' AND cleared_at IS NULL;
			INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at)
			SELECT '%s', data_type, id, 'USER_LINK_WEB', clock_timestamp() FROM crm_entities WHERE id = '%s' AND %t;
			COMMIT`, recording, recording, entity, p.rng.IntN(3) > 0))
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "23505" {
			// The backend of the dead client was quicker.
			if _, err = p.conn.Exec(context.Background(), "ROLLBACK"); err == nil {
				continue
			}
		}
		if err != nil {
			p.t.Fatalf("seed %d: foreign writer: %v", p.seed, err)
		}
		written++
	}
}

// report reads the report of the play's run.
func (p *play) report() string {
	p.t.Helper()
	found, err := filepath.Glob(filepath.Join(p.out, "*Z-*", "report.csv"))
	if err != nil || len(found) != 1 {
		p.t.Fatalf("seed %d: reports %v, want one; relink said:\n%s", p.seed, found, p.log.String())
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// compare compares links, history and report with those of the undisturbed run.
func (p *play) compare(run int) {
	p.t.Helper()
	if diff := cmp.Diff(strings.Split(p.scenario.report, "\n"), strings.Split(p.report(), "\n")); diff != "" {
		p.t.Errorf("seed %d: report (-undisturbed +resumed):\n%s", p.seed, diff)
	}
	got := p.history(run)
	if diff := cmp.Diff(p.scenario.history, got); diff != "" {
		p.t.Errorf("seed %d: history (-undisturbed +resumed):\n%s", p.seed, diff)
	}
	var left int
	p.query(&left, "SELECT count(*) FROM pg_class WHERE relnamespace = 'relink'::regnamespace AND relname LIKE 'run\\_%'")
	if left > 0 {
		p.t.Errorf("seed %d: %d working tables are left; the run is %s; relink said:\n%s", p.seed, left, p.state(run), p.log.String())
	}
}

// history is every link with what was done to it, without times and ids.
func (p *play) history(run int) (lines []string) {
	p.query(&lines, `
		SELECT coalesce(array_agg(line ORDER BY line COLLATE "C"), '{}')
		FROM (
		    SELECT concat_ws(' ', l.recording_id, l.data_type, l.entity_id, l.trigger,
		        'linked by', CASE WHEN l.linked_by_run = $1 THEN 'this' ELSE l.linked_by_run::text END, l.linked_by_row,
		        CASE WHEN l.cleared_at IS NOT NULL THEN 'cleared by' END,
		        CASE WHEN l.cleared_by_run = $1 THEN 'this' ELSE l.cleared_by_run::text END, l.cleared_by_row, l.cleared_trigger,
		        CASE WHEN l.restores IS NOT NULL THEN 'restores ' || r.entity_id END) AS line
		    FROM pgtest.marked_links() AS l
		    LEFT JOIN recording_links AS r ON r.id = l.restores
		) AS links`, run)
	return lines
}

// truthful checks a report after a foreign writer: rows applied before keep
// their lines byte for byte, and every line agrees with the marks.
func (p *play) truthful(report string, run int, before []int64) {
	p.t.Helper()
	lines, twin := byRow(p.t, report), byRow(p.t, p.scenario.report)
	for _, row := range before {
		if got, want := lines[row], twin[row]; got.text != want.text {
			p.t.Errorf("seed %d: row %d was applied before the crash: its line is\n%s\nwant\n%s", p.seed, row, got.text, want.text)
		}
	}
	marks := map[int64][2]string{}
	var found []string
	p.query(&found, `
		SELECT coalesce(array_agg(concat_ws('|', coalesce(made.linked_by_row, was.cleared_by_row), coalesce(made.entity_id, ''), coalesce(was.entity_id, ''))), '{}')
		FROM (SELECT * FROM pgtest.marked_links() WHERE linked_by_run = $1) AS made
		FULL JOIN (SELECT * FROM pgtest.marked_links() WHERE cleared_by_run = $1 AND cleared_by_row IS NOT NULL) AS was
		    ON was.recording_id = made.recording_id AND was.cleared_by_row = made.linked_by_row`, run)
	for _, line := range found {
		part := strings.Split(line, "|")
		row, err := strconv.ParseInt(part[0], 10, 64)
		if err != nil {
			p.t.Fatal(err)
		}
		marks[row] = [2]string{part[1], part[2]}
	}
	for row, line := range lines {
		mark, marked := marks[row]
		done := line.outcome == "created" || line.outcome == "replaced" || line.outcome == "reverted"
		if done != marked {
			p.t.Errorf("seed %d: row %d is reported %s, and its marks are %v (there: %v)", p.seed, row, line.outcome, mark, marked)
		}
		if marked && (line.entity != mark[0] || line.previous != mark[1]) {
			p.t.Errorf("seed %d: row %d is reported as %s after %s, and its marks say %s after %s",
				p.seed, row, line.entity, line.previous, mark[0], mark[1])
		}
	}
	if p.t.Failed() {
		p.t.Logf("scenario %q", p.scenario.name)
	}
}

type reportLine struct{ text, outcome, entity, previous string }

func byRow(t interface{ Fatal(...any) }, report string) map[int64]reportLine {
	records, err := csv.NewReader(strings.NewReader(report)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	lines := map[int64]reportLine{}
	for _, r := range records[1:] {
		if row, err := strconv.ParseInt(r[0], 10, 64); err == nil {
			lines[row] = reportLine{strings.Join(r, "|"), r[8], r[11], r[12]}
		}
	}
	return lines
}
