package send

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
)

// A journal written by an earlier version is read, and continued in the same
// format.
func TestJournalKeepsItsForm(t *testing.T) {
	t.Parallel()
	const earlier = `{"source":{"name":"links.csv","bytes":9,"sha256":"00"},"startedAt":"2026-01-02T03:04:05Z","settings":{}}
{"row":1,"outcome":"created","entityId":"e-1"}
{"row":2,"outcome":"replaced","detail":"found as 0013000000abcde","entityId":"e-2","previousEntityId":"e-0","previousDataType":"LEAD"}
{"row":3,"outcome":"rejected","code":"recording_not_found"}
{"row":4,"outcome":"failed","code":"server_error","detail":"the server says 503"}
`
	path := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(path, []byte(earlier), 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.close() })
	var got []entry
	if err := j.answers(func(e entry, _ int64) error { got = append(got, e); return nil }); err != nil {
		t.Fatal(err)
	}
	want := []entry{
		{Row: 1, Decision: linker.Decision{Outcome: linker.Created, EntityID: "e-1"}},
		{Row: 2, Decision: linker.Decision{
			Outcome: linker.Replaced, Detail: "found as 0013000000abcde",
			EntityID: "e-2", PreviousEntityID: "e-0", PreviousDataType: "LEAD",
		}},
		{Row: 3, Decision: linker.Decision{Outcome: linker.Rejected, Code: linker.RecordingNotFound}},
		{Row: 4, Decision: linker.Decision{Outcome: linker.Failed, Code: linker.ServerError, Detail: "the server says 503"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("answers (-want +got):\n%s", diff)
	}
	for _, e := range want {
		at, err := j.add(e.Row, e.Decision)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := j.read(at); err != nil || back != e {
			t.Errorf("read = %+v, %v, want %+v", back, err, e)
		}
	}
	_, again, _ := strings.Cut(earlier, "\n")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(earlier+again, string(text)); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}
