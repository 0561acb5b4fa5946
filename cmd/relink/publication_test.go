package main

import (
	"strings"
	"testing"

	"relink/cmd/relink/exit"
)

// Tables that a publication takes in stop replication at subscribers that lack
// them: db migrate refuses, and prints what makes the subscribers ready.
func TestMigrateLeavesReplicationAlone(t *testing.T) {
	t.Parallel()
	for name, publication := range map[string]string{
		"of all tables": "CREATE PUBLICATION platform FOR ALL TABLES",
		"of our schema": "CREATE SCHEMA relink; CREATE PUBLICATION platform FOR TABLES IN SCHEMA relink",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			if strings.Contains(publication, "IN SCHEMA") && w.ask("SELECT (current_setting('server_version_num')::int < 150000)::text") == "true" {
				return // no publication can name a schema there
			}
			w.exec("DROP SCHEMA relink CASCADE; " + publication)
			got := w.must(exit.Error, "db", "migrate")
			if !strings.Contains(got.stderr, "publication platform would take relink's tables in") || !strings.Contains(got.stderr, "--allow-publication") {
				t.Errorf("it says\n%s", got.stderr)
			}
			if made := w.ask("SELECT (to_regclass('relink.runs') IS NULL AND to_regclass('relink.migrations') IS NULL)::text"); made != "true" {
				t.Error("tables were made")
			}

			// What is printed makes the tables that the migration makes.
			w.exec("DROP PUBLICATION platform")
			subscriber := newTown(t)
			subscriber.exec("DROP SCHEMA relink CASCADE")
			subscriber.exec(got.stdout)
			w.exec("DROP SCHEMA IF EXISTS relink CASCADE; " + publication)
			w.must(exit.OK, "db", "migrate", "--allow-publication")
			w.must(exit.OK, "db", "migrate") // there is nothing to do
			const columns = `
				SELECT string_agg(format('%s.%s %s', table_name, column_name, data_type), E'\n' ORDER BY table_name, column_name)
				FROM information_schema.columns WHERE table_schema = 'relink' AND table_name IN ('runs', 'migrations')`
			if have, want := subscriber.ask(columns), w.ask(columns); have != want {
				t.Errorf("a subscriber has\n%s\nwant\n%s", have, want)
			}

			// An upgrade that adds columns is reported, too.
			w.exec("DELETE FROM relink.migrations WHERE version_id >= 14") // 0014 alters relink.runs
			if got := w.must(exit.Error, "db", "migrate"); !strings.Contains(got.stdout, "ALTER TABLE relink.runs") || strings.Contains(got.stdout, "CREATE SCHEMA") {
				t.Errorf("it prints\n%s\nwant what the last migration changes", got.stdout)
			}
		})
	}
}
