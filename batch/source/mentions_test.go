package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relink/linker"
)

// mentioned returns which keys of the ids are found in an input.
func mentioned(t failer, in Input, ids ...string) []string {
	m := NewMentions(in)
	wanted := map[string]bool{}
	for _, id := range ids {
		m.Add(id)
		wanted[linker.MentionKey(id)] = true
	}
	keys := []string{}
	err := m.Find(context.Background(), func(key string) error {
		if wanted[key] && !slices.Contains(keys, key) { // the filter suspects others as well
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	slices.Sort(keys)
	return keys
}

func TestMentions(t *testing.T) {
	t.Parallel()
	const uuid = "5d1c2f6a-8d34-4c1b-8a51-0f0e1c7b9a01"
	packed := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, c := range []struct {
		name, content string
		ids, want     []string
	}{
		{"a column nobody reads", "recordingId,Parent\nr-1,rec-0002\n", []string{"rec-0002", "rec-0003"}, []string{"rec-0002"}},
		{"above the header", "Without rec-0002\n\nrecordingId\n", []string{"rec-0002"}, []string{"rec-0002"}},
		{"at the very end", "a\nrec-0002", []string{"rec-0002"}, []string{"rec-0002"}},
		{"letter case", "x,REC-0002", []string{"Rec-0002"}, []string{"rec-0002"}},
		{"within a word", "xrec-0002 rec-00021 rec-0002x", []string{"rec-0002"}, []string{}},
		{"within an address", "https://x.example.com/rec-0002.mp3?a", []string{"rec-0002"}, []string{"rec-0002"}},
		{"a number", "7, 17, 170", []string{"7", "17", "70", "1"}, []string{"17", "7"}},
		{"a UUID in quotes of other kinds", "“" + strings.ToUpper(uuid) + "”", []string{uuid}, []string{uuid}},
		{"another character between", strings.ReplaceAll(uuid, "-", "_"), []string{uuid}, []string{}},
		{"UTF-16", utf16le("x,rec-0002\n"), []string{"rec-0002"}, []string{"rec-0002"}},
		{"gzip", packed("x,rec-0002\n"), []string{"rec-0002"}, []string{"rec-0002"}},
		{"letters beyond ASCII around", "Ünder-2é", []string{"Ünder-2"}, []string{"nder-2"}},
		{"white space within", "a  b,a b", []string{"a b"}, []string{"a b"}},
		{"nothing to look for", "---", []string{"---", ""}, []string{}},
		{"far apart", "rec-0002" + strings.Repeat("\nx", 100_000) + "\nrec-0003", []string{"rec-0002", "rec-0003"}, []string{"rec-0002", "rec-0003"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "links.csv")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, mentioned(t, Input{Path: path}, c.ids...)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}

// What is found is what a pattern finds that looks for each id by itself, wherever
// the blocks end in which the input is read.
func TestMentionsAreThePattern(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		some := rapid.StringMatching(`[ab1]{1,3}([-. ][ab1]{1,3}){0,3}`)
		ids := rapid.SliceOfN(some, 1, 5).Draw(rt, "ids")
		content := rapid.StringMatching(`([ab1]{1,4}[-. ,]{1,2}){1,30}`).Draw(rt, "content")
		var want []string
		for _, id := range ids {
			by := regexp.MustCompile(`(^|[^0-9a-z])` + regexp.QuoteMeta(id) + `($|[^0-9a-z])`)
			if by.MatchString(content) && !slices.Contains(want, id) {
				want = append(want, id)
			}
		}
		slices.Sort(want)
		m := NewMentions(Input{})
		for _, id := range ids {
			m.Add(id)
		}
		var got []string
		found := func(key string) error {
			if slices.Contains(ids, key) && !slices.Contains(got, key) {
				got = append(got, key)
			}
			return nil
		}
		for rest := content; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(rt, "block")
			if err := m.look([]byte(rest[:n]), found); err != nil {
				rt.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := m.end(found); err != nil {
			rt.Fatal(err)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("in %q (-want +got):\n%s", content, diff)
		}
	})
}

func BenchmarkMentions(b *testing.B) {
	var content bytes.Buffer
	for i := range 10_000 {
		fmt.Fprintf(&content, "rec-%08d,OPPORTUNITY,0061t00000AbCdEAAV,sf-prod,a note of some words\n", i)
	}
	m := NewMentions(Input{})
	for i := range 100_000 {
		m.Add(fmt.Sprintf("rec-%08d", 20_000+i))
	}
	b.SetBytes(int64(content.Len()))
	for b.Loop() {
		if err := m.look(content.Bytes(), func(string) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
