package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
)

// The platform's schema is found by every way in which operators name it, and
// what names two is refused before anything is written.
func TestEveryWayToNameTheSchema(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.tenant("tenant1")
	s.exec("CREATE SCHEMA empty")
	role := "tenant_of_" + ask[string](s, "SELECT replace(current_database(), '-', '_')")
	role = role[:min(len(role), 60)]
	s.exec(fmt.Sprintf("CREATE ROLE %s SUPERUSER LOGIN; ALTER ROLE %s SET search_path = tenant1", role, role))
	with := func(parameter, value string) string {
		return s.url + "&" + parameter + "=" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
	}
	// links tells how many links the run made in either schema.
	links := func(schema string) int {
		return ask[int](s, fmt.Sprintf("SELECT count(*) FROM %s.recording_links WHERE cleared_at IS NULL", schema))
	}
	public := links("public")
	for name, way := range map[string]struct {
		url  string
		env  []string
		args []string
	}{
		"search_path of the URL":         {url: with("search_path", "tenant1")},
		"search_path with others behind": {url: with("search_path", `"tenant1", public`)},
		"an empty schema before it":      {url: with("search_path", "empty,tenant1,public")},
		"options of the URL":             {url: with("options", "-c search_path=tenant1")},
		"the long form of options":       {url: with("options", "--search-path=tenant1")},
		"PGOPTIONS":                      {env: []string{"PGOPTIONS=-c statement_timeout=0 -c search_path=tenant1"}},
		"schema of the URL":              {url: with("schema", "tenant1")},
		"the role's own":                 {url: strings.Replace(s.url, "user=relink", "user="+role, 1)},
		"--schema":                       {args: []string{"--schema", "tenant1"}},
		"both, which agree":              {url: with("search_path", "tenant1"), args: []string{"--schema", "tenant1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t = t
			s.exec("UPDATE tenant1.recording_links SET cleared_at = clock_timestamp() WHERE cleared_at IS NULL")
			if way.url != "" {
				way.env = append(way.env, "RELINK_DATABASE="+way.url)
			}
			p := s.startWith(way.env, append([]string{"import", "links.csv"}, way.args...)...)
			p.stdin.Close()
			p.exits(exit.Rejected)
			if got := links("tenant1"); got != siteRows*9/10 {
				t.Errorf("%d links in the schema, want %d", got, siteRows*9/10)
			}
			if got := links("public"); got != public {
				t.Errorf("%d links in schema public, want the %d from before", got, public)
			}
		})
	}
	// And the list of runs goes by it.
	s.relink(exit.Rejected, "import", "--dry-run", "links.csv")
	for schema, want := range map[string]int{"tenant1": 10, "public": 1} {
		var list []json.RawMessage
		if err := json.Unmarshal([]byte(s.relink(exit.OK, "runs", "--json", "--schema", schema).stdout.String()), &list); err != nil || len(list) != want {
			t.Errorf("runs --schema %s lists %d runs (%v), want %d", schema, len(list), err, want)
		}
	}
	runs := ask[int](s, "SELECT count(*) FROM relink.runs")
	for name, way := range map[string]struct {
		url  string
		env  []string
		args []string
		says string
	}{
		"the URL and --schema":     {url: with("search_path", "tenant1"), args: []string{"--schema", "public"}, says: `the schema given is "public", and the database URL (or PGOPTIONS) sets the search path tenant1`},
		"options and --schema":     {url: with("options", "-csearch_path=tenant1"), args: []string{"--schema", "public"}, says: `the schema given is "public"`},
		"PGOPTIONS and --schema":   {env: []string{"PGOPTIONS=-c search_path=tenant1"}, args: []string{"--schema", "public"}, says: `the schema given is "public"`},
		"schema and search_path":   {url: with("schema", "public") + "&search_path=tenant1", says: `names schema "public" and sets the search path tenant1`},
		"schema= and --schema":     {url: with("schema", "tenant1"), args: []string{"--schema", "public"}, says: `the schema given is "public"`},
		"one without the tables":   {url: with("search_path", "empty"), says: "is missing in schema empty"},
		"one that is not there":    {url: with("search_path", "nowhere"), says: "nowhere"},
		"--schema without a value": {args: []string{"--schema", " "}, says: "--schema"},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t = t
			if way.url != "" {
				way.env = append(way.env, "RELINK_DATABASE="+way.url)
			}
			p := s.startWith(way.env, append([]string{"import", "links.csv"}, way.args...)...)
			p.stdin.Close()
			p.exits(exit.Error)
			p.says(way.says)
		})
	}
	if got := ask[int](s, "SELECT count(*) FROM relink.runs"); got != runs {
		t.Errorf("%d runs were recorded, want none", got-runs)
	}
}
