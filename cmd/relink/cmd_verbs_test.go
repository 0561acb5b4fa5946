package main

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/cmd/relink/exit"
)

// verbSite is a site whose links to e-1 are to move, by a map, by a merge, or away.
// Some of its rows are refused.
func verbSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.exec(`
		INSERT INTO integration_connections VALUES ('c-2', 'o-1', 'hubspot', 'Two', true);
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id, merged_into_id) VALUES
		    ('n-1', 'ACCOUNT', 'c-2', 'y-1', NULL), ('m-1', 'ACCOUNT', 'c-2', 'z-1', 'n-1'), ('m-2', 'ACCOUNT', 'c-2', 'z-2', 'm-2');
		INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at)
		SELECT 'r-' || n, 'ACCOUNT', CASE WHEN n < 50 THEN 'm-1' ELSE 'm-2' END, 'CALENDAR_MATCH', now() - interval '1 day' FROM generate_series(2, 60, 2) AS n`)
	s.file("map.csv", "dataType,externalId,newDataType,newExternalId\nACCOUNT,x-1,ACCOUNT,y-1\nACCOUNT,x-2,ACCOUNT,y-1\nACCOUNT,x-3,ACCOUNT,nowhere\n")
	return s
}

// lingers makes a run take a while over each batch, also one that only clears.
func (s *site) lingers() {
	s.t.Helper()
	s.slowly(100 * time.Millisecond)
	s.exec("CREATE OR REPLACE TRIGGER linger_too AFTER UPDATE ON recording_links FOR EACH STATEMENT EXECUTE FUNCTION linger()")
}

var verbCommands = map[string][]string{
	"remap":  {"remap", "--from", "c-1", "--to", "c-2", "map.csv"},
	"follow": {"follow", "--connection", "c-2"},
	"unlink": {"unlink", "links.csv"},
}

// Whatever kills a run of any verb, resume ends with the links and the files of one
// that was not killed, and revert brings back what was there.
func TestVerbsGoOnAfterKill(t *testing.T) {
	t.Parallel()
	for verb, command := range verbCommands {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			s := verbSite(t)
			current := func() string {
				return ask[string](s, `
					SELECT string_agg(concat_ws(' ', recording_id, data_type, entity_id, trigger), E'\n' ORDER BY recording_id COLLATE "C")
					FROM recording_links WHERE cleared_at IS NULL`)
			}
			before := current()
			s.relink(exit.Rejected, append(command, "--dry-run", "--quiet")...)
			planned := s.written(1)
			s.lingers()
			p := s.start(append(command, "--batch-rows", "5", "--lanes", "1")...)
			marks := func() int { return ask[int](s, "SELECT count(*) FROM relink.marks WHERE run = 2") }
			s.until("the run applies", func() bool { return marks() >= 5 && s.held() })
			p.kills()
			s.until("the server has noticed", func() bool { return !s.held() })
			done := marks()
			s.slowly(0)

			s.relink(exit.Rejected, "resume", "--quiet", "2")
			if diff := cmp.Diff(planned, s.written(2)); diff != "" {
				t.Errorf("files (-dry run +killed and resumed):\n%s", diff)
			}
			if all := marks(); done >= all {
				t.Errorf("the killed run had done %d of %d", done, all)
			}
			after := current()
			if after == before {
				t.Error("no link has changed")
			}
			s.relink(exit.Rejected, "resume", "--quiet", "2") // writes the files again
			if diff := cmp.Diff(planned, s.written(2)); diff != "" {
				t.Errorf("files (-dry run +written again):\n%s", diff)
			}
			s.relink(exit.OK, "revert", "--quiet", "2")
			if diff := cmp.Diff(before, current()); diff != "" {
				t.Errorf("links (-before +after the revert):\n%s", diff)
			}
		})
	}
}

// written returns the files of a run that must be the same for its plan and for
// the run itself.
func (s *site) written(run int) map[string]string {
	s.t.Helper()
	files := map[string]string{}
	for _, name := range []string{"report.csv", "rejects.csv", "links.csv", "map.csv", "unmapped.csv"} {
		if found, err := filepath.Glob(filepath.Join(s.folder(run), name)); err == nil && len(found) == 1 {
			files[name] = s.read(found[0])
		}
	}
	return files
}

// A run that dies before it has its rows has done nothing, and leaves nothing that
// would not be cleaned up.
func TestVerbsKilledBeforeTheirRows(t *testing.T) {
	t.Parallel()
	for verb, command := range verbCommands {
		if verb == "unlink" { // its rows are in a file
			continue
		}
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			s := verbSite(t)
			before := ask[int](s, "SELECT count(*) FROM recording_links")
			s.holdAt("CREATE TABLE AS")
			p := s.start(command...)
			s.until("the run is held", s.held)
			p.kills()
			s.relink(exit.Error, "resume", "1").says("run 1 was interrupted before its input was read to the end", "relink runs abandon 1 ends it")
			s.released()
			s.relink(exit.OK, "runs", "abandon", "1")
			s.relink(exit.OK, "runs", "clean")
			if left := ask[int](s, "SELECT count(*) FROM pg_class WHERE relnamespace = 'relink'::regnamespace AND relname LIKE 'run\\_1\\_%'"); left > 0 {
				t.Errorf("%d working tables are left", left)
			}
			if n := ask[int](s, "SELECT count(*) FROM recording_links"); n != before {
				t.Errorf("%d links, want %d", n, before)
			}
			s.relink(exit.Rejected, append(command, "--quiet")...)
			if names := fmt.Sprint(s.names(2)); ask[int](s, "SELECT count(*) FROM relink.marks WHERE run = 2") == 0 {
				t.Errorf("the second run did nothing: %s", names)
			}
		})
	}
}
