package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"relink/cmd/relink/demo"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// TestDemo runs the demo twice in a database of its own: every row of its file
// ends as it was made to end, and the second time every good row is unchanged.
func TestDemo(t *testing.T) {
	t.Parallel()
	for _, shape := range demo.Shapes {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			if shape != demo.Reference {
				pgtest.Exec(t, pgtest.Connect(t, pg.Config{URL: url}), "DROP SCHEMA relink CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
			}
			testDemo(t, url, shape)
		})
	}
}

func testDemo(t *testing.T, url, shape string) {
	out := t.TempDir()
	want := map[int]string{} // by row
	row := 0
	for _, l := range demo.Build().Lines() {
		if !l.Blank {
			row++
			want[row] = string(l.Code)
		}
	}
	for _, again := range []bool{false, true} {
		got := call(t, nil, "", "demo", "--database", url, "--shape", shape, "--out", out)
		if got.status != 0 {
			t.Fatalf("demo (again: %v) exits %d: %s", again, got.status, got.stderr)
		}
		lines := newestReport(t, out)
		if len(lines) != len(want) {
			t.Errorf("demo (again: %v) reports %d rows, want %d", again, len(lines), len(want))
		}
		for _, l := range lines {
			n, err := strconv.Atoi(l["row"])
			if err != nil {
				t.Fatal(err)
			}
			if l["code"] != want[n] {
				t.Errorf("row %d (again: %v) has code %q, want %q: %v", n, again, l["code"], want[n], l)
			}
			if again && want[n] == "" && l["outcome"] != "unchanged" {
				t.Errorf("row %d is %s the second time, want unchanged", n, l["outcome"])
			}
		}
	}
}

// newestReport reads the report of the last run that has a number.
func newestReport(t *testing.T, out string) []map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(out, "*Z-*", "report.csv"))
	if err != nil {
		t.Fatal(err)
	}
	newest, best := "", 0
	for _, p := range paths {
		folder := filepath.Base(filepath.Dir(p))
		if n, err := strconv.Atoi(folder[strings.LastIndexByte(folder, '-')+1:]); err == nil && n > best {
			newest, best = p, n
		}
	}
	file, err := os.Open(newest)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var lines []map[string]string
	for _, record := range records[1:] {
		line := map[string]string{}
		for i, name := range records[0] {
			line[name] = record[i]
		}
		lines = append(lines, line)
	}
	return lines
}
