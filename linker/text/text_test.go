package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 1234567: "1,234,567"} {
		if got := Thousands(n); got != want {
			t.Errorf("Thousands(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 rows", 1: "1 row", 2: "2 rows", 20000: "20,000 rows"} {
		if got := Plural(n, "row", "rows"); got != want {
			t.Errorf("Plural(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{OneOf(nil), ""},
		{OneOf([]string{"a"}), "a"},
		{OneOf([]string{"a", "b"}), "a or b"},
		{OneOf([]string{"a", "b", "c"}), "a, b or c"},
		{Lines([]int64{17}, 0), "line 17"},
		{Lines([]int64{17, 1042}, 0), "lines 17, 1042"},
		{Lines([]int64{17, 42}, 3), "lines 17, 42 and 3 more"},
		{Lines([]int64{17}, 1), "lines 17 and 1 more"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s    string
		n    int
		want string
	}{
		{"abc", 3, "abc"}, {"abcdef", 5, "ab…"}, {"aéé", 5, "aéé"}, {"aééé", 6, "aé…"}, {"abcd", 1, "…"}, {"", 0, ""},
	} {
		if got := Cut(c.s, c.n); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.s, c.n, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s, n := rapid.String().Draw(t, "s"), rapid.IntRange(3, 20).Draw(t, "n")
		got := Cut(s, n)
		if len(got) > n || !utf8.ValidString(got) || got != s && !strings.HasPrefix(s, strings.TrimSuffix(got, "…")) {
			t.Fatalf("Cut(%q, %d) = %q", s, n, got)
		}
		if quoted := Quote(s); len(s) <= quotedBytes != !strings.HasSuffix(quoted, `…"`) && !strings.HasSuffix(s, "…") {
			t.Fatalf("Quote(%q) = %s", s, quoted)
		}
	})
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s    string
		want []string
	}{
		{"", nil},
		{"one two three", []string{"one two", "three"}},
		{"  one\n two  ", []string{"one two"}},
		{"é é é é", []string{"é é é é"}},
		{"a longer-than-a-line b", []string{"a", "longer-than-a-line", "b"}},
	} {
		if diff := cmp.Diff(c.want, Wrap(c.s, 8)); diff != "" {
			t.Errorf("Wrap(%q) (-want +got):\n%s", c.s, diff)
		}
	}
}
