package linker

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The golden file holds a message of every code, both ways of naming the
// target, so that wording is reviewed like code.
func TestMessages(t *testing.T) {
	t.Parallel()
	byExternalID := Check(Fields{RecordingID: "r\"1", DataType: "CONTACT", ExternalID: "'0033000=1", IntegrationConnectionID: "c-1"}, Fields{})
	byID := Check(Fields{RecordingID: "r-1", DataType: "CONTACT", ID: "e-1", IntegrationConnectionID: "c-1"}, Fields{})
	suspect := Check(Fields{RecordingID: "1E5", DataType: "CONTACT", ID: "12345.0"}, Fields{})
	faulty := Check(Fields{RecordingID: "r-1", DataType: "Deal"}, Fields{})
	var b strings.Builder
	for _, c := range CodesInSource {
		fmt.Fprintf(&b, "%s\n    %s\n    %s\n", c, Message(c, byExternalID, "what the database knows"), Message(c, byID, ""))
	}
	checksum := Check(Fields{RecordingID: "r-1", DataType: "CONTACT", ExternalID: "00330000001tcyIAAX", IntegrationConnectionID: "c-1"}, Fields{})
	prefix := Check(Fields{RecordingID: "r-1", DataType: "CONTACT", ExternalID: "00130000001tcyIAAQ", IntegrationConnectionID: "c-1"}, Fields{})
	fmt.Fprintf(&b, "wrong checksum\n    %s\n", Message(EntityNotFound, checksum, ""))
	fmt.Fprintf(&b, "key prefix\n    %s\n", Message(EntityNotFound, prefix, "this id is an ACCOUNT in the connection"))
	fmt.Fprintf(&b, "suspect ids\n    %s\n", Message(SpreadsheetDamagedID, suspect, ""))
	fmt.Fprintf(&b, "suspect recording\n    %s\n", Message(RecordingNotFound, suspect, ""))
	fmt.Fprintf(&b, "suspect target\n    %s\n", Message(EntityNotFound, suspect, ""))
	fmt.Fprintf(&b, "faulty row\n    %s\n", Message(faulty.Fault.Code, faulty, ""))
	fmt.Fprintf(&b, "good row\n    %s\n", Message("", byExternalID, "the survivor of a merge is linked"))

	path := filepath.Join("testdata", "golden", "messages.txt")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("messages (-want +got), -update rewrites them:\n%s", diff)
	}
}

func TestOtherLines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		lines []int64
		more  int64
		want  string
	}{
		{[]int64{17}, 0, "the other is on line 17"},
		{[]int64{17, 42}, 0, "the others are on lines 17, 42"},
		{[]int64{2, 3, 5, 7, 11}, 3, "the others are on lines 2, 3, 5, 7, 11 and 3 more"},
	}
	for _, tt := range tests {
		if got := OtherLines(tt.lines, tt.more); got != tt.want {
			t.Errorf("OtherLines(%v, %d) = %q, want %q", tt.lines, tt.more, got, tt.want)
		}
	}
}

func TestMessagesAreOneLineAndStartSmall(t *testing.T) {
	t.Parallel()
	hostile := Check(Fields{
		RecordingID: "<script>\u202e" + strings.Repeat("x", 200), DataType: "CONTACT",
		ID: "\"';--\u2067", IntegrationConnectionID: "=1+1",
	}, Fields{})
	if hostile.Fault != nil {
		t.Fatal(hostile.Fault)
	}
	for _, c := range CodesInSource {
		m := Message(c, hostile, "")
		if m == "" || strings.ContainsFunc(m, func(r rune) bool { return !unicode.IsPrint(r) }) ||
			unicode.IsUpper(rune(m[0])) || strings.HasSuffix(m, ".") {
			t.Errorf("Message(%s) = %+q, want one printable line without full stop", c, m)
		}
		if len(m) > 600 {
			t.Errorf("Message(%s) has %d bytes, want long ids shortened", c, len(m))
		}
	}
	if got := Message("", Check(good(nil), Fields{}), ""); got != "" {
		t.Errorf("message of a row with nothing to say = %q, want none", got)
	}
}
