package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"relink/cmd/relink/exit"
)

// TestRejectsAreFedBack imports files as they come in many forms, fixes what
// the rejects hold, and gives the command that the summary prints to a shell.
func TestRejectsAreFedBack(t *testing.T) {
	t.Parallel()
	const rows = "Call ID^Typ^Contact Id^Lead Id^Größe\r\n" +
		"r-1^CONTACT^x-1^^é\r\n" +
		"r-2^KONTAKT^x-2^^é\r\n" +
		"r-3^CONTACT^x-3^x-3^é\r\n" +
		"r-4^CONTACT^^nowhere^\"é\r\n^\""
	const rejected = "Call ID^Typ^Contact Id^Lead Id^Größe\r\n" +
		"r-2^KONTAKT^x-2^^é\r\n" +
		"r-3^CONTACT^x-3^x-3^é\r\n" +
		"r-4^CONTACT^^nowhere^\"é\r\n^\"\r\n"
	fixed := strings.NewReplacer("KONTAKT", "CONTACT", "x-3^x-3", "x-3^", "nowhere", "x-4").Replace(rejected)
	tests := []struct {
		name     string
		encoding encoding.Encoding
		flag     string // --encoding, "" for none
		mark     string
		gzip     bool
	}{
		{"UTF-8", unicode.UTF8, "", "", false},
		{"UTF-8 with a mark", unicode.UTF8, "", "\ufeff", false},
		{"UTF-16LE with a mark", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "", "\ufeff", false},
		{"UTF-16BE with a mark", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "", "\ufeff", false},
		{"UTF-16LE", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16le", "", false},
		{"UTF-16BE", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "utf-16be", "", false},
		{"windows-1252", charmap.Windows1252, "windows-1252", "", false},
		{"latin-1", charmap.ISO8859_1, "latin-1", "", false},
		{"UTF-16LE in gzip", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "", "\ufeff", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			w.recordings(1, 4)
			w.exec(`
				INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
				SELECT 'e-' || n, 'CONTACT', 'c-1', 'x-' || n FROM generate_series(1, 4) AS n`)
			encoded := func(text string) []byte {
				b, err := test.encoding.NewEncoder().Bytes([]byte(test.mark + text))
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			file := filepath.Join(w.dir, "links of May.csv")
			content := encoded(rows)
			if test.gzip {
				content = zipped(t, content)
			}
			if err := os.WriteFile(file, content, 0o644); err != nil {
				t.Fatal(err)
			}
			args := []string{
				"import", "--database", w.url, "--out", filepath.Join(w.dir, "it's here"), "--delimiter", "^",
				"--map", "Call ID=recordingId", "--map", "Typ=dataType", "--map", "Contact Id=externalId", "--map", "Lead Id=externalId",
				"--set", "integrationConnectionId=c-1", "--min-rows", "4",
			}
			if test.flag != "" {
				args = append(args, "--encoding", test.flag)
			}
			first := call(t, nil, "", append(args, file)...)
			if first.status != exit.Rejected {
				t.Fatalf("import ends with %d: %s%s", first.status, first.stdout, first.stderr)
			}
			rejects, err := filepath.Glob(filepath.Join(w.dir, "it's here", "*Z-*", "rejects.csv"))
			if err != nil || len(rejects) != 1 {
				t.Fatalf("rejects = %q, %v", rejects, err)
			}
			if got, err := os.ReadFile(rejects[0]); err != nil || !bytes.Equal(got, encoded(rejected)) {
				t.Errorf("rejects = %q, %v, want the bytes %q", got, err, encoded(rejected))
			}
			if err := os.WriteFile(rejects[0], encoded(fixed), 0o644); err != nil {
				t.Fatal(err)
			}

			next := proposed(t, first.stdout)
			report := call(t, nil, "", "report", "--database", w.url, "1")
			if got := proposed(t, report.stdout); len(got) != len(next) {
				t.Errorf("report proposes %q, the import proposed %q", got, next)
			}
			if err := os.WriteFile(rejects[0], encoded(fixed), 0o644); err != nil { // report has written it again
				t.Fatal(err)
			}
			again := call(t, []string{"RELINK_DATABASE=" + w.url}, "", next[1:]...)
			if again.status != exit.OK {
				t.Errorf("%q ends with %d: %s%s", next, again.status, again.stdout, again.stderr)
			}
			if got := strings.Join(w.current(), " "); got != "r-1>e-1 r-2>e-2 r-3>e-3 r-4>e-4" {
				t.Errorf("current links = %s", got)
			}
		})
	}
}

// proposed is the first command that a summary proposes, as a shell splits it.
func proposed(t *testing.T, summary string) []string {
	t.Helper()
	_, command, ok := strings.Cut(summary, "\nnext ")
	if !ok {
		t.Fatalf("the summary proposes nothing:\n%s", summary)
	}
	command, _, _ = strings.Cut(command, "\n")
	out, err := exec.Command("sh", "-c", `for word in `+command+`; do printf '%s\0' "$word"; done`).Output()
	if err != nil {
		t.Fatalf("sh does not understand %s: %v", command, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// TestTornFileLeavesNoRunBehind imports a file that is cut off: there is nothing
// to be resumed, and no later run must hear of it.
func TestTornFileLeavesNoRunBehind(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	var rows strings.Builder
	for n := range 100_000 {
		fmt.Fprintf(&rows, "r-%d,ACCOUNT,x-%d\n", n, n*n)
	}
	whole := zipped(t, []byte("recordingId,dataType,id\n"+rows.String()))
	torn := w.raw("links.csv.gz", string(whole[:len(whole)/2]))
	got := w.must(exit.Error, "import", torn)
	if !strings.Contains(got.stderr, "the gzip data ends too early") || strings.Contains(got.stderr, "resume") {
		t.Errorf("the import of a torn file says %s", got.stderr)
	}
	if state := w.ask("SELECT state FROM relink.runs"); state != "abandoned" {
		t.Errorf("the run is %s, want abandoned", state)
	}
}

func zipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
