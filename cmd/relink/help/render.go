package help

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// margin is the indent of everything but headings.
	margin = "  "
	// widest is the maximum width of prose on a wide terminal: longer lines are
	// hard to read.
	widest = 100
	// widestTerm is the first column of a table that has its second one
	// beside it. Wider ones get lines of their own.
	widestTerm = 36
)

// Style is how a page is rendered.
type Style struct {
	// Width is the number of columns. Default: 80.
	Width int
	// Bold marks headings with the escape sequences of a terminal.
	Bold bool
}

// Render formats Markdown for a terminal. Code blocks are never wrapped, since
// they are copied.
func Render(markdown string, s Style) string {
	if s.Width <= 0 {
		s.Width = 80
	}
	r := renderer{style: s}
	r.style.Width = min(r.style.Width, widest)
	lines := strings.Split(comments.ReplaceAllString(markdown, ""), "\n")
	for len(lines) > 0 {
		lines = lines[r.block(lines):]
	}
	return strings.Join(r.out, "\n") + "\n"
}

var (
	comments = regexp.MustCompile(`(?s)<!--.*?-->\n?`)
	item     = regexp.MustCompile(`^(-|\d+\.) +`)
	divider  = regexp.MustCompile(`^\|[-:| ]+\|$`)
	link     = regexp.MustCompile(`\[([^\]]+)\]\(([^)]+)\)`)
	code     = regexp.MustCompile("`([^`]+)`")
)

type renderer struct {
	style Style
	out   []string
}

// block renders the block that lines begin with and returns how many lines it
// has, always at least one.
func (r *renderer) block(lines []string) int {
	switch first := lines[0]; {
	case strings.TrimSpace(first) == "":
		return 1
	case strings.HasPrefix(first, "#"):
		r.heading(inline(strings.TrimLeft(first, "# ")))
		return 1
	case strings.HasPrefix(first, "```"):
		n := 1 + count(lines[1:], func(l string) bool { return !strings.HasPrefix(l, "```") })
		r.code(lines[1:n])
		return min(n+1, len(lines))
	case strings.HasPrefix(first, "|"):
		n := count(lines, func(l string) bool { return strings.HasPrefix(l, "|") })
		r.table(lines[:n])
		return n
	case item.MatchString(first):
		n := count(lines, func(l string) bool { return item.MatchString(l) || strings.HasPrefix(l, "  ") })
		r.list(lines[:n])
		return n
	}
	n := max(1, count(lines, func(l string) bool {
		return strings.TrimSpace(l) != "" && !strings.HasPrefix(l, "```") && !strings.HasPrefix(l, "|") && !item.MatchString(l)
	}))
	r.blank()
	r.wrapped(margin, margin, inline(strings.Join(lines[:n], " ")))
	return n
}

// count returns how many lines from the first on hold.
func count(lines []string, holds func(string) bool) int {
	if n := slices.IndexFunc(lines, func(l string) bool { return !holds(l) }); n >= 0 {
		return n
	}
	return len(lines)
}

// blank separates a block from the previous one.
func (r *renderer) blank() {
	if len(r.out) > 0 {
		r.out = append(r.out, "")
	}
}

func (r *renderer) heading(text string) {
	r.blank()
	if r.style.Bold {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	r.out = append(r.out, text)
}

func (r *renderer) code(lines []string) {
	r.blank()
	for _, l := range lines {
		r.out = append(r.out, strings.TrimRight(margin+margin+l, " "))
	}
}

func (r *renderer) list(lines []string) {
	r.blank()
	for len(lines) > 0 {
		marker := item.FindString(lines[0])
		n := 1 + count(lines[1:], func(l string) bool { return !item.MatchString(l) })
		text := strings.TrimPrefix(strings.Join(lines[:n], " "), marker)
		r.wrapped(margin+marker, margin+strings.Repeat(" ", len(marker)), inline(text))
		lines = lines[n:]
	}
}

// table puts its columns side by side as long as they are narrow. The remaining
// cells go below each other: beside the first column if it is narrow enough,
// otherwise below it.
func (r *renderer) table(lines []string) {
	var rows [][]string
	for _, l := range lines {
		if !divider.MatchString(l) {
			rows = append(rows, cells(l))
		}
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, c := range row[:min(len(row), len(widths))] {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	beside, indent := 0, len(margin) // how many columns stand side by side, and where the next begins
	total := indent
	for _, w := range widths {
		total += w + 2
	}
	for beside < len(widths)-1 && (indent+widths[beside]+2 <= widestTerm || total-2 <= r.style.Width) {
		indent += widths[beside] + 2
		beside++
	}
	if beside < len(widths)-1 || rows[0][0] == "" {
		rows = rows[1:] // the headings would name nothing
	}
	r.blank()
	for _, row := range rows {
		lead := margin
		for i, c := range row[:beside] {
			lead += c + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)+2)
		}
		if beside == 0 {
			r.wrapped(margin, margin, row[0])
			row, lead = row[1:], margin+margin+margin
		}
		rest := strings.Repeat(" ", utf8.RuneCountInString(lead))
		for _, c := range row[beside:] {
			if c != "" || lead != rest {
				r.wrapped(lead, rest, c)
			}
			lead = rest
		}
	}
}

// cells splits a row of a table. A | inside a cell is written \|.
func cells(line string) []string {
	const escaped = "\x00"
	line = strings.ReplaceAll(strings.Trim(line, "|"), `\|`, escaped)
	row := strings.Split(line, "|")
	for i, c := range row {
		c = strings.TrimSpace(strings.ReplaceAll(c, escaped, "|"))
		if whole := code.FindString(c); whole == c {
			row[i] = strings.Trim(c, "`")
		} else {
			row[i] = inline(c)
		}
	}
	return row
}

// unbroken stands for a blank at which a line must not be broken.
const unbroken = "\u00a0"

// inline removes the markup from text. Code of several words gets quotes, to
// show where it ends.
func inline(text string) string {
	text = link.ReplaceAllStringFunc(text, func(s string) string {
		parts := link.FindStringSubmatch(s)
		if strings.Contains(parts[2], "://") {
			return parts[1] + " (" + parts[2] + ")"
		}
		return parts[1]
	})
	// What stands in code is not to be read as marks.
	var b strings.Builder
	for {
		at := code.FindStringIndex(text)
		if at == nil {
			return b.String() + strings.ReplaceAll(text, "**", "")
		}
		b.WriteString(strings.ReplaceAll(text[:at[0]], "**", ""))
		span := text[at[0]+1 : at[1]-1]
		if strings.Contains(span, " ") {
			span = `"` + strings.ReplaceAll(span, " ", unbroken) + `"`
		}
		b.WriteString(span)
		text = text[at[1]:]
	}
}

// wrapped adds text in lines of the page's width, the first one after first,
// the others after rest.
func (r *renderer) wrapped(first, rest, text string) {
	line := first
	empty := true
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == '\n' }) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > r.style.Width {
			r.add(line)
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	r.add(line)
}

func (r *renderer) add(line string) {
	r.out = append(r.out, strings.TrimRight(strings.ReplaceAll(line, unbroken, " "), " "))
}
