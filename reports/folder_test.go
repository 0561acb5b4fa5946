package reports_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relink/reports"
)

var startedAt = time.Date(2026, 1, 2, 4, 4, 5, 999, time.FixedZone("CET", 3600))

func TestFolderIsNamedByTimeAndRun(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "deep", "relink-runs")
	got, err := reports.CreateFolder(out, startedAt, 17)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(out, "20260102T030405Z-17"); got != want {
		t.Errorf("CreateFolder = %q, want %q", got, want)
	}
	_, err = reports.CreateFolder(out, startedAt, 17)
	if err == nil || !strings.Contains(err.Error(), "exists already") || !strings.Contains(err.Error(), "--out") {
		t.Errorf("CreateFolder of a folder that exists = %v, want an error that says so and names --out", err)
	}
}

func TestReopenedFolderLosesOnlyWhatIsUnfinished(t *testing.T) {
	t.Parallel()
	path, err := reports.CreateFolder(t.TempDir(), startedAt, 17)
	if err != nil {
		t.Fatal(err)
	}
	done, err := reports.CreateFile(filepath.Join(path, "report.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := done.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := reports.CreateFile(filepath.Join(path, "report.html")); err != nil {
		t.Fatal(err)
	}
	if err := reports.ReopenFolder(path); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || left[0].Name() != "report.csv" {
		t.Errorf("after ReopenFolder the folder holds %v, want report.csv alone", left)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := reports.ReopenFolder(path); err != nil {
		t.Errorf("ReopenFolder of a folder that was removed = %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestValidationsOfOneSecondGetAFolderEach(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	for _, want := range []string{"20260102T030405Z-validate", "20260102T030406Z-validate"} {
		got, err := reports.CreateValidateFolder(out, startedAt)
		if err != nil {
			t.Fatal(err)
		}
		if got != filepath.Join(out, want) {
			t.Errorf("CreateValidateFolder = %q, want %q", got, want)
		}
	}
}

func TestFolderUnderAFile(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "links.csv")
	if err := os.WriteFile(out, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := reports.CreateFolder(out, startedAt, 1)
	if want := "creating folder " + out + ": not a directory"; err == nil || err.Error() != want {
		t.Errorf("CreateFolder under a file = %v, want %q", err, want)
	}
}
