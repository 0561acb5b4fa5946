package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"relink/cmd/relink/exit"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
)

// switchSchema resumes the run in another schema of the database, which holds the
// same rows: that is refused, and changes nothing there.
func (p *play) switchSchema(run int) string {
	var b strings.Builder
	b.WriteString("CREATE SCHEMA elsewhere;")
	for _, table := range []string{"recordings", "integration_connections", "crm_entities", "recording_links"} {
		fmt.Fprintf(&b, "CREATE TABLE elsewhere.%[1]s (LIKE public.%[1]s INCLUDING ALL); INSERT INTO elsewhere.%[1]s OVERRIDING SYSTEM VALUE SELECT * FROM public.%[1]s;", table)
	}
	p.sql(p.name, b.String())
	const digest = "SELECT md5(string_agg(l::text, ' ' ORDER BY id)) FROM elsewhere.recording_links AS l"
	var before, after string
	p.query(&before, digest)
	p.refused("resume", strconv.Itoa(run), "--schema", "elsewhere")
	p.query(&after, digest)
	if before != after {
		p.t.Errorf("seed %d: a resume in another schema changed links there", p.seed)
	}
	p.sql(p.name, "DROP SCHEMA elsewhere CASCADE")
	return movedSchema
}

// restoreCopy resumes and reverts the run in a copy of the database: that is
// refused until the user confirms that the copy has replaced the original.
func (p *play) restoreCopy(run int) string {
	if p.conn != nil {
		p.conn.Close(context.Background())
		p.conn = nil
	}
	copied := p.name + "_copy"
	// Nobody may be connected to a database that is copied.
	p.sql("postgres", "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '"+p.name+"'")
	p.sql("postgres", "CREATE DATABASE "+copied+" TEMPLATE "+p.name)
	defer p.drop(copied)
	original := p.name
	p.name = copied
	defer func() {
		if p.conn != nil {
			p.conn.Close(context.Background())
			p.conn = nil
		}
		p.name = original
	}()
	before := p.history(run)
	for _, command := range []string{"resume", "revert", "report"} {
		p.refused(command, strconv.Itoa(run))
	}
	if after := p.history(run); strings.Join(before, "\n") != strings.Join(after, "\n") {
		p.t.Errorf("seed %d: links of a copy were changed", p.seed)
	}
	if _, err := postgres.NewStore(pg.Config{URL: p.url()}).Adopt(context.Background()); err != nil {
		p.t.Fatalf("seed %d: %v", p.seed, err)
	}
	p.finishAny("resume", strconv.Itoa(run))
	return movedDatabase
}

// moveClock makes all that is recorded with a time older or newer by days, as a
// clock does that is set while a run is interrupted.
func (p *play) moveClock(run int) string {
	days := p.rng.IntN(20) - 10
	p.sql(p.name, fmt.Sprintf(`
		UPDATE relink.runs SET started_at = started_at + interval '%[1]d days', applying_at = applying_at + interval '%[2]d days' WHERE id = %[3]d;
		UPDATE recording_links
		SET linked_at = linked_at + interval '%[1]d days', cleared_at = cleared_at + interval '%[1]d days'`, days, -days, run))
	return movedClock
}

// refused runs the program, which must end with status 1 and the word that the run
// is of another place.
func (p *play) refused(args ...string) {
	p.t.Helper()
	cmd := p.start(p.url(), args...)
	err := cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != exit.Error || !strings.Contains(p.log.String(), "was made in ") {
		p.t.Fatalf("seed %d, scenario %q: relink %s: exit status %d (%v), want %d\n%s",
			p.seed, p.scenario.name, strings.Join(args, " "), got, err, exit.Error, p.log.String())
	}
}
