package main

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
)

// TestGoldenHelp holds the help of every command.
func TestGoldenHelp(t *testing.T) {
	t.Parallel()
	a := &commands{app.New(nil, strings.NewReader(""), io.Discard, io.Discard)}
	visit(a.root(), func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			t.Parallel()
			got := call(t, nil, "", append(path[1:], "--help")...)
			if got.status != 0 || got.stderr != "" {
				t.Fatalf("help exits %d and says %q, want 0 and nothing", got.status, got.stderr)
			}
			golden(t, "help_"+strings.Join(path, "_")+".txt", got.stdout)
		})
	})
}

// visit calls f for cmd and all commands below it that help shows.
func visit(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" && sub.Name() != "completion" {
			visit(sub, f)
		}
	}
}

// TestEveryCommandListsItsExitStatuses keeps the promise that scripts rely on.
func TestEveryCommandListsItsExitStatuses(t *testing.T) {
	t.Parallel()
	a := &commands{app.New(nil, strings.NewReader(""), io.Discard, io.Discard)}
	visit(a.root(), func(cmd *cobra.Command) {
		if cmd.Name() == "relink" || cmd.Name() == "db" || cmd.Name() == "token" {
			return // they do nothing themselves
		}
		if !strings.HasPrefix(cmd.Annotations["exits"], "  0 ") {
			t.Errorf("%s lists no exit statuses in its help", cmd.CommandPath())
		}
	})
}

// TestGoldenErrors checks the errors of invalid command lines. Each exits 1 and
// leaves stdout empty.
func TestGoldenErrors(t *testing.T) {
	t.Parallel()
	// None of these gets as far as to start the local database.
	local := []string{"RELINK_DATABASE=local"}
	var transcript strings.Builder
	for _, c := range []struct {
		env  []string
		args string
	}{
		{args: ""},
		{args: "versoin"},
		{args: "frobnicate"},
		{args: "version extra"},
		{args: "--quit version"},
		{args: "validate"},
		{args: "validate a.csv b.csv"},
		{args: "validate --max-reject 5 links.csv"},
		{args: "validate --max-rejects five links.csv"},
		{args: "validate --max-rejects 101% links.csv"},
		{args: "validate --max-rejects"},
		{args: "validate --min-rows -3 links.csv"},
		{args: "validate --format xml links.csv"},
		{args: "validate --delimiter x links.csv"},
		{args: "validate --set dataTyp=LEAD links.csv"},
		{args: "validate --set dataType=LEED links.csv"},
		{args: "validate --set dataType links.csv"},
		{args: "validate --set dataType=LEAD --set data_type=ACCOUNT links.csv"},
		{args: "validate --map externalId links.csv"},
		{args: "validate --map Sfdc=external links.csv"},
		{args: "validate --map A=externalId --map A=id links.csv"},
		{args: "validate --json=maybe links.csv"},
		{args: "--log-format xml version"},
		{args: "--log-format json versoin"},
		{args: "validate links.csv", env: []string{"RELINK_MAX_REJECTS=five"}},
		{args: "validate links.csv", env: []string{"RELINK_FORMAT=xml"}},
		{args: "validate links.csv", env: []string{"RELINK_LOG_FORMAT=json", "RELINK_FORMAT=xml"}},
		{args: "explain entity_mergd"},
		{args: "explain nonsense"},
		{args: "import links.csv"},
		{args: "import --dry-rum links.csv"},
		{args: "import --on-conflict first links.csv", env: local},
		{args: "import --keep-trigger USER_LINK_WEB,USER_LINK_MOBIL links.csv", env: local},
		{args: "import --lanes 0 links.csv", env: local},
		{args: "import --lock-timeout soon links.csv", env: local},
		{args: "import --force all links.csv", env: local},
		{args: "import links.csv", env: []string{"RELINK_DATABASE=postgres:///x", "RELINK_DATABASE_FILE=/run/secrets/x"}},
		{args: "import links.csv", env: []string{"RELINK_DATABASE_FILE=/does/not/exist"}},
		{args: "reconcile --prune links.csv", env: local},
		{args: "reconcile --prune --data-type LEAD links.csv", env: local},
		{args: "reconcile --prune --connection sf -", env: local},
		{args: "reconcile --data-type DEAL links.csv", env: local},
		{args: "resume last", env: local},
		{args: "runs list", env: local},
		{args: "runs show", env: local},
		{args: "runs show 0", env: local},
		{args: "runs"},
		{args: "runs abandon x", env: local},
		{args: "revert", env: local},
		{args: "revert -- -1", env: local},
		{args: "report all", env: local},
		{args: "db"},
		{args: "db migrat"},
		{args: "db migrate"},
		{args: "db psql"},
	} {
		got := call(t, c.env, "", strings.Fields(c.args)...)
		if got.status != exit.Error || got.stdout != "" {
			t.Errorf("relink %s: exits %d with stdout %q, want 1 and nothing", c.args, got.status, got.stdout)
		}
		for _, v := range c.env {
			fmt.Fprintf(&transcript, "%s ", v)
		}
		fmt.Fprintf(&transcript, "relink %s\n%s\n", c.args, withoutTime(got.stderr))
	}
	golden(t, "errors.txt", transcript.String())
}

// withoutTime takes the time out of lines of JSON.
func withoutTime(s string) string {
	if rest, ok := strings.CutPrefix(s, `{"time":"`); ok {
		_, rest, _ = strings.Cut(rest, `"`)
		return `{"time":"…"` + rest
	}
	return s
}
