package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// A file for one organization comes to the same, byte for byte, on a platform
// that has another organization's rows and on one that has not.
func TestTwinPlatformsCannotBeTold(t *testing.T) {
	t.Parallel()
	world, err := os.ReadFile(filepath.Join(root, "linker/postgres/testdata/world.sql"))
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	lines.WriteString("recordingId,dataType,id,externalId,integrationConnectionId\n")
	for _, recording := range []string{"r-10", "r-11", "r-5", "r-6", "s-1", "S-1", "s-X", "r-gone", "f-1", "y-1", "x-1"} {
		for _, target := range []string{"e-1,,", "f-1,,", "F-1,,", "f-X,,", ",x-1,c-9", ",x-1,C-9", ",x-1,c-X", ",x-1,c-2", ",x-1,", "x-1,,", "e-1,,c-9", "f-1,,c-9", "e-to-other,,"} {
			lines.WriteString(recording + ",ACCOUNT," + target + "\n")
		}
	}
	dir := t.TempDir()
	files := map[string]string{
		"FILE":      lines.String(),
		"OWN":       "recordingId,dataType,id\nr-1,ACCOUNT,e-1\nr-2,ACCOUNT,e-3\nr-4,ACCOUNT,e-3\nr-5,ACCOUNT,e-3\nr-6,ACCOUNT,e-4\n",
		"EXPECTING": "recordingId,dataType,id,expectedEntityId\nr-5,ACCOUNT,e-3,f-1\nr-6,ACCOUNT,e-3,-\nr-7,ACCOUNT,e-3,e-1\n",
	}
	files["MAP"] = "dataType,externalId,integrationConnectionId,newDataType,newExternalId,newIntegrationConnectionId\n" +
		"ACCOUNT,x-1,c-9,ACCOUNT,x-2,c-1\nACCOUNT,x-2,c-1,ACCOUNT,x-1,c-9\nACCOUNT,x-two,c-2,ACCOUNT,x-3,c-1\n"
	for name, text := range files {
		files[name] = filepath.Join(dir, name+".csv")
		if err := os.WriteFile(files[name], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Links across organizations, which should not be there: from own recordings to
	// the other's CRM row, and the other way round.
	const across = `
		INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at) VALUES
		    ('r-5', 'ACCOUNT', 'f-1', 'USER_LINK_WEB', now()), ('r-6', 'ACCOUNT', 'f-1', NULL, now()), ('r-7', 'ACCOUNT', 'f-1', NULL, now()),
		    ('s-1', 'ACCOUNT', 'e-3', NULL, now()), ('s-2', 'ACCOUNT', 'e-two', NULL, now())`
	// Of each other organization nothing is left on the second platform. A row
	// that was merged into one of it was merged into nothing there.
	const withoutOthers = `
		DELETE FROM recording_links WHERE recording_id IN (SELECT id FROM recordings WHERE organization_id <> 'o-1')
		    OR entity_id IN (SELECT e.id FROM crm_entities AS e JOIN integration_connections AS c ON c.id = e.integration_connection_id WHERE c.organization_id <> 'o-1');
		DELETE FROM crm_entities WHERE integration_connection_id IN (SELECT id FROM integration_connections WHERE organization_id <> 'o-1');
		DELETE FROM integration_connections WHERE organization_id <> 'o-1';
		DELETE FROM recordings WHERE organization_id <> 'o-1'`
	differs := regexp.MustCompile(`in [0-9.]+ ?m?s|\d{8}T\d{6}Z|took.*|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[0-9:.]+Z|testtwinplatforms\w+|after [0-9.]+m?s|postgres://\S+`)
	reports := 0
	var outputs [2]map[string]string
	for i, sql := range []string{string(world) + ";" + across, string(world) + ";" + across + ";" + withoutOthers} {
		database := pgtest.Database(t)
		conn, err := pgtest.Open(t.Context(), pg.Config{URL: database})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		conn.Close(t.Context())
		outputs[i] = map[string]string{}
		for n, command := range []string{
			"survey --organization o-1", "export --organization o-1", "export --organization o-1 --unlinked", "export --organization o-1 --dead",
			"history --organization o-1 r-5", "history --organization o-1 s-1", "history --organization o-1 r-1",
			"import --dry-run --organization o-1 FILE", "import --dry-run --organization o-1 --follow-merges FILE",
			"import --dry-run --organization o-1 --on-conflict last --existing keep FILE",
			"import --dry-run --organization o-1 --on-conflict last --keep-trigger USER_LINK_WEB FILE",
			"reconcile --dry-run --organization o-1 FILE", "reconcile --dry-run --organization o-1 --on-conflict last --follow-merges --max-changes 100% FILE",
			"reconcile --dry-run --organization o-1 --connection c-9 FILE", "import --dry-run --organization o-1 --max-changes 1 FILE",
			"import --dry-run --organization o-1 --max-changes 0 OWN", "import --dry-run --organization o-1 --max-changes 24% OWN",
			"reconcile --dry-run --organization o-1 --prune --max-changes 0 OWN", "reconcile --dry-run --organization o-1 --prune --max-changes 74% OWN",
			"reconcile --dry-run --organization o-1 --connection c-1 --prune --max-changes 0 OWN",
			"reconcile --dry-run --organization o-1 --connection c-1 --prune --take-over --max-changes 0 OWN",
			"reconcile --dry-run --organization o-1 --connection c-1 --max-changes 100% EXPECTING",
			"import --organization o-1 EXPECTING", "import --organization o-1 --on-conflict last FILE",
			"remap --dry-run --organization o-1 MAP",
			"runs show LAST", "changes LAST", "changes --format jsonl LAST", "revert --dry-run LAST", "revert --dry-run --max-changes 0 LAST", "revert LAST",
			"export --organization o-1", "survey --organization o-1",
			"reconcile --organization o-1 --connection c-1 --prune --max-changes 100% OWN",
			"revert --dry-run LAST", "revert LAST", "history --organization o-1 r-6",
		} {
			out := filepath.Join(dir, "out")
			if err := os.RemoveAll(out); err != nil {
				t.Fatal(err)
			}
			args := strings.Fields(command)
			for at, arg := range args {
				if path, ok := files[arg]; ok {
					args[at] = path
				} else if arg == "LAST" {
					args[at] = last(t, database)
				}
			}
			args = append(args, "--database", database)
			if out := []string{"--out", out}; strings.Contains("import reconcile revert remap", args[0]) {
				args = append(args, out...)
			}
			got := call(t, nil, "", args...)
			all := got.stdout + got.stderr
			for _, name := range []string{"report.csv", "rejects.csv", "rejects.reasons.csv"} {
				if text, err := os.ReadFile(filepath.Join(out, "latest", name)); err == nil {
					reports++
					all += name + ":\n" + string(text)
				}
			}
			// Where lines are wrapped depends on how long a run took.
			outputs[i][fmt.Sprint(n, " ", command)] = strings.Join(strings.Fields(differs.ReplaceAllString(all, "…")), " ")
		}
	}
	if reports < 30 {
		t.Errorf("only %d files were compared", reports)
	}
	if diff := cmp.Diff(outputs[1], outputs[0]); diff != "" {
		t.Errorf("with the other organization (+) and without (-):\n%s", diff)
	}
}

// last is the newest run.
func last(t *testing.T, database string) (run string) {
	t.Helper()
	conn := pgtest.Connect(t, pg.Config{URL: database})
	if err := conn.QueryRow(t.Context(), "SELECT max(id)::text FROM relink.runs WHERE NOT dry_run").Scan(&run); err != nil {
		t.Fatal(err)
	}
	return run
}
