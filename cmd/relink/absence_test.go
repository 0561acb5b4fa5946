package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever happens to a file of good rows, a reconciliation of it clears no
// link whose recording occurs anywhere in the bytes of the file.
func TestPruneClearsNothingThatStandsInTheFile(t *testing.T) {
	t.Parallel()
	const recordings = 12
	w := newTown(t)
	w.recordings(1, recordings)
	w.accounts("c-1", 1, 2)
	ids := regexp.MustCompile(`r-[0-9]+`)
	accidents := []string{
		`"`, `""`, "\n", ",", "\x00", "\x1a", "\xff", "\xef\xbb\xbf", "\xff\xfe", "\u2011", "“", "NULL", "{", "}", `="`, ";", " ", "x", "(2 rows)\n",
		"---,---,---,---\n", ",,,FALSE\n", "recordingId,dataType,id,Notes\n", "r\x00-\x001\x00,\x00L\x00", "https://x.example.com/", "Total,2,,\n", "",
	}
	tried, failing := 0, false
	rapid.Check(t, func(rt *rapid.T) {
		if tried++; tried > 2*worlds && !failing {
			return
		}
		failing = true
		w.exec("TRUNCATE recording_links")
		w.exec(fmt.Sprintf(`
			INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
			SELECT 'r-' || n, 'ACCOUNT', 'a-c-1-1', now() FROM generate_series(1, %d) AS n`, recordings))
		var b strings.Builder
		b.WriteString("recordingId,dataType,id,Notes\n")
		for n := 1; n <= recordings; n++ {
			if rapid.IntRange(0, 4).Draw(rt, "left out") > 0 {
				fmt.Fprintf(&b, "r-%d,ACCOUNT,a-c-1-1,%s\n", n, rapid.SampledFrom([]string{"", "a note", "\"two\nlines\"", "see r-3", "r-7"}).Draw(rt, "note"))
			}
		}
		content := b.String()
		for range rapid.IntRange(0, 2).Draw(rt, "splices") {
			at := rapid.IntRange(30, len(content)).Draw(rt, "at")
			cut := rapid.SampledFrom([]int{0, 0, 1, 3, 20}).Draw(rt, "cut")
			content = content[:at] + rapid.SampledFrom(accidents).Draw(rt, "insert") + content[min(len(content), at+cut):]
		}
		got := w.relink("reconcile", "--prune", "--connection", "c-1", "--max-changes", "100%", w.raw("links.csv", content))
		_, rows, _ := strings.Cut(content, "\n")
		stand := ids.FindAllString(rows, -1)
		for n := 1; n <= recordings; n++ {
			id := fmt.Sprintf("r-%d", n)
			cleared := w.digest(fmt.Sprintf("l.recording_id = '%s' AND l.cleared_trigger = 'USER_UNLINK'", id)) != w.digest("false")
			if cleared && slices.Contains(stand, id) {
				rt.Fatalf("the link of %s was cleared, which stands in\n%q\n%s%s", id, content, got.stdout, got.stderr)
			}
		}
		failing = false
	})
}

// A recording that the file names anywhere keeps its link, and the report shows
// it: in an ignored column, in a key, in a compressed file.
func TestPruneLeavesWhatTheFileNamesElsewhere(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.recordings(1, 5)
	w.accounts("c-1", 1, 1)
	for name, content := range map[string]string{
		"notes.csv":    "recordingId,dataType,id,Notes\nr-1,ACCOUNT,a-c-1-1,\nr-2,ACCOUNT,a-c-1-1,moved from R-4\n",
		"merged.csv":   "recordingId,dataType,id,Notes\nr-1,ACCOUNT,a-c-1-1,\nr-2,ACCOUNT,a-c-1-1,\"r-4;ACCOUNT\nand so on\"\n",
		"links.jsonl":  `{"recordingId":"r-1","dataType":"ACCOUNT","id":"a-c-1-1"}` + "\n" + `{"recordingId":"r-2","dataType":"ACCOUNT","id":"a-c-1-1","of":{"call":["r-4"]}}` + "\n",
		"ignoring.csv": "recordingId,dataType,id,Parent\nr-1,ACCOUNT,a-c-1-1,\nr-2,ACCOUNT,a-c-1-1,r-4\n",
	} {
		w.exec(`
			TRUNCATE recording_links;
			INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
			SELECT 'r-' || n, 'ACCOUNT', 'a-c-1-1', now() FROM generate_series(1, 5) AS n`)
		prune := []string{"reconcile", "--prune", "--connection", "c-1", "--max-changes", "100%", w.raw(name, content)}
		if got := w.relink(append(prune, "--dry-run")...); !strings.Contains(got.stdout, "2 links differ") {
			t.Errorf("%s: the dry run says\n%s%s", name, got.stdout, got.stderr)
		}
		w.must(0, prune...)
		report, err := os.ReadFile(filepath.Join(w.ask("SELECT out_dir FROM relink.runs ORDER BY id DESC LIMIT 1"), "report.csv"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(report), "r-4,,,,,,extra,,left alone: the file names this recording outside of recordingId") {
			t.Errorf("%s: the report says\n%s", name, report)
		}
		if got := w.ask("SELECT string_agg(recording_id, ' ' ORDER BY recording_id) FROM recording_links WHERE cleared_at IS NOT NULL"); got != "r-3 r-5" {
			t.Errorf("%s: the links of %q were cleared, want r-3 and r-5", name, got)
		}
	}
}
