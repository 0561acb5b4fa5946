package postgres_test

import (
	"testing"

	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// What db check finds of each platform stops no run.
func TestPlatformsAreReady(t *testing.T) {
	t.Parallel()
	for _, p := range pgtest.Platforms() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			url := p.Database(t)
			conn := connect(t, pg.Config{URL: url, Schema: p.Schema})
			var want []string
			if p.Name == "partitions" {
				want = []string{
					"recording_links: (id) has no unique key",
					"recording_links: the table has no unique index on the recording among current links",
				}
			}
			for _, f := range wantFindings(t, conn, p.Schema, want...) {
				if f.Stops {
					t.Errorf("%s stops a run", f)
				}
			}
		})
	}
}
