package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
	"relink/linker"
)

// TestReportPrints asks for a finished run in every format, as it was and after
// its links have changed.
func TestReportPrints(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 2)
	w.accounts("c-1", 1, 2)
	links := w.raw("links.csv", "recordingId,dataType,id\nr-1,ACCOUNT,a-c-1-1\nr-2,ACCOUNT,a-c-1-2\nr-3,ACCOUNT,a-c-1-2\n")
	out := filepath.Join(w.dir, "out")
	if got := call(t, nil, "", "import", "--dry-run", "--database", w.url, "--out", out, links); got.status != 2 {
		t.Fatalf("import exits %d: %s", got.status, got.stderr)
	}
	starts := map[string]string{"text": "Dry run: 1 of 3 rows would not go through", "json": "{\n  \"run\": 1,", "html": "<!DOCTYPE html>"}
	ask := func() {
		t.Helper()
		for format, start := range starts {
			// The variable is meant for the file of an import.
			got := call(t, []string{"RELINK_FORMAT=csv"}, "", "report", "--database", w.url, "--format", format, "1")
			if got.status != 2 || !strings.HasPrefix(got.stdout, start) {
				t.Errorf("report --format %s exits %d and prints %.60q, want 2 and %q: %s", format, got.status, got.stdout, start, got.stderr)
			}
		}
	}
	ask()
	w.link("c-1", 1, 2) // what the dry run would do, done by others
	ask()
	got := call(t, nil, "", "report", "--database", w.url, "1")
	if !strings.Contains(got.stdout, "created   2") || !strings.Contains(got.stderr, "this is what was written when the run ended") {
		t.Errorf("report of a run after which links have changed prints\n%s%s", got.stdout, got.stderr)
	}
	if got := call(t, nil, "", "report", "--database", w.url, "--format", "xml", "1"); got.status != 1 || !strings.Contains(got.stderr, "text, html or json") {
		t.Errorf("report --format xml exits %d: %s", got.status, got.stderr)
	}
}

// TestRunEndsWithItsFiles has the last file of a run fail: a run must not count
// as ended before all its files are there, and resume brings them.
func TestRunEndsWithItsFiles(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 3)
	w.accounts("c-1", 1, 3)
	links := w.raw("links.csv", "recordingId,dataType,id\nr-1,ACCOUNT,a-c-1-1\nr-2,ACCOUNT,a-c-1-2\nr-3,ACCOUNT,a-c-1-3\n")
	out := filepath.Join(w.dir, "out")
	if got := call(t, nil, "", "import", "--database", w.url, "--out", out, links); got.status != 0 {
		t.Fatalf("import exits %d: %s", got.status, got.stderr)
	}
	folders, err := filepath.Glob(filepath.Join(out, "*-1"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("folders of run 1 = %q, %v", folders, err)
	}
	file := func(name string) string {
		t.Helper()
		return read(t, filepath.Join(folders[0], name))
	}
	report := file("report.csv")

	// The moment before the run is recorded as done, with a summary that cannot
	// be written.
	w.exec("UPDATE relink.runs SET state = 'reporting', finished_at = NULL")
	summary := filepath.Join(folders[0], "summary.json")
	for _, name := range []string{"report.csv", "report.html", "summary.json"} {
		if err := os.Remove(filepath.Join(folders[0], name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(summary, "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	got := call(t, nil, "", "resume", "--database", w.url, "1")
	if got.status != 1 || !strings.Contains(got.stderr, "summary.json") || !strings.Contains(got.stderr, "hint: relink resume 1 continues it") {
		t.Errorf("resume exits %d, want 1 with the file and the remedy: %s", got.status, got.stderr)
	}
	if state := w.ask("SELECT coalesce(finished_at::text, 'not ended') FROM relink.runs"); state != "not ended" {
		t.Errorf("a run without a summary ended at %s", state)
	}
	if err := os.RemoveAll(summary); err != nil {
		t.Fatal(err)
	}
	if got := call(t, nil, "", "resume", "--database", w.url, "1"); got.status != 0 {
		t.Fatalf("the second resume exits %d: %s", got.status, got.stderr)
	}
	if state := w.ask("SELECT state FROM relink.runs"); state != "done" {
		t.Errorf("the resumed run is %s, want done", state)
	}
	if got := file("report.csv"); got != report {
		t.Errorf("the resumed run reports\n%s\nwant\n%s", got, report)
	}
	var s linker.Summary
	if err := json.Unmarshal([]byte(file("summary.json")), &s); err != nil {
		t.Fatal(err)
	}
	for what, path := range s.Files {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("summary.json lists %s: %v", what, err)
		}
	}
	page := file("report.html")
	for name := range map[string]bool{"report.csv": true, "summary.json": true} {
		if !strings.Contains(page, `href="./`+name+`"`) {
			t.Errorf("report.html has no link to %s", name)
		}
	}
	if s.State != "done" || s.Outcomes[linker.Created] != 3 {
		t.Errorf("summary.json = %+v, want 3 created and done", s)
	}
}

// Whatever the umask, only the user who makes a run can read its files, and the
// group that is named.
func TestFilesAreClosedToOthers(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 2)
	w.accounts("c-1", 1, 2)
	links := w.raw("links.csv", "recordingId,dataType,id\nr-1,ACCOUNT,a-c-1-1\nr-2,ACCOUNT,a-c-1-9\n")
	out := filepath.Join(w.dir, "out")
	modes := func(name string) map[string]string {
		t.Helper()
		modes := map[string]string{}
		latest, err := filepath.EvalSymlinks(filepath.Join(out, "latest"))
		if err != nil || !strings.HasSuffix(latest, name) {
			t.Fatalf("latest leads to %q, %v; want …%s", latest, err, name)
		}
		err = filepath.WalkDir(latest, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			kind := "file"
			if d.IsDir() {
				kind = "folder"
			}
			modes[fmt.Sprintf("%s %04o", kind, info.Mode().Perm())] = path
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return modes
	}
	for _, test := range []struct {
		name  string
		stdin string
		args  []string
		want  []string
	}{
		{"-1", "", []string{"import", "--dry-run", links}, []string{"file 0600", "folder 0700"}},
		{"-2", "", []string{"import", "--out-group", fmt.Sprint(os.Getegid()), links}, []string{"file 0640", "folder 0750"}},
		{"-3", read(t, links), []string{"import", "-"}, []string{"file 0600", "folder 0700"}},
		{"-validate", "", []string{"validate", links}, []string{"file 0600", "folder 0700"}},
	} {
		args := append(test.args, "--out", out)
		if args[0] != "validate" {
			args = append(args, "--database", w.url)
		}
		if got := call(t, nil, test.stdin, args...); got.status != exit.Rejected && got.status != exit.OK {
			t.Fatalf("%v exits %d: %s", args, got.status, got.stderr)
		}
		got := modes(test.name)
		if kinds := slices.Sorted(maps.Keys(got)); !slices.Equal(kinds, test.want) {
			t.Errorf("%v leaves %v, want %v", args, got, test.want)
		}
	}
	got := call(t, nil, "", "import", "--database", w.url, "--out", out, "--out-group", "no such group", links)
	if got.status != exit.Error || !strings.Contains(got.stderr, `no group "no such group"`) {
		t.Errorf("a group that is not there: exits %d and says %s", got.status, got.stderr)
	}
}
