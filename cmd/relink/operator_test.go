package main

import (
	"encoding/json"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
	"relink/linker"
)

// Who started a run, and why, is shown wherever the run is shown, and stays
// when someone else resumes it.
func TestOperatorAndReason(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	want := linker.Operator{Role: ask[string](s, "SELECT session_user"), User: me.Username, Host: host}
	const reason = "CRM-17: move to Salesforce"

	p := s.relink(exit.Rejected, "import", "--dry-run", "--reason", reason, "links.csv")
	if got := p.stdout.String(); !strings.Contains(strings.Join(strings.Fields(got), " "), "by "+want.String()+": "+reason) {
		t.Errorf("the summary is\n%swant the operator and the reason", got)
	}
	if got := p.stdout.String(); !strings.Contains(got, "--reason '"+reason+"'") {
		t.Errorf("the summary is\n%swant the reason in the next command", got)
	}
	run := s.kill9("--reason", "  "+reason+"\n") // run 2
	s.exec("UPDATE relink.runs SET operator_user = 'alice', operator_host = 'there' WHERE id = $1", run)
	s.relink(exit.Rejected, "resume", "2")
	s.relink(exit.OK, "revert", "2", "--reason", "that was <wrong> \x1b[31m")

	for id, want := range map[int]struct {
		linker.Operator
		reason string
	}{
		1: {want, reason},
		2: {linker.Operator{Role: want.Role, User: "alice", Host: "there"}, reason},
		3: {want, "that was <wrong> \ufffd[31m"},
	} {
		var v struct {
			Operator linker.Operator
			Reason   string
		}
		if err := json.Unmarshal([]byte(s.read(filepath.Join(s.folder(id), "summary.json"))), &v); err != nil {
			t.Fatal(err)
		}
		if v.Operator != want.Operator || v.Reason != want.reason {
			t.Errorf("summary.json of run %d has %+v, want %+v", id, v, want)
		}
		page := s.read(filepath.Join(s.folder(id), "report.html"))
		for _, text := range []string{want.User + " on " + want.Host, strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(want.reason)} {
			if !strings.Contains(page, text) {
				t.Errorf("the page of run %d lacks %q", id, text)
			}
		}
	}
	p = s.relink(exit.OK, "runs")
	for _, text := range []string{"BY", "alice", me.Username, "reason: " + reason, "reason: that was <wrong> \ufffd[31m"} {
		if !strings.Contains(p.stdout.String(), text) {
			t.Errorf("the list of runs is\n%swant %q in it", p.stdout.String(), text)
		}
	}
	p = s.relink(exit.OK, "runs", "show", "2")
	for _, text := range []string{"operator  alice on there as role " + want.Role + "\n", "reason    " + reason + "\n"} {
		if !strings.Contains(p.stdout.String(), text) {
			t.Errorf("the run is\n%swant %q in it", p.stdout.String(), text)
		}
	}
	var listed []struct {
		ID       int
		Operator linker.Operator
		Reason   string
	}
	if err := json.Unmarshal([]byte(s.relink(exit.OK, "runs", "--json").stdout.String()), &listed); err != nil {
		t.Fatal(err)
	}
	if len(listed) != 3 || listed[1].Operator.User != "alice" || listed[1].Reason != reason {
		t.Errorf("runs --json lists %+v, want run 2 by alice with its reason", listed)
	}
}

// A reason is one that can be kept, wherever it comes from.
func TestReasonThatCannotBeKept(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", linker.MaxReason+1)
	for _, c := range []struct {
		env, args []string
		want      string
	}{
		{args: []string{"--reason", ""}, want: "it is empty"},
		{args: []string{"--reason", " \n"}, want: "it is empty"},
		{args: []string{"--reason", "\xff"}, want: "it is not UTF-8"},
		{args: []string{"--reason", long}, want: "it has 501 characters, and at most 500 are kept"},
		{env: []string{"RELINK_REASON=" + long}, want: "it has 501 characters, and at most 500 are kept"},
	} {
		for _, command := range []string{"import links.csv", "reconcile links.csv", "revert 1"} {
			got := call(t, c.env, "", append(strings.Fields(command), c.args...)...)
			if got.status != exit.Error || !strings.Contains(got.stderr, c.want) || !strings.Contains(strings.ToLower(got.stderr), "reason") {
				t.Errorf("relink %s with %.30q %.30q exits %d and says %q, want 1 and %q", command, c.args, c.env, got.status, got.stderr, c.want)
			}
		}
	}
}
