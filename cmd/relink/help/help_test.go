package help

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestEveryFileIsATopic compares the list of topics with the files.
func TestEveryFileIsATopic(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".md")
	}
	listed := slices.Sorted(slices.Values(Names()))
	slices.Sort(files)
	if diff := cmp.Diff(files, listed); diff != "" {
		t.Errorf("topics (-files +listed):\n%s", diff)
	}
}

// TestTopicsFitTheTerminal renders every topic for the usual terminal, and
// refuses markup that Render does not support.
func TestTopicsFitTheTerminal(t *testing.T) {
	t.Parallel()
	for _, topic := range Topics() {
		t.Run(topic.Name, func(t *testing.T) {
			t.Parallel()
			if n := utf8.RuneCountInString(topic.Title); n > 61 {
				t.Errorf("the title has %d characters, want at most 61: it stands in a list", n)
			}
			blanks := 0
			for _, line := range strings.Split(Render(topic.Markdown, Style{}), "\n") {
				if utf8.RuneCountInString(line) > 80 {
					t.Errorf("wider than 80 columns: %s", line)
				}
				prose := !strings.HasPrefix(line, margin+margin)
				for _, noise := range []string{"`", "**", "](", "|--", "<!--", "\u00a0", "\x1b"} {
					if prose && strings.Contains(line, noise) {
						t.Errorf("%q is left: %s", noise, line)
					}
				}
				if blanks++; line != "" {
					blanks = 0
				}
				if blanks == 2 && prose {
					t.Error("two empty lines in a row")
				}
			}
		})
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, markdown, want string
		style                Style
	}{
		{
			name:     "headings and paragraphs",
			markdown: "# A title\n\nOne **bold** line\nand another.\n\n## Part two\nText `--flag` and `two words`.\n",
			want:     "A title\n\n  One bold line and another.\n\nPart two\n\n  Text --flag and \"two words\".\n",
		},
		{
			name:     "a paragraph is wrapped, code in it is not broken",
			markdown: "one two three `relink resume RUN` four\n",
			style:    Style{Width: 26},
			want:     "  one two three\n  \"relink resume RUN\" four\n",
		},
		{
			name:     "links",
			markdown: "See [here](#there) and [the page](https://example.org/).\n",
			want:     "  See here and the page (https://example.org/).\n",
		},
		{
			name:     "code stays as it is",
			markdown: "```sh\na **b** `c`\n\n  # d\n```\n",
			want:     "    a **b** `c`\n\n      # d\n",
		},
		{
			name:     "lists",
			markdown: "- one two three\n  four\n- five\n\n1. six\n2. seven\n",
			style:    Style{Width: 14},
			want:     "  - one two\n    three four\n  - five\n\n  1. six\n  2. seven\n",
		},
		{
			name:     "a narrow table has two columns and its headings",
			markdown: "| a | b |\n|---|---|\n| `one` | two three |\n",
			style:    Style{Width: 12},
			want:     "  a    b\n  one  two\n       three\n",
		},
		{
			name:     "three columns that do not fit stand below each other",
			markdown: "| a | b | c |\n|---|---|---|\n| 1 | two three four five six seven eight nine ten eleven twelve | x\\|y |\n",
			style:    Style{Width: 50},
			want:     "  1  two three four five six seven eight nine ten\n     eleven twelve\n     x|y\n",
		},
		{
			name:     "a wide first column has lines of its own",
			markdown: "| a | b |\n|---|---|\n| one two three four five six seven eight | nine |\n",
			style:    Style{Width: 44},
			want:     "  one two three four five six seven eight\n      nine\n",
		},
		{
			name:     "comments are dropped",
			markdown: "<!-- written -->\ntext\n<!-- end -->\n",
			want:     "  text\n",
		},
		{
			name:     "bold headings",
			markdown: "# A\n",
			style:    Style{Bold: true},
			want:     "\x1b[1mA\x1b[0m\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, Render(c.markdown, c.style)); diff != "" {
				t.Errorf("Render (-want +got):\n%s", diff)
			}
		})
	}
}
