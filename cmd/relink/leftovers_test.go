package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"relink/cmd/relink/exit"
)

// workingTables lists the working tables of a run.
func (s *site) workingTables(run int) int {
	s.t.Helper()
	return ask[int](s, `
		SELECT count(*) FROM pg_class
		WHERE relnamespace = 'relink'::regnamespace AND relkind = 'r' AND relname LIKE format('run\_%s\_%%', $1::int)`, run)
}

// The tables of a run that was killed are gone once another one writes, and it
// can be resumed all the same.
func TestNextRunDropsTablesOfADeadOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.remember()
	dead := s.kill9()
	if s.workingTables(dead) == 0 {
		t.Fatal("the killed run has left no tables: nothing is shown")
	}
	s.relink(exit.Rejected, "import", "--dry-run", "links.csv")
	if s.workingTables(dead) == 0 {
		t.Error("a dry run dropped the tables of another run")
	}
	s.file("other.csv", "recordingId,dataType,id\nr-1,ACCOUNT,e-1\n")
	s.relink(exit.OK, "import", "other.csv")
	if n := s.workingTables(dead); n != 0 {
		t.Errorf("%d tables of the killed run are left", n)
	}
	s.relink(exit.Rejected, "resume", "--force", fmt.Sprint(dead))
}

// A run that fails before its first write leaves no tables, and nothing to
// resume when the resume would end as it did.
func TestRunThatFailsEarlyLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`
		ALTER TABLE recordings RENAME TO all_recordings;
		CREATE VIEW recordings AS
		SELECT id, organization_id, title, created_at, CASE WHEN id = 'r-5' THEN now() - interval '1 s' / (length(id) - 3) END AS deleted_at
		FROM all_recordings`)
	p := s.relink(exit.Error, "import", "links.csv")
	p.says("relink: error: ", "division by zero", "nothing was written: start it again when that is fixed")
	if strings.Contains(p.stderr.String(), "resume") {
		t.Errorf("it says\n%swhich would end like this run", p.stderr.String())
	}
	run := ask[int](s, "SELECT max(id) FROM relink.runs")
	if n := s.workingTables(run); n != 0 {
		t.Errorf("%d tables are left", n)
	}
	if got := ask[string](s, "SELECT state FROM relink.runs WHERE id = $1", run); got != "abandoned" {
		t.Errorf("the run is %s, want abandoned", got)
	}

	// A fault of the platform's own code is called by its name, when a lane
	// runs into it, too.
	s.exec(`
		DROP VIEW recordings;
		ALTER TABLE all_recordings RENAME TO recordings;
		CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
		    INSERT INTO audit_log VALUES (NEW.id);
		    RETURN NEW;
		END $$;
		CREATE TRIGGER audit AFTER INSERT ON recording_links FOR EACH ROW EXECUTE FUNCTION audit()`)
	p = s.relink(exit.Error, "import", "links.csv")
	p.says(`relation "audit_log" does not exist (in the platform's own function audit(), line 3`, "the platform's owner has to fix that function")
	if strings.Contains(p.stderr.String(), "continues it") {
		t.Errorf("it says\n%swhich would end like this run", p.stderr.String())
	}
}

// A reconciliation that ends well ends the interrupted ones of its scope.
func TestReconcileEndsOlderRunsOfItsScope(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`
		INSERT INTO integration_connections VALUES ('c-2', 'o-1', 'hubspot', 'Two', true)`)
	kill := func(connection string) int {
		t.Helper()
		before := s.applied()
		s.slowly(100 * time.Millisecond)
		p := s.start("reconcile", "--connection", connection, "--take-over", "--max-changes", "100%", "--batch-rows", "5", "--lanes", "1", "links.csv")
		if connection == "c-1" {
			s.until("it applies", func() bool { return s.applied() >= before+5 && s.held() })
		}
		p.kills()
		s.slowly(0)
		return ask[int](s, "SELECT max(id) FROM relink.runs")
	}
	first := kill("c-1")
	s.relink(exit.Rejected, "reconcile", "--connection", "c-1", "--take-over", "--max-changes", "100%", "--dry-run", "links.csv")
	if got := ask[string](s, "SELECT state FROM relink.runs WHERE id = $1", first); got != "applying" {
		t.Errorf("after a dry run the interrupted one is %s, want applying", got)
	}
	s.exec("INSERT INTO relink.runs (kind, state, options, recorded_after, platform_schema) SELECT kind, state, jsonb_set(options, '{rules,scope,connections}', '[\"c-2\"]'), 0, platform_schema FROM relink.runs WHERE id = $1", first)
	p := s.relink(exit.Rejected, "reconcile", "--connection", "c-1", "--take-over", "--max-changes", "100%", "links.csv")
	p.says(fmt.Sprintf("run %d, interrupted before, is ended", first))
	last := ask[int](s, "SELECT max(id) FROM relink.runs")
	if got := ask[string](s, "SELECT state || ': ' || message FROM relink.runs WHERE id = $1", first); got != fmt.Sprintf("abandoned: run %d has reconciled the same scope since", last) {
		t.Errorf("the interrupted run is %s, want abandoned", got)
	}
	if got := ask[int](s, "SELECT count(*) FROM relink.runs WHERE state = 'applying'"); got != 1 {
		t.Errorf("%d runs of other scopes are still to be resumed, want 1", got)
	}
}

// Each process may have a role of its own that lives for one lease: the next one
// resumes and cleans, and the first can be dropped.
func TestRolePerLease(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.remember()
	group := "g_" + ask[string](s, "SELECT md5(current_database())")
	s.exec(fmt.Sprintf(`
		CREATE ROLE %[1]s;
		ALTER SCHEMA relink OWNER TO %[1]s;
		GRANT USAGE ON SCHEMA public TO %[1]s;
		GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO %[1]s;
		CREATE ROLE lease1_%[1]s LOGIN IN ROLE %[1]s;
		CREATE ROLE lease2_%[1]s LOGIN IN ROLE %[1]s`, group))
	s.exec(fmt.Sprintf(`
		DO $$ DECLARE name text; BEGIN
		    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'relink'::regnamespace AND relkind = 'r' LOOP
		        EXECUTE format('ALTER TABLE relink.%%I OWNER TO %s', name);
		    END LOOP;
		END $$`, group))
	platform := s.url
	lease := func(n int) {
		s.url = strings.Replace(platform, "user=relink", fmt.Sprintf("user=lease%d_%s", n, group), 1)
	}

	s.slowly(100 * time.Millisecond)
	lease(1)
	p := s.slowRun()
	p.kills()
	s.slowly(0)
	run := ask[int](s, "SELECT max(id) FROM relink.runs")
	if owners := ask[int](s, "SELECT count(*) FROM pg_class WHERE relnamespace = 'relink'::regnamespace AND relname LIKE 'run\\_%' AND relkind = 'r' AND pg_get_userbyid(relowner) <> $1", group); owners != 0 {
		t.Errorf("%d working tables belong to the lease's role, want none", owners)
	}
	s.until("the sessions of the first lease have ended", func() bool {
		return ask[int](s, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'lease1_' || $1", group) == 0
	})
	s.exec("DROP ROLE lease1_" + group)
	lease(2)
	s.relink(exit.Rejected, "resume", fmt.Sprint(run))
	s.isWhole(run)
	s.relink(exit.OK, "runs", "clean")
	s.exec("DROP ROLE lease2_" + group)
}
