package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"relink/cmd/relink/exit"
)

// A compressed report is the same report: it can be expected, and written again.
func TestReportIsCompressed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 50)
	w.accounts("c-1", 1, 50)
	path := w.file("links.csv", "c-1", append(pairs(1, 49), "r-50 x-99")...)
	folder := func() string { return w.ask("SELECT out_dir FROM relink.runs ORDER BY id DESC LIMIT 1") }
	for _, format := range []string{"csv", "jsonl"} {
		w.must(exit.Rejected, "import", "--dry-run", "--report-format", format, path)
		plain := read(t, filepath.Join(folder(), "report."+format))
		for _, how := range []string{"gz", "zst"} {
			got := w.must(exit.Rejected, "import", "--dry-run", "--json", "--report-format", format, "--report-compress", how, path)
			packed := filepath.Join(folder(), "report."+format+"."+how)
			if !strings.Contains(got.stdout, "/report."+format+"."+how+`"`) {
				t.Errorf("summary.json is\n%swant the name of the report in it", got.stdout)
			}
			stored, err := os.ReadFile(packed)
			if err != nil {
				t.Fatal(err)
			}
			if text := unpacked(t, how, stored); text != plain || len(stored) >= len(plain) {
				t.Errorf("%s has %d bytes and holds\n%s\nwant\n%s", packed, len(stored), text, plain)
			}
			w.must(exit.Rejected, "import", "--dry-run", "--expect", packed, path)
			w.must(exit.Rejected, "report", w.ask("SELECT (max(id) - 1)::text FROM relink.runs"))
			if again := read(t, packed); again != string(stored) {
				t.Errorf("%s, written again, has other bytes", packed)
			}
			other := w.file("other.csv", "c-1", pairs(2, 50)...)
			if got := w.must(exit.Guard, "import", "--expect", packed, other); !strings.Contains(got.stderr, "line 1 was {") && !strings.Contains(got.stderr, "line 2 was ") {
				t.Errorf("another file is refused with\n%s", got.stderr)
			}
		}
	}
	w.must(exit.Error, "import", "--report-compress", "bz2", path)
	w.must(exit.OK, "validate", "--report-compress", "zst", path)
}

func unpacked(t *testing.T, how string, stored []byte) string {
	t.Helper()
	var r io.Reader
	var err error
	if how == "gz" {
		r, err = gzip.NewReader(bytes.NewReader(stored))
	} else {
		r, err = zstd.NewReader(bytes.NewReader(stored))
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
