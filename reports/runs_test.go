package reports_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"relink/linker"
	"relink/reports"
)

var someRuns = []linker.Run{
	{
		ID: 19, Kind: linker.Import, State: linker.StateApplying, Alive: true,
		Source:    linker.SourceIdentity{Name: "/data/nightly links.csv", Bytes: 1 << 30, SHA256: "cd"},
		StartedAt: time.Date(2026, 1, 3, 3, 0, 0, 0, time.UTC),
	},
	{
		ID: 18, Kind: linker.Reconcile, State: linker.StateInterrupted, DryRun: true,
		Source:    linker.SourceIdentity{Name: "links.csv"},
		StartedAt: time.Date(2026, 1, 2, 23, 0, 0, 0, time.UTC),
	},
	{
		ID: 17, Kind: linker.Import, State: linker.StateDone,
		Operator:  linker.Operator{Role: "relink", User: "alice", Host: "batch-1"},
		Reason:    "CRM-17: the accounts of Europe move to the new Salesforce",
		Source:    linker.SourceIdentity{Name: "links.csv", Bytes: 1234, SHA256: "ab"},
		StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), FinishedAt: time.Date(2026, 1, 2, 5, 9, 5, 0, time.UTC),
		Outcomes: linker.Counts{linker.Created: 998_000, linker.Unchanged: 1_990, linker.Rejected: 10},
	},
	{
		ID: 9, Kind: linker.Revert, State: linker.StateDone, OfRun: 8, Operator: linker.Operator{Role: "relink", User: "a-user-with-a-very-long-name"},
		StartedAt: time.Date(2026, 1, 1, 3, 4, 5, 0, time.UTC), FinishedAt: time.Date(2026, 1, 1, 3, 4, 6, 5e8, time.UTC),
		Outcomes: linker.Counts{linker.Reverted: 3},
	},
}

func TestRunsText(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{80, 160} {
		var b bytes.Buffer
		if err := reports.RunsText(&b, someRuns, reports.TextOptions{Width: columns}); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("runs_%d.txt", columns), b.Bytes())
	}
	var b bytes.Buffer
	if err := reports.RunsText(&b, nil, reports.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "no runs yet\n"; got != want {
		t.Errorf("table of no runs = %q, want %q", got, want)
	}
}

func TestRunsJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := reports.WriteRunsJSON(&b, someRuns); err != nil {
		t.Fatal(err)
	}
	golden(t, "runs.json", b.Bytes())
	b.Reset()
	if err := reports.WriteRunsJSON(&b, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "[]\n"; got != want {
		t.Errorf("no runs as JSON = %q, want %q", got, want)
	}
}

func TestRunJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for _, r := range []linker.Run{
		{
			ID: 9, Kind: linker.Revert, State: linker.StateDone, OfRun: 8,
			StartedAt: time.Date(2026, 1, 1, 3, 4, 5, 0, time.UTC), FinishedAt: time.Date(2026, 1, 1, 3, 4, 6, 5e8, time.UTC),
			Outcomes: linker.Counts{linker.Reverted: 3}, Host: "batch-1", PID: 4711, Version: "v1.2.3",
			OutDir: "/data/relink-runs/20260101T030405Z-9", Options: []byte(`{"layout":1}`),
		},
		{ID: 8, Kind: linker.Import, State: linker.StateInterrupted, StartedAt: time.Date(2026, 1, 1, 3, 0, 0, 0, time.UTC), Options: []byte("{}")},
	} {
		if err := reports.WriteRunJSON(&b, r, nil); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "run.json", b.Bytes())
}
