package reports_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"relink/reports"
)

func approved(t interface {
	Helper()
	Fatal(...any)
}, dir, text string,
) *reports.Expect {
	t.Helper()
	path := filepath.Join(dir, "approved.csv")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	x, err := reports.OpenExpect(path)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestExpectFindsTheFirstDifference(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 400)
	for _, tc := range []struct{ name, want, got, told string }{
		{"equal", "a\nb\n", "a\nb\n", ""},
		{"both empty", "", "", ""},
		{"one cell differs", "h\n1,created\n2,kept\n", "h\n1,replaced\n2,kept\n", "line 2 was 1,created and is now 1,replaced"},
		{"a line more", "h\n1\n", "h\n1\n2\n", "the approved report ends before line 3: 2"},
		{"a line less", "h\n1\n2\n", "h\n1\n", "line 3 of the approved report is missing now: 2"},
		{"nothing now", "h\n", "", "line 1 of the approved report is missing now: h"},
		{"nothing approved", "", "h\n", "the approved report ends before line 1: h"},
		{"line ends differ", "h\r\n1\r\n", "h\n1\n", "line 1 was h\ufffd and is now h"},
		{
			"long lines are cut at a character", long + "1\n", long + "2\n",
			"line 1 was " + long[:296] + "… and is now " + long[:296] + "…",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			x := approved(t, t.TempDir(), tc.want)
			if _, err := x.Write([]byte(tc.got)); err != nil {
				t.Fatal(err)
			}
			d, err := x.Finish()
			if err != nil {
				t.Fatal(err)
			}
			told := ""
			if d != nil {
				told = d.String()
			}
			if told != tc.told {
				t.Errorf("difference = %q, want %q", told, tc.told)
			}
		})
	}
}

// However the report is split into writes, the result is the same as that of
// comparing whole files.
func TestExpectDoesNotDependOnTheWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab\n")), 0, 40, -1)
	rapid.Check(t, func(t *rapid.T) {
		want := text.Draw(t, "approved")
		got := rapid.OneOf(rapid.Just(want), text).Draw(t, "now")
		x := approved(t, dir, want)
		for rest := got; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			if m, err := x.Write([]byte(rest[:n])); m != n || err != nil {
				t.Fatalf("Write of %d bytes = %d, %v", n, m, err)
			}
			rest = rest[n:]
		}
		d, err := x.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if (d == nil) != (got == want) {
			t.Fatalf("difference = %v for %q and %q", d, want, got)
		}
		if d == nil {
			return
		}
		same := 0
		for same < min(len(got), len(want)) && got[same] == want[same] {
			same++
		}
		if line := int64(1 + strings.Count(got[:same], "\n")); d.Line != line {
			t.Errorf("differs in line %d, want line %d", d.Line, line)
		}
	})
}

func TestExpectOfWhatIsNoReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := reports.OpenExpect(filepath.Join(dir, "gone.csv"))
	if err == nil || !strings.Contains(err.Error(), "gone.csv: no such file") {
		t.Errorf("OpenExpect of a missing file = %v, want an error that names it", err)
	}
	_, err = reports.OpenExpect(dir)
	if err == nil || !strings.Contains(err.Error(), "not a plain file") {
		t.Errorf("OpenExpect of a folder = %v, want an error that says what it is", err)
	}
}

// The format of an approved report is recognized by its first byte, not by its
// name.
func TestExpectTellsTheFormat(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"row,line\n": false, `{"row":1}` + "\n": true, "": true} {
		x := approved(t, t.TempDir(), text)
		if got := x.IsJSONL(); got != want {
			t.Errorf("IsJSONL of %q = %v, want %v", text, got, want)
		}
		if _, err := x.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if diff, err := x.Finish(); diff != nil || err != nil {
			t.Errorf("%q differs from itself: %v, %v", text, diff, err)
		}
	}
}
