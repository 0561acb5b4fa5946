package text

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Thousands writes n with a comma between groups of three digits: 1,234,567.
func Thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural is n with the noun that fits it: "1 row", "2,000 rows".
func Plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Thousands(n) + " " + many
}

// Cut returns s when it has at most n bytes, else as many whole characters from
// its beginning as fit with "…" into n bytes.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:max(n, 0)] + "…"
}

// Printable replaces what would steer a terminal or begin another line: names
// of files, databases and hosts, and the sentences of servers, are chosen by
// others. Whatever shows such words shows them through this.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != ' ' && !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// Values longer than quotedBytes are cut in messages to shownBytes: ids fit, and
// a cell of a megabyte does not end up in the report.
const (
	quotedBytes = 80
	shownBytes  = 60 + len("…")
)

// namedCharacters is how many different characters of a value Quote names.
const namedCharacters = 3

// Quote returns s in quotes as Go writes it, or its beginning when it is long.
// Characters that cannot be distinguished from others on a screen (see
// [Lookalike]) are escaped, and are named after the quotes.
func Quote(s string) string {
	if len(s) > quotedBytes {
		s = Cut(s, shownBytes)
	}
	quoted := strconv.Quote(s)
	if !strings.ContainsFunc(s, func(r rune) bool { return Lookalike(r) != "" }) {
		return quoted
	}
	var escaped strings.Builder
	var names []string
	for _, r := range quoted {
		if name := Lookalike(r); name != "" {
			fmt.Fprintf(&escaped, `\u%04x`, r)
		} else {
			escaped.WriteRune(r)
		}
	}
	seen := map[rune]bool{}
	for _, r := range s {
		if name := Lookalike(r); name != "" && !seen[r] && len(names) < namedCharacters {
			seen[r] = true
			names = append(names, fmt.Sprintf(`\u%04x: %s`, r, name))
		}
	}
	return escaped.String() + " (" + strings.Join(names, ", ") + ")"
}

// OneOf lists words as a sentence does: "a, b or c".
func OneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Lines names lines of a file: "line 17", "lines 17, 42 and 3 more". more is how
// many there are beyond those given. The numbers have no separators, since they
// are typed into editors.
func Lines(lines []int64, more int64) string {
	var b strings.Builder
	b.WriteString("line")
	if int64(len(lines))+more != 1 {
		b.WriteString("s")
	}
	for i, n := range lines {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(" ")
		b.WriteString(strconv.FormatInt(n, 10))
	}
	if more > 0 {
		b.WriteString(" and " + strconv.FormatInt(more, 10) + " more")
	}
	return b.String()
}

// Wrap breaks s between words into lines of at most width characters. A word
// that is longer has a line of its own.
func Wrap(s string, width int) []string {
	var lines []string
	var line strings.Builder
	length := 0
	for _, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		if length > 0 && length+1+n > width {
			lines = append(lines, line.String())
			line.Reset()
			length = 0
		}
		if length > 0 {
			line.WriteByte(' ')
			length++
		}
		line.WriteString(word)
		length += n
	}
	if length > 0 {
		lines = append(lines, line.String())
	}
	return lines
}

// Distance is the number of bytes to insert, remove or change to make b of a.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// ShellQuote writes s as one word of a POSIX shell, as it is when nothing in it
// means anything to a shell.
func ShellQuote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:,+@%", r))
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
