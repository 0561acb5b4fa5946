package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"relink/linker"
	"relink/linker/postgres/engine"
)

const (
	crowdRecordings = 2400 // each has a row, every fourth has two
	crowdEntities   = 300
	crowdDoomed     = 200 // CRM rows without a link, targets of the file, deleted meanwhile
	crowdPutters    = 18
	crowdSyncs      = 3
	crowdDeleters   = 2
)

// TestConcurrentWriters lets an import meet everything that the platform does
// on the same recordings and CRM rows at the same time.
func TestConcurrentWriters(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t)
	w.exec(fmt.Sprintf(`
		INSERT INTO integration_connections (id, organization_id, platform, is_active) VALUES ('c-1', 'o-1', 'salesforce', true);
		INSERT INTO recordings (id, organization_id) SELECT 'r-' || n, 'o-1' FROM generate_series(1, %[1]d) AS n;
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
		SELECT 'e-' || n, 'ACCOUNT', 'c-1', 'x-' || n FROM generate_series(1, %[2]d) AS n;
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
		SELECT 'd-' || n, 'ACCOUNT', 'c-1', 'doomed-' || n FROM generate_series(1, %[3]d) AS n;
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT 'r-' || n, 'ACCOUNT', 'e-' || 1 + n %% %[2]d, now() FROM generate_series(1, %[1]d, 2) AS n;
		ANALYZE`, crowdRecordings, crowdEntities, crowdDoomed))
	initial := one[int64](w, "SELECT count(*) FROM recording_links")

	rng := rand.New(rand.NewPCG(1, 2))
	rows := crowdFile(rng)
	run := w.record(linker.Import)
	x := w.begin(engine.Options{Run: run, Lanes: 3, BatchRows: 12, Rules: linker.Rules{LastWins: true}})
	w.stage(x, rows)
	w.plan(x, true)
	planned := w.results(x)

	c := crowd{w: w, rows: rows}
	c.start()
	w.apply(x)
	c.stop()
	results := w.results(x)

	if len(results) != len(rows) {
		t.Fatalf("%d results for %d rows", len(results), len(rows))
	}
	surprised, outcomes := 0, map[string]int{}
	for i, r := range results {
		outcomes[strings.TrimSpace(string(r.Outcome)+" "+string(r.Code))]++
		if diff := cmp.Diff(planned[i], r); diff != "" {
			surprised++
		}
	}
	t.Logf("%d puts, %d clears, %d syncs, %d deletes; %d of %d rows ended otherwise than planned; %v",
		c.made.Load(), c.cleared.Load(), c.synced.Load(), c.deleted.Load(), surprised, len(rows), outcomes)
	if surprised == 0 || c.made.Load() == 0 || c.synced.Load() == 0 || c.deleted.Load() == 0 {
		t.Error("the import met nobody")
	}
	if n := outcomes["failed lost_race"]; n > 0 {
		t.Errorf("%d rows were given up, though a few rounds are enough", n)
	}
	w.reportIsTrue(run, rows, results)
	w.historyIsWhole()
	made := int64(outcomes["created"] + outcomes["replaced"])
	if got, want := one[int64](w, "SELECT count(*) FROM recording_links"), initial+c.made.Load()+made; got != want {
		t.Errorf("%d links, want %d: %d at first, %d of the platform's, %d of the run's", got, want, initial, c.made.Load(), made)
	}
	if got, want := one[int64](w, "SELECT count(*) FROM recording_links WHERE cleared_at IS NOT NULL"), c.cleared.Load()+int64(outcomes["replaced"]); got != want {
		t.Errorf("%d links are cleared, want %d: %d of them by the platform", got, want, c.cleared.Load())
	}
}

// crowdFile asks for a link of every recording, of every fourth one twice.
func crowdFile(rng *rand.Rand) (rows []linker.Fields) {
	target := func() string {
		if rng.IntN(8) == 0 {
			return fmt.Sprintf("d-%d", 1+rng.IntN(crowdDoomed))
		}
		return fmt.Sprintf("e-%d", 1+rng.IntN(crowdEntities))
	}
	for n := 1; n <= crowdRecordings; n++ {
		row := byID(fmt.Sprintf("r-%d", n), target())
		rows = append(rows, row)
		if n%4 == 0 {
			if n%8 == 0 {
				row.ID = target()
			}
			rows = append(rows, row)
		}
	}
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return rows
}

// crowd is the platform at work.
type crowd struct {
	w    *world
	rows []linker.Fields

	over                           chan struct{}
	all                            sync.WaitGroup
	made, cleared, synced, deleted atomic.Int64
}

func (c *crowd) start() {
	c.over = make(chan struct{})
	for n := range crowdPutters {
		c.work(n, c.put)
	}
	for n := range crowdSyncs {
		c.work(100+n, c.sync)
	}
	for n := range crowdDeleters {
		c.work(200+n, c.delete)
	}
}

func (c *crowd) stop() {
	close(c.over)
	c.all.Wait()
}

// work repeats one deed in a session of its own. The platform must never lose a
// deadlock to us; other errors are between its own sessions and end one deed.
func (c *crowd) work(n int, deed func(context.Context, *pgx.Conn, *rand.Rand, int) error) {
	c.w.t.Helper()
	conn := c.w.connect()
	rng := rand.New(rand.NewPCG(uint64(n), 3))
	c.all.Go(func() {
		for {
			select {
			case <-c.over:
				return
			case <-time.After(time.Duration(rng.IntN(4)) * time.Millisecond):
			}
			var pg *pgconn.PgError
			switch err := deed(c.w.t.Context(), conn, rng, n); {
			case err == nil:
			case errors.As(err, &pg) && (pg.Code == "23505" || pg.Code == "23503"):
			default:
				c.w.t.Errorf("the platform's session %d: %v", n, err)
				return
			}
		}
	})
}

// put is the platform's operation on one recording: clear and insert, now and
// then only clear. Some ask for what the file asks for, too.
func (c *crowd) put(ctx context.Context, conn *pgx.Conn, rng *rand.Rand, _ int) error {
	row := c.rows[rng.IntN(len(c.rows))]
	entity := fmt.Sprintf("e-%d", 1+rng.IntN(crowdEntities))
	if rng.IntN(5) == 0 && row.ID[0] == 'e' {
		entity = row.ID
	}
	clearOnly := rng.IntN(4) == 0
	var cleared int64
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE recording_links
			SET cleared_at = greatest(clock_timestamp(), linked_at), cleared_trigger = 'USER_LINK_WEB'
			WHERE recording_id = $1 AND cleared_at IS NULL`, row.RecordingID)
		if err != nil || clearOnly {
			cleared = tag.RowsAffected()
			return err
		}
		cleared = tag.RowsAffected()
		_, err = tx.Exec(ctx, `
			INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at)
			VALUES ($1, 'ACCOUNT', $2, 'USER_LINK_WEB', clock_timestamp())`, row.RecordingID, entity)
		return err
	})
	if err != nil {
		return err
	}
	c.cleared.Add(cleared)
	if !clearOnly {
		c.made.Add(1)
	}
	return nil
}

// sync upserts some of a sync's own share of the CRM rows, in the CRM's order,
// which is none, and sets the key columns, which locks each row against
// references.
func (c *crowd) sync(ctx context.Context, conn *pgx.Conn, rng *rand.Rand, n int) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for range 8 {
			share := 1 + (rng.IntN(crowdEntities)/crowdSyncs)*crowdSyncs + n%crowdSyncs
			_, err := tx.Exec(ctx, `
				INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, last_activity_at)
				SELECT 'e-' || n, 'ACCOUNT', 'c-1', 'x-' || n, now() FROM (SELECT $1::int) AS s (n) WHERE n <= $2
				ON CONFLICT (integration_connection_id, data_type, external_id) DO UPDATE
				SET external_id = excluded.external_id, data_type = excluded.data_type, last_activity_at = excluded.last_activity_at`,
				share, crowdEntities)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		c.synced.Add(1)
	}
	return err
}

// delete deletes a CRM row that has no link, for good.
func (c *crowd) delete(ctx context.Context, conn *pgx.Conn, rng *rand.Rand, _ int) error {
	tag, err := conn.Exec(ctx, `
		DELETE FROM crm_entities AS e
		WHERE e.id = $1 AND NOT EXISTS (SELECT FROM recording_links AS l WHERE l.entity_id = e.id)`,
		fmt.Sprintf("d-%d", 1+rng.IntN(crowdDoomed)))
	c.deleted.Add(tag.RowsAffected())
	return err
}

// reportIsTrue holds every row of the results against the marks, in one query.
func (w *world) reportIsTrue(run int64, rows []linker.Fields, results []linker.Result) {
	w.t.Helper()
	w.exec(`CREATE TABLE report (row_no bigint, recording_id text, outcome text, code text, entity_id text, previous text, previous_type text)`)
	_, err := w.conn.CopyFrom(w.t.Context(), pgx.Identifier{"report"},
		[]string{"row_no", "recording_id", "outcome", "code", "entity_id", "previous", "previous_type"},
		pgx.CopyFromSlice(len(results), func(i int) ([]any, error) {
			r := results[i]
			return []any{r.Row, rows[r.Row-1].RecordingID, string(r.Outcome), string(r.Code), r.EntityID, r.PreviousEntityID, r.PreviousDataType}, nil
		}))
	if err != nil {
		w.t.Fatal(err)
	}
	lies := column[string](w, `
		WITH made AS (SELECT * FROM pgtest.marked_links() WHERE linked_by_run = $1),
		was AS (SELECT * FROM pgtest.marked_links() WHERE cleared_by_run = $1)
		SELECT format('%s; made %s; was %s', r, made, was)
		FROM report AS r
		FULL JOIN made ON made.linked_by_row = r.row_no
		FULL JOIN was ON was.cleared_by_row = coalesce(r.row_no, made.linked_by_row)
		WHERE (CASE
		    WHEN r.outcome = 'created' THEN
		        made.id IS NOT NULL
		        -- but for a link that does not exist for the run's caller
		        AND (was.id IS NULL OR EXISTS (SELECT FROM relink.marks AS m WHERE m.run = $1 AND m.cleared = was.id::text AND m.hidden))
		        AND (made.recording_id, made.entity_id) = (r.recording_id, r.entity_id)
		        AND (r.previous, r.previous_type) = ('', '')
		    WHEN r.outcome = 'replaced' THEN
		        made.id IS NOT NULL AND was.id IS NOT NULL
		        AND (made.recording_id, made.entity_id) = (r.recording_id, r.entity_id)
		        AND (was.recording_id, was.entity_id, was.data_type) = (r.recording_id, r.previous, r.previous_type)
		    WHEN r.outcome = 'unchanged' THEN
		        made.id IS NULL AND was.id IS NULL
		        AND EXISTS (
		            SELECT FROM recording_links AS l
		            WHERE (l.recording_id, l.entity_id) = (r.recording_id, r.entity_id)
		        )
		    ELSE made.id IS NULL AND was.id IS NULL AND r.outcome IN ('superseded', 'failed', 'rejected', 'kept')
		END) IS NOT TRUE
		-- and the rows of a recording agree about what was there before
		UNION ALL
		SELECT format('%s: %s', recording_id, array_agg(DISTINCT previous))
		FROM report
		WHERE outcome <> 'rejected'
		GROUP BY recording_id
		HAVING count(DISTINCT (previous, previous_type)) > 1`, run)
	for _, lie := range lies[:min(len(lies), 10)] {
		w.t.Errorf("the report does not say what was done: %s", lie)
	}
	if len(lies) > 10 {
		w.t.Errorf("and so do %d more lines", len(lies)-10)
	}
}

// historyIsWhole looks at all links of all recordings: one is current at most,
// and none begins before the one before it has ended.
func (w *world) historyIsWhole() {
	w.t.Helper()
	faults := column[string](w, `
		SELECT format('%s has %s current links', recording_id, count(*))
		FROM recording_links
		WHERE cleared_at IS NULL
		GROUP BY recording_id
		HAVING count(*) > 1
		UNION ALL
		SELECT format('link %s of %s was cleared before it was made', id, recording_id)
		FROM recording_links
		WHERE cleared_at < linked_at
		UNION ALL
		SELECT format('link %s of %s begins %s before the one before it ends', id, recording_id, ended - linked_at)
		FROM (
		    SELECT id, recording_id, linked_at,
		        lag(coalesce(cleared_at, 'infinity')) OVER (PARTITION BY recording_id ORDER BY linked_at, id) AS ended
		    FROM recording_links
		) AS l
		WHERE ended > linked_at`)
	for _, fault := range faults[:min(len(faults), 10)] {
		w.t.Error(fault)
	}
}
