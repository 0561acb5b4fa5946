package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/linker/httpapi"
	"relink/linker/postgres/pgtest"
)

// offDatabase are the commands that never open a session on a platform's database.
var offDatabase = []string{
	"validate", "explain", "version", "help", "completion", "man", "db start", "db stop", "db status",
	"serve token", "serve token add", "serve token list", "serve token revoke",
	"db psql", // it is psql that connects
}

// Whoever may create in a schema of the search path must not have anything of
// hers called, whichever command runs: every command that opens the database
// goes through one that is full of traps.
func TestNoCommandCallsAStrangersFunction(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.file("map.csv", "recordingId,dataType,externalId,integrationConnectionId\nr-1,ACCOUNT,x-2,c-1\nr-2,ACCOUNT,X-3,c-1\nR-3,LEAD,x-3,c-1\n")
	interrupted := s.kill9()
	s.exec("DROP TRIGGER linger ON recording_links")
	pgtest.SetTraps(t, s.url)

	gone := map[string]bool{}
	step := func(status int, args ...string) {
		t.Helper()
		for n := range len(args) {
			gone[strings.Join(args[:n+1], " ")] = true
		}
		p := s.relink(status, args...)
		if said := p.stdout.String() + p.stderr.String(); strings.Contains(said, "trap:") {
			t.Errorf("%s says\n%s", p.args, said)
		}
	}
	run := fmt.Sprint(interrupted)
	step(exit.OK, "runs")
	step(exit.OK, "runs", "show", run)
	step(exit.Rejected, "resume", run)
	step(exit.Rejected, "report", run)
	step(exit.Rejected, "import", "--dry-run", "--organization", "o-1", "--follow-merges", "map.csv")
	step(exit.Rejected, "import", "--max-changes", "99%", "--max-new-rejects", "99%", "map.csv")
	last := fmt.Sprint(ask[int](s, "SELECT max(id) FROM relink.runs"))
	step(exit.Rejected, "retry", last)
	step(exit.OK, "runs", "--json")
	step(exit.OK, "export", "--out", "all.csv")
	step(exit.OK, "export", "--dead", "--organization", "o-1")
	step(exit.OK, "export", "--unlinked")
	step(exit.OK, "export", "--at-run", last)
	step(exit.OK, "survey", "--organization", "o-1")
	step(exit.OK, "history", "r-1")
	step(exit.OK, "revert", "--dry-run", last)
	step(exit.OK, "revert", last)
	step(exit.Drift, "reconcile", "--dry-run", "--connection", "c-1", "--max-changes", "100%", "all.csv")
	step(exit.OK, "reconcile", "--connection", "c-1", "--prune", "--max-changes", "100%", "all.csv")
	step(exit.OK, "reconcile", "--connection", "c-1", "--prune", "--if-changed", "all.csv")
	dry := fmt.Sprint(ask[int](s, "SELECT max(id) FROM relink.runs WHERE dry_run"))
	step(exit.OK, "approve", dry, "--reason", "seen")
	step(exit.OK, "db", "require-approval")
	step(exit.OK, "db", "label", "staging")
	step(exit.OK, "db", "check")
	step(exit.OK, "db", "migrate")
	step(exit.OK, "changes", last)
	s.file("old-new.csv", "dataType,externalId,newDataType,newExternalId\nACCOUNT,x-1,ACCOUNT,x-2\nACCOUNT,X-3,ACCOUNT,x-4\n")
	step(exit.Rejected, "remap", "--from", "c-1", "--to", "c-1", "--dry-run", "old-new.csv")
	step(exit.Rejected, "unlink", "map.csv")
	step(exit.OK, "follow", "--connection", "c-1")
	step(exit.OK, "runs", "adopt")
	step(exit.Error, "runs", "abandon", last)
	step(exit.OK, "runs", "clean", "--older-than", "1d")

	serving(t, s)
	gone["serve"] = true

	// The first migration and the demo, in a database that has neither.
	s.url = pgtest.Database(t)
	s.conn = nil
	s.exec("DROP TABLE recording_links, crm_entities, integration_connections, recordings; DROP SCHEMA relink CASCADE")
	pgtest.SetTraps(t, s.url)
	step(exit.OK, "db", "migrate", "--platform")
	step(exit.OK, "demo", "--database", s.url)
	step(exit.OK, "db", "adapt", "--out", "adapted.sql", "--apply")

	root := (&commands{app.New(nil, strings.NewReader(""), io.Discard, io.Discard)}).root()
	for _, command := range leaves(root) {
		if !gone[command] && !slices.Contains(offDatabase, command) {
			t.Errorf("relink %s goes through no traps here, and is not in offDatabase", command)
		}
	}
}

// leaves are the commands that do something, without the program's name.
func leaves(c *cobra.Command) (names []string) {
	for _, sub := range c.Commands() {
		if sub.Runnable() {
			_, name, _ := strings.Cut(sub.CommandPath(), " ")
			names = append(names, name)
		}
		names = append(names, leaves(sub)...)
	}
	return names
}

// serving goes through the HTTP operations on a site's database.
func serving(t *testing.T, s *site) {
	t.Helper()
	tokens := filepath.Join(s.dir, "tokens")
	token := newToken(t, tokens, "o-1")
	server := startServe(t, "--tokens-file", tokens, "--database", s.url, "--ops-listen", "127.0.0.1:0")
	for _, call := range []struct {
		method, path, body string
		want               int
	}{
		{http.MethodPut, "/v1/core/recordings/r-2/link", `{"dataType":"ACCOUNT","id":"e-4"}`, http.StatusOK},
		{http.MethodPut, "/v1/core/recordings/r-2/link", `{"dataType":"ACCOUNT","externalId":"x-5","integrationConnectionId":"c-1"}`, http.StatusOK},
		{http.MethodPut, "/v1/core/recordings/r-2/link", `{"dataType":"ACCOUNT","id":"E-4"}`, http.StatusNotFound},
		{http.MethodPut, "/v1/core/recordings/R-2/link", `{"dataType":"ACCOUNT","id":"e-4"}`, http.StatusNotFound},
		{http.MethodDelete, "/v1/core/recordings/r-2/link", `{"dataType":"ACCOUNT","id":"e-5"}`, http.StatusOK},
	} {
		request, err := http.NewRequestWithContext(context.Background(), call.method, server.url+call.path, strings.NewReader(call.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set(httpapi.TokenHeader, token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != call.want {
			t.Errorf("%s %s %s: %d %s, want %d", call.method, call.path, call.body, response.StatusCode, body, call.want)
		}
	}
	server.waitFor("operators find")
	_, operators, _ := strings.Cut(server.said(), "/metrics at ")
	operators, _, _ = strings.Cut(operators, "\n")
	for _, path := range []string{"/readyz", "/metrics"} {
		response, err := http.Get(operators + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("GET %s: %d", path, response.StatusCode)
		}
	}
	if said := server.said(); strings.Contains(said, "trap:") {
		t.Errorf("relink serve says\n%s", said)
	}
}
