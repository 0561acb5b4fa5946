package reports

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"relink/linker"
	"relink/linker/explain"
	"relink/linker/text"
)

// TextOptions describe what a text is written for. The zero value is plain text
// for a terminal of the usual size.
type TextOptions struct {
	// Width is the number of columns. Default: DefaultWidth. Paths and
	// commands are never cut: they have to be copied.
	Width int
	// Height is the number of lines a summary should take: reasons that do
	// not fit are counted instead of shown. Default: DefaultHeight.
	Height int
	// Color asks for terminal colours.
	Color bool
	// Notices are sentences shown under the verdict: why a guard refused, why
	// the prune was withheld.
	Notices []string
	// Next are the commands that make sense now, most useful first.
	Next []Step
}

// DefaultWidth and DefaultHeight are the size of a terminal that does not
// report its own.
const (
	DefaultWidth  = 80
	DefaultHeight = 24
)

// Text writes the summary of a run for a person: the verdict in one sentence,
// the counts by outcome, the reasons with what to do, where the files are and
// the next commands.
func Text(w io.Writer, s linker.Summary, o TextOptions) error {
	p := newPage(o)
	tone, verdict := Verdict(s)
	p.wrapped("", p.bold(p.toned(tone)), verdict)
	for _, n := range o.Notices {
		p.wrapped("", plain, n)
	}
	p.wrapped("", p.faint(), about(s))
	p.outcomes(s)

	// The files and commands come last and are always shown; the reasons get
	// the remaining lines.
	tail := newPage(o)
	tail.files(s.Files)
	tail.next(o.Next)
	const prompt = 1 // of the shell, below
	room := func() int { return p.height - len(p.lines) - len(tail.lines) - prompt }
	p.triggers(s, room())
	p.reasons(s.Reasons, room())

	for _, line := range append(p.lines, tail.lines...) {
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// page collects the lines of a text.
type page struct {
	width, height int
	color         bool
	lines         []string
}

func newPage(o TextOptions) *page {
	p := &page{width: o.Width, height: o.Height, color: o.Color}
	if p.width <= 0 {
		p.width = DefaultWidth
	}
	if p.height <= 0 {
		p.height = DefaultHeight
	}
	return p
}

func (p *page) line(format string, args ...any) {
	p.lines = append(p.lines, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// wrapped adds s in lines of the page's width, each indented by indent.
func (p *page) wrapped(indent string, style style, s string) {
	for _, line := range text.Wrap(text.Printable(s), p.width-width(indent)) {
		p.line("%s%s", indent, style(line))
	}
}

// about describes what was run, how much, for how long, and by whom.
func about(s linker.Summary) string {
	what := s.Kind
	if s.DryRun {
		what = "dry run of " + what
	}
	if s.Run != nil {
		what += fmt.Sprintf(" %d", *s.Run)
	}
	if s.Environment != "" {
		what += " on " + s.Environment
	}
	what += ": " + text.Plural(s.Rows, "row", "rows")
	if s.Source.Name != "" {
		what += " of " + s.Source.Name
	}
	if d, ok := duration(s); ok {
		what += " in " + took(d)
	}
	if !s.Applied && s.Kind != string(linker.Validate) {
		what += ", nothing written"
	}
	return what + by(s)
}

// by names who made the run and why, "" where neither is known.
func by(s linker.Summary) (who string) {
	if s.Operator != nil {
		who = s.Operator.String()
	}
	switch {
	case who != "" && s.Reason != "":
		return "; by " + who + ": " + s.Reason
	case who != "":
		return "; by " + who
	case s.Reason != "":
		return "; reason: " + s.Reason
	}
	return ""
}

// duration is how long the run took, false when that is not known. Times that
// were read from a summary.json are in whole seconds.
func duration(s linker.Summary) (time.Duration, bool) {
	d := s.FinishedAt.Sub(s.StartedAt)
	return d, d != 0 && !s.StartedAt.IsZero() && !s.FinishedAt.IsZero()
}

// outcomes adds the counts, the outcomes in their usual order. Those that are
// not rows of the input have no share in them.
func (p *page) outcomes(s linker.Summary) {
	names, numbers := 0, 0
	for o, n := range s.Outcomes {
		names = max(names, len(o))
		numbers = max(numbers, len(text.Thousands(n)))
	}
	p.line("")
	for _, o := range linker.Outcomes {
		n := s.Outcomes[o]
		if n == 0 {
			continue
		}
		share := "not rows of the file"
		if linker.Kind(s.Kind).IsInput(o) {
			share = fmt.Sprintf("%7s", percent(n, s.Rows))
		}
		if made := byPersons(s.PreviousTriggers, o); made > 0 {
			made := fmt.Sprintf("  %s made by a person", text.Thousands(made))
			if 2+names+2+numbers+2+len(share)+len(made) <= p.width {
				share += made
			}
		}
		p.line("  %s%*s  %*s  %s", p.outcome(o)(string(o)), names-len(o), "", numbers, text.Thousands(n), share)
	}
}

// byPersons returns how many of the replaced or cleared links had been made by
// a person; 0 for other outcomes.
func byPersons(counts []linker.TriggerCount, o linker.Outcome) (n int64) {
	for _, c := range counts {
		switch {
		case !c.ByPerson:
		case o == linker.Replaced:
			n += c.Replaced
		case o == linker.Cleared:
			n += c.Cleared
		}
	}
	return n
}

// triggers adds whose links are replaced or cleared, if that fits into room lines
// beside one of the reasons.
func (p *page) triggers(s linker.Summary, room int) {
	const oneReason = 4
	if len(s.Reasons) > 0 {
		room -= oneReason
	}
	var parts []string
	for _, c := range s.PreviousTriggers {
		parts = append(parts, text.Thousands(c.Links())+" "+cmp.Or(c.Trigger, "without a trigger"))
	}
	block := &page{width: p.width}
	block.line("")
	block.wrapped("  ", plain, "links replaced or cleared, by what had made them: "+strings.Join(parts, ", "))
	if len(parts) > 0 && len(block.lines) <= room {
		p.lines = append(p.lines, block.lines...)
	}
}

// reasons adds the codes with their counts, first lines and what to do, as
// many as fit into room lines.
func (p *page) reasons(reasons []linker.Reason, room int) {
	if len(reasons) == 0 {
		return
	}
	codeWidth, countWidth := 0, 0
	for _, r := range reasons {
		codeWidth = max(codeWidth, len(r.Code))
		countWidth = max(countWidth, len(text.Thousands(r.Count)))
	}
	p.line("")
	room--
	for i, r := range reasons {
		one := &page{width: p.width, color: p.color}
		head := fmt.Sprintf("  %-*s  %*s  ", codeWidth, r.Code, countWidth, text.Thousands(r.Count))
		one.line("%s%s", head, lineNumbers(r, p.width-width(head)))
		if r.Message != "" {
			one.wrapped("    ", plain, r.Message)
		}
		if e, ok := explain.Explain(r.Code); ok && e.Do != "" {
			one.wrapped("    ", p.faint(), e.Do)
		}
		for _, v := range r.Values {
			one.wrapped("    ", plain, offender(v))
		}
		more := 1 // the line that counts the reasons not shown
		if i == len(reasons)-1 {
			more = 0
		}
		// The first is shown even if the terminal has too few lines.
		if len(one.lines)+more > room && i > 0 {
			var rows int64
			for _, r := range reasons[i:] {
				rows += r.Count
			}
			p.line("  and %s for %s: see the report",
				text.Plural(int64(len(reasons)-i), "other reason", "other reasons"), text.Plural(rows, "row", "rows"))
			return
		}
		p.lines = append(p.lines, one.lines...)
		room -= len(one.lines)
	}
}

// offender describes a value for which several rows were refused.
func offender(v linker.Offender) string {
	told := fmt.Sprintf("%s × %s %s", text.Thousands(v.Count), v.Field, visible(v.Value, 80))
	if v.Flag != "" {
		told += ": " + v.Flag
	}
	return told
}

// lineNumbers lists the first lines of a reason, as many as fit.
func lineNumbers(r linker.Reason, room int) string {
	if len(r.Lines) == 0 {
		return ""
	}
	out := "line"
	if r.Count > 1 {
		out = "lines"
	}
	for i, n := range r.Lines {
		// Without separators: the numbers are typed into editors.
		sep, number := ", ", strconv.FormatInt(n, 10)
		if i == 0 {
			sep = " "
		}
		rest := ""
		if int64(i+1) < r.Count {
			rest = ", …"
		}
		if i > 0 && len(out)+len(sep)+len(number)+width(rest) > room {
			return out + ", …"
		}
		out += sep + number
	}
	if int64(len(r.Lines)) < r.Count {
		out += ", …"
	}
	return out
}

// fileOrder is the order in which files are shown, by their key in
// summary.json; others follow by name.
var fileOrder = []string{"report", "rejects", "reasons", "map", "unmapped", "links", "summary", "html"}

// files adds where the files are.
func (p *page) files(files map[string]string) {
	if len(files) == 0 {
		return
	}
	var paths []string
	for _, key := range fileKeys(files) {
		paths = append(paths, files[key])
	}
	p.line("")
	dir := filepath.Dir(paths[0])
	if slices.ContainsFunc(paths, func(path string) bool { return filepath.Dir(path) != dir }) {
		p.labelled("files", paths)
		return
	}
	for i, path := range paths {
		paths[i] = filepath.Base(path)
	}
	p.labelled("files", []string{dir + string(filepath.Separator)})
	p.wrapped(indent, plain, strings.Join(paths, ", "))
}

// indent is as wide as the labels of the files and commands.
const indent = "       "

// labelled adds lines that are never cut, the first one behind a label.
func (p *page) labelled(label string, lines []string) {
	for i, line := range lines {
		lead := indent
		if i == 0 {
			lead = p.bold(plain)(label) + indent[len(label):]
		}
		p.line("%s%s", lead, text.Printable(line))
	}
}

// fileKeys are the keys of files in the order in which they are shown.
func fileKeys(files map[string]string) []string {
	var keys []string
	for key := range files {
		keys = append(keys, key)
	}
	place := func(key string) int {
		if i := slices.Index(fileOrder, key); i >= 0 {
			return i
		}
		return len(fileOrder)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if d := place(a) - place(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return keys
}

// next adds the commands that make sense now.
func (p *page) next(steps []Step) {
	var commands []string
	for _, s := range steps {
		commands = append(commands, s.Command)
	}
	p.labelled("next", commands)
}

// width returns the approximate number of columns of s: lines with wide
// characters wrap too early or too late, nothing worse.
func width(s string) int { return utf8.RuneCountInString(s) }
