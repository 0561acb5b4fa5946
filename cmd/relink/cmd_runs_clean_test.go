package main

import (
	"os"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
)

func TestCleanRemovesOldRuns(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 5)
	w.accounts("c-1", 1, 5)
	one, two := w.file("one.csv", "c-1", pairs(1, 2)...), w.file("two.csv", "c-1", pairs(3, 4)...)
	w.must(exit.OK, "import", "--dry-run", one) // 1
	w.must(exit.OK, "import", one)              // 2
	w.must(exit.OK, "import", two)              // 3
	w.must(exit.OK, "revert", "3")              // 4
	w.must(exit.OK, "import", two)              // 5
	w.exec("UPDATE relink.runs SET finished_at = now() - interval '40 days', started_at = now() - interval '40 days' WHERE id <= 4")
	w.exec("INSERT INTO relink.runs (kind, state, options, started_at) VALUES ('import', 'applying', '{}', now() - interval '90 days')") // 6, interrupted
	w.exec("UPDATE relink.runs SET finished_at = now() WHERE id = 4")
	left := func(want string) {
		t.Helper()
		if got := w.ask("SELECT string_agg(id::text, ' ' ORDER BY id) FROM relink.runs"); got != want {
			t.Errorf("the runs that are left are %s, want %s", got, want)
		}
	}
	folder := w.ask("SELECT out_dir FROM relink.runs WHERE id = 2")

	for _, wrong := range []string{"x", "30", "-1d", "1.5d", "d"} {
		if got := w.must(exit.Error, "runs", "clean", "--older-than", wrong); !strings.Contains(got.stderr, "want an age such as 30d") {
			t.Errorf("--older-than %s says\n%s", wrong, got.stderr)
		}
	}
	if got := w.must(exit.OK, "runs", "clean", "--older-than", "50d"); got.stdout != "there is nothing to clean\n" {
		t.Errorf("of runs younger than that it says\n%s", got.stdout)
	}
	got := w.must(exit.OK, "runs", "clean", "--older-than", "30d", "--dry-run")
	if !strings.Contains(got.stdout, "would remove run 2, import of "+one+", ended ") || !strings.Contains(got.stdout, "what it wrote (2 links) can no longer be reverted") {
		t.Errorf("it says\n%swant what is lost", got.stdout)
	}
	left("1 2 3 4 5 6")
	w.must(exit.OK, "runs", "clean", "--older-than", "720h", "--keep", "5")
	left("2 3 4 5 6") // of run 1 nothing is needed
	if _, err := os.Stat(folder); err != nil {
		t.Error(err)
	}
	got = w.must(exit.OK, "runs", "clean", "--older-than", "30d")
	left("3 4 5 6") // run 4 takes run 3 back
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the folder of run 2 is there (%v), and it says\n%s", err, got.stdout)
	}
	w.must(exit.Error, "revert", "2")
	w.exec("UPDATE relink.runs SET finished_at = now() - interval '40 days' WHERE id = 4")
	w.must(exit.OK, "runs", "clean", "--older-than", "30d")
	left("5 6")
	if got := w.ask("SELECT string_agg(DISTINCT run::text, ' ') FROM relink.marks"); got != "5" {
		t.Errorf("marks of runs %s are left, want those of run 5", got)
	}
	w.must(exit.OK, "revert", "5")
}

// The links of a revert replace those that it restored: it is kept as long as a
// run before it can be reverted.
func TestCleanLeavesWhatARevertNeeds(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 3)
	w.accounts("c-1", 1, 3)
	w.must(exit.OK, "import", w.file("one.csv", "c-1", pairs(1, 3)...))       // 1
	w.must(exit.OK, "import", w.file("two.csv", "c-1", "r-1 x-2", "r-2 x-3")) // 2
	w.must(exit.OK, "revert", "2")                                            // 3
	w.exec("UPDATE relink.runs SET finished_at = now() - interval '40 days' WHERE id > 1")
	w.must(exit.OK, "runs", "clean", "--older-than", "30d")
	w.must(exit.OK, "revert", "1")
	if got := w.current(); len(got) != 0 {
		t.Errorf("links %v are left", got)
	}
}
