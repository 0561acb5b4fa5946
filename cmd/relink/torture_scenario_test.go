package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"relink/cmd/relink/exit"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

const (
	tortureRecordings = 300
	tortureEntities   = 120
	tortureRows       = 400
)

// scenario is a command on a world, and how it ends undisturbed.
type scenario struct {
	name   string
	before [][]string // commands whose runs the world already had
	args   []string

	number     int
	runsBefore int
	slow       string // a recording that the command changes

	// exit status of the undisturbed run
	status  int
	report  string
	history []string
	applied int
}

func scenarios() []*scenario {
	return []*scenario{
		{name: "import", args: []string{"import", "links.csv"}},
		{name: "import, the last row wins", args: []string{"import", "--on-conflict", "last", "--follow-merges", "links.csv"}},
		{name: "import with guards", args: []string{"import", "--max-changes", "99%", "--max-rejects", "99%", "--max-new-rejects", "99%", "--existing", "keep", "links.csv"}},
		{name: "reconcile", args: []string{"reconcile", "--connection", "c-1", "--prune", "--max-changes", "100%", "desired.csv"}},
		{name: "revert", before: [][]string{{"import", "--on-conflict", "last", "links.csv"}}, args: []string{"revert", "1"}},
	}
}

func (s *scenario) template() string { return fmt.Sprintf("scenario_%d", s.number) }

// prepare sets up the scenario's database and makes the undisturbed run.
func (c *chamber) prepare(s *scenario) {
	t := c.t
	t.Helper()
	c.sql("postgres", "CREATE DATABASE "+s.template())
	if err := pgtest.Migrate(context.Background(), c.server.URL(s.template())); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(uint64(s.number), 7))
	c.sql(s.template(), tortureWorld(rng))
	for name, text := range map[string]string{"links.csv": tortureFile(rng), "desired.csv": desiredFile(rng)} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Every scenario has files of its own, under the names it uses.
	dir := filepath.Join(c.dir, s.template())
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, arg := range s.args {
		s.args[i] = own(c.dir, dir, arg)
	}
	for _, command := range s.before {
		for i, arg := range command {
			command[i] = own(c.dir, dir, arg)
		}
		p := &play{chamber: c, scenario: &scenario{status: exit.Rejected}, name: s.template(), out: filepath.Join(dir, "before")}
		p.finish(append(command, "--out", p.out)...)
		s.runsBefore++
	}
	// Batches must last a while, or no kill hits the time between two.
	c.sql(s.template(), `
		CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_sleep(0.004); RETURN NULL; END $$;
		CREATE TRIGGER linger AFTER INSERT ON recording_links FOR EACH STATEMENT EXECUTE FUNCTION linger()`)

	// A sequence writes its values to the WAL 32 at a time. A clone takes over
	// that it has, but not the WAL, and a crash would give the same ids again.
	// Setting a sequence makes it write at the next value.
	c.sql(s.template(), `
		SELECT setval('recording_links_id_seq', (SELECT max(id) FROM recording_links));
		SELECT setval('relink.runs_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM relink.runs), false)`)

	twin := fmt.Sprintf("twin_%d", s.number)
	c.clone(s.template(), twin)
	p := &play{chamber: c, scenario: s, name: twin, out: filepath.Join(dir, "twin")}
	cmd := p.start(p.url(), p.command()...)
	cmd.Wait()
	if s.status = cmd.ProcessState.ExitCode(); s.status != 0 && s.status != exit.Rejected {
		t.Fatalf("scenario %q, undisturbed: exit status %d\n%s", s.name, s.status, p.log.String())
	}
	s.report, s.history, s.applied = p.report(), p.history(p.runID()), p.appliedCount()
	if s.applied < 50 {
		t.Fatalf("scenario %q changes %d recordings, too few to be killed among", s.name, s.applied)
	}
	p.query(&s.slow, `
		SELECT recording_id FROM pgtest.marked_links() WHERE linked_by_run > $1
		ORDER BY md5(recording_id) LIMIT 1`, s.runsBefore)
	p.conn.Close(context.Background())
}

// own moves a file into the scenario's folder and returns its path there.
func own(from, to, arg string) string {
	if !strings.HasSuffix(arg, ".csv") || filepath.IsAbs(arg) {
		return arg
	}
	path := filepath.Join(to, arg)
	text, err := os.ReadFile(filepath.Join(from, arg))
	if err == nil {
		err = os.WriteFile(path, text, 0o644)
	}
	if err != nil {
		return arg
	}
	return path
}

func (c *chamber) sql(database, sql string) {
	c.t.Helper()
	conn, err := pgtest.Open(context.Background(), pg.Config{URL: c.server.URL(database)})
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		c.t.Fatalf("%.80s: %v", sql, err)
	}
}

func (c *chamber) clone(from, to string) {
	c.t.Helper()
	c.sql("postgres", "CREATE DATABASE "+to+" TEMPLATE "+from)
	// The clone takes the template's place: its runs are to be reverted.
	if _, err := postgres.NewStore(pg.Config{URL: c.server.URL(to)}).Adopt(context.Background()); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chamber) drop(name string) {
	c.sql("postgres", "DROP DATABASE "+name+" WITH (FORCE)")
}

// tortureWorld has two connections, merged and deleted CRM rows, deleted
// recordings, and links on half of the recordings.
func tortureWorld(rng *rand.Rand) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO integration_connections VALUES ('c-1', 'o-1', 'salesforce', 'One', true), ('c-2', 'o-1', 'hubspot', 'Two', true);`)
	fmt.Fprintf(&b, `INSERT INTO recordings (id, organization_id, deleted_at)
		SELECT 'r-' || n, 'o-1', CASE WHEN n %% 29 = 0 THEN now() END FROM generate_series(1, %d) AS n;`, tortureRecordings)
	fmt.Fprintf(&b, `INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, deleted_at, merged_into_id)
		SELECT 'e-' || n, 'ACCOUNT', 'c-' || 1 + n %% 2, 'x-' || n, CASE WHEN n %% 31 = 0 THEN now() END, CASE WHEN n %% 23 = 0 THEN 'e-' || n - 2 END
		FROM generate_series(1, %d) AS n;`, tortureEntities)
	for n := 1; n <= tortureRecordings; n++ {
		if rng.IntN(2) == 0 {
			fmt.Fprintf(&b, `INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-%d', 'ACCOUNT', 'e-%d', now() - interval '1 day');`,
				n, 1+rng.IntN(tortureEntities))
		}
	}
	return b.String()
}

// tortureFile has rows of every fate.
func tortureFile(rng *rand.Rand) string {
	var b strings.Builder
	b.WriteString("recordingId,dataType,id,externalId,integrationConnectionId,trigger\n")
	for range tortureRows {
		recording, entity := 1+rng.IntN(tortureRecordings+10), 1+rng.IntN(tortureEntities+3)
		switch rng.IntN(12) {
		case 0:
			fmt.Fprintf(&b, "r-%d,ACCOUNT,,,,\n", recording)
		case 1:
			fmt.Fprintf(&b, "r-%d,ACCOUNT,\"e-%d\n", recording, entity)
		case 2, 3, 4, 5:
			fmt.Fprintf(&b, "r-%d,account,,x-%d,c-%d,CALENDAR_MATCH\n", recording, entity, 1+entity%2)
		default:
			fmt.Fprintf(&b, "r-%d,ACCOUNT,e-%d,,,\n", recording, entity)
		}
	}
	return b.String()
}

// desiredFile is what the links of connection c-1 should be.
func desiredFile(rng *rand.Rand) string {
	var b strings.Builder
	b.WriteString("recordingId,dataType,externalId,integrationConnectionId\n")
	for n := 1; n <= tortureRecordings; n++ {
		entity := 2 + 2*rng.IntN(tortureEntities/2-1)
		if rng.IntN(4) > 0 {
			fmt.Fprintf(&b, "r-%d,ACCOUNT,x-%d,c-1\n", n, entity)
		}
	}
	return b.String()
}
