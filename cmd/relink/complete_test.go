package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCompletions asks as the scripts for the shells do.
func TestCompletions(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 3)
	w.accounts("c-1", 1, 3)
	w.must(0, "import", w.file("links.csv", "c-1", pairs(1, 3)...))
	w.exec(`UPDATE relink.runs SET state = 'applying', finished_at = NULL WHERE id = 1`) // as if it had been killed
	w.must(0, "import", "--dry-run", w.file("links.csv", "c-1", pairs(1, 3)...))
	for _, c := range []struct {
		words     string
		want, not []string
	}{
		{words: "import --on-conflict |", want: []string{"reject", "last"}},
		{words: "import --format |", want: []string{"csv", "jsonl"}},
		{words: "import --keep-trigger USER_LINK_WEB,|", want: []string{"USER_LINK_WEB,CALENDAR_MATCH"}},
		{words: "import --set |", want: []string{"dataType=LEAD", "integrationConnectionId="}},
		{words: "--log-format |", want: []string{"text", "json"}},
		{words: "reconcile --data-type |", want: []string{"ACCOUNT", "LEAD"}},
		{words: "explain entity|", want: []string{"entity_merged", "entity_deleted"}},
		{words: "help |", want: []string{"nightly\tThe nightly job", "import\tLink the recordings"}},
		{words: "help runs |", want: []string{"show\t", "clean\t"}, not: []string{"nightly"}},
		{words: "runs show |", want: []string{"1\timport of ", "2\timport of "}},
		{words: "report |", want: []string{"1\t", "2\t"}},
		{words: "resume |", want: []string{"1\timport of "}, not: []string{"2\t"}},
		{words: "import --approved |", want: []string{"2\timport of "}, not: []string{"1\t"}},
		{words: "approve |", want: []string{"2\timport of "}, not: []string{"1\t"}},
		{words: "db require-approval |", want: []string{"on", "off"}},
		{words: "runs abandon |", want: []string{"1\t"}, not: []string{"2\t"}},
		{words: "version |", not: []string{"links.csv", ":0"}},
	} {
		words, typed, _ := strings.Cut(c.words, "|")
		args := strings.Split(words, " ")
		args[len(args)-1] += typed
		got := w.relink(append([]string{"__complete"}, args...)...)
		lines := strings.Split(got.stdout, "\n")
		for _, want := range c.want {
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, want) }) {
				t.Errorf("%s is not completed with %q:\n%s%s", c.words, want, got.stdout, got.stderr)
			}
		}
		for _, not := range c.not {
			if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, not) }) {
				t.Errorf("%s is completed with %q:\n%s", c.words, not, got.stdout)
			}
		}
	}
	// Without a database there is nothing to complete, and no waiting for it.
	for _, url := range []string{"", "postgres://127.0.0.1:1/none"} {
		if got := call(t, []string{"RELINK_DATABASE=" + url}, "", "__complete", "resume", ""); got.status != 0 || !strings.HasPrefix(got.stdout, ":") {
			t.Errorf("resume on the database %q is completed with\n%s%s", url, got.stdout, got.stderr)
		}
	}
}

func TestManPages(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "man")
	if out, err := exec.Command("go", "run", "-tags", "man", ".", "man", dir).CombinedOutput(); err != nil {
		t.Fatalf("relink man: %v\n%s", err, out)
	}
	page, err := os.ReadFile(filepath.Join(dir, "relink-import.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{".SH NAME", "relink-import", "max-rejects", "Exit status", "another run is writing"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the man page of import lacks %q:\n%s", want, page)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "relink-man.1")); err == nil {
		t.Error("the hidden command has a page")
	}
}
