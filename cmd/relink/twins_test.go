package main

import (
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
	for _, recording := range []string{"r-10", "r-11", "s-1", "S-1", "s-X", "r-gone", "f-1", "y-1", "x-1"} {
		for _, target := range []string{"e-1,,", "f-1,,", "F-1,,", "f-X,,", ",x-1,c-9", ",x-1,C-9", ",x-1,c-X", ",x-1,c-2", ",x-1,", "x-1,,", "e-1,,c-9", "f-1,,c-9", "e-to-other,,"} {
			lines.WriteString(recording + ",ACCOUNT," + target + "\n")
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "links.csv")
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	// Of each other organization nothing is left on the second platform. A row
	// that was merged into one of it was merged into nothing there.
	const withoutOthers = `
		DELETE FROM recording_links WHERE entity_id IN (SELECT e.id FROM crm_entities AS e JOIN integration_connections AS c ON c.id = e.integration_connection_id WHERE c.organization_id <> 'o-1');
		DELETE FROM crm_entities WHERE integration_connection_id IN (SELECT id FROM integration_connections WHERE organization_id <> 'o-1');
		DELETE FROM integration_connections WHERE organization_id <> 'o-1';
		DELETE FROM recordings WHERE organization_id <> 'o-1'`
	differs := regexp.MustCompile(`in [0-9.]+ ?m?s|\d{8}T\d{6}Z|took.*|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC|after [0-9.]+m?s|postgres://\S+`)
	reports := 0
	var outputs [2]map[string]string
	for i, sql := range []string{string(world), string(world) + ";" + withoutOthers} {
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
		for _, command := range []string{
			"import --dry-run --organization o-1", "import --dry-run --organization o-1 --follow-merges", "import --organization o-1 --on-conflict last",
			"reconcile --dry-run --organization o-1", "reconcile --dry-run --organization o-1 --on-conflict last --follow-merges --max-changes 100%",
			"reconcile --dry-run --organization o-1 --connection c-9", "import --dry-run --organization o-1 --max-changes 1",
		} {
			out := filepath.Join(dir, "out")
			if err := os.RemoveAll(out); err != nil {
				t.Fatal(err)
			}
			got := call(t, nil, "", append(strings.Fields(command), "--database", database, "--out", out, file)...)
			all := got.stdout + got.stderr
			for _, name := range []string{"report.csv", "rejects.csv", "rejects.reasons.csv"} {
				if text, err := os.ReadFile(filepath.Join(out, "latest", name)); err == nil {
					reports++
					all += name + ":\n" + string(text)
				}
			}
			outputs[i][command] = differs.ReplaceAllString(all, "…")
		}
	}
	if reports < 30 {
		t.Errorf("only %d files were compared", reports)
	}
	if diff := cmp.Diff(outputs[1], outputs[0]); diff != "" {
		t.Errorf("with the other organization (+) and without (-):\n%s", diff)
	}
}
