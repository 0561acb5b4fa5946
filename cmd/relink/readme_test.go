package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
)

// TestGoldenReadme keeps the tables of the README equal to what the program
// says: make golden writes them.
func TestGoldenReadme(t *testing.T) {
	t.Parallel()
	path := filepath.Join(root, "README.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(content)

	var codes strings.Builder
	codes.WriteString("| code | meaning | what to do |\n|---|---|---|\n")
	for _, code := range linker.Codes() {
		e, ok := linker.Explain(code)
		if !ok {
			t.Errorf("code %q has no explanation", code)
		}
		fmt.Fprintf(&codes, "| `%s` | %s | %s |\n", code, e.Meaning, e.Do)
	}
	var exits strings.Builder
	exits.WriteString("| status | meaning |\n|---|---|\n")
	for _, s := range statusTexts {
		fmt.Fprintf(&exits, "| %d | %s |\n", s.status, s.text)
	}
	got := section(t, section(t, want, "codes", codes.String()), "exits", exits.String())
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("README.md (-is +should be, make golden writes it):\n%s", diff)
	}
}

// section replaces the text between the two marks of that name.
func section(t *testing.T, text, name, with string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, "<!-- "+name+": written by make golden -->\n")
	_, after, ended := strings.Cut(rest, "<!-- end of "+name+" -->")
	if !ok || !ended {
		t.Fatalf("README.md has no section %q", name)
	}
	return before + "<!-- " + name + ": written by make golden -->\n" + with + "<!-- end of " + name + " -->" + after
}
