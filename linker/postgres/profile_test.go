package postgres_test

import (
	"strings"
	"testing"

	"relink/linker/postgres"
	"relink/linker/postgres/pg"
)

// A platform is found by its schema, by its name, and without either where it is the
// only one.
func TestPlatformIsFoundByName(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t)
	w.exec(otherNames)
	w.exec(`INSERT INTO relink.platforms (name, schema) VALUES ('Calls', 'shown')`)
	for _, schema := range []string{"shown", "Calls"} {
		if got := placeOf(t, w.url, schema); got != "shown" {
			t.Errorf("--schema %q finds schema %q, want shown", schema, got)
		}
	}
	if got := placeOf(t, w.url, ""); got != "public" {
		t.Errorf("without --schema: %q, want the one of the search path", got)
	}
	w.exec("DROP TABLE recording_links")
	if got := placeOf(t, w.url, ""); got != "shown" {
		t.Errorf("without --schema and without other tables: %q, want the only platform", got)
	}
}

func placeOf(t *testing.T, url, schema string) string {
	t.Helper()
	d, err := postgres.NewStore(pg.Config{URL: url, Schema: schema}).Where(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d.Schema
}

func TestProfileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t)
	w.exec(`INSERT INTO relink.platforms VALUES ('one', 'public', '{"curent": "row"}')`)
	_, err := w.store.Where(t.Context())
	if err == nil || !strings.Contains(err.Error(), `the row of schema "public": profile: there is no key "curent"`) {
		t.Errorf("Where: %v, want an error that names the key", err)
	}
}
