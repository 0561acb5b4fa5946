package reports

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"relink/linker"
	"relink/linker/text"
)

//go:embed page/report.html.tmpl
var reportTemplate string

//go:embed page/report.css
var reportStyle string

// maxHTML is the maximum size of report.html, so that it can be mailed and
// opens quickly on a phone. Only hostile input reaches it.
const maxHTML = 300 << 10

// WriteHTML writes report.html: a single self-contained file, without scripts
// and with a policy that forbids them. Everything from the input is shown as
// text.
func WriteHTML(w io.Writer, p Page) error {
	t, err := template.New("report.html").Funcs(template.FuncMap{"flags": flags}).Parse(reportTemplate)
	if err != nil {
		return fmt.Errorf("reading the template of report.html: %w", err)
	}
	// Reduce the examples until the page is small enough; in practice the first
	// attempt is.
	var b bytes.Buffer
	for examples := sampleExamples; ; examples-- {
		b.Reset()
		if err := t.Execute(&b, newView(p, examples)); err != nil {
			return fmt.Errorf("writing report.html: %w", err)
		}
		if b.Len() < maxHTML || examples == 0 {
			break
		}
	}
	_, err = w.Write(b.Bytes())
	return err
}

var flagPattern = regexp.MustCompile(`--[a-z]+(-[a-z]+)*`)

// flags returns a text in which the names of flags are marked as code, which
// keeps them in one piece. The text is escaped first, and escaping produces
// nothing that looks like a flag.
func flags(s string) template.HTML {
	escaped := template.HTMLEscapeString(s)
	return template.HTML(flagPattern.ReplaceAllString(escaped, `<code class="flag">$0</code>`))
}

// view is what the template shows: texts that are ready, in their order.
type view struct {
	Style      template.CSS
	Title      string
	Tone       Tone
	Kicker     string
	Badge      string
	Verdict    string
	Notices    []string
	Facts      []pair
	Outcomes   *outcomesView
	Next       []Step
	Reasons    []reasonView
	Breakdowns []breakdownView
	Drift      *driftView
	Phases     []phaseView
	Identity   []pair
	Files      []fileView
	Options    []pair
	Footer     string
}

type pair struct {
	Name, Value string
	Code        bool // a value made by machines
}

type phaseView struct {
	Name, Took, Share, Rows, Rate string
	Sum                           bool
}

// fileView links to a file next to the report; Href is "" for one that is
// somewhere else.
type fileView struct{ Name, Href string }

func newView(p Page, examples int) view {
	s := p.Summary
	tone, verdict := Verdict(s)
	what := "relink " + s.Kind
	if s.Run != nil {
		what += fmt.Sprintf(" %d", *s.Run)
	}
	kicker := what
	if s.DryRun {
		kicker += ", a dry run"
	}
	if !s.StartedAt.IsZero() {
		kicker += ", " + s.StartedAt.UTC().Format("2 January 2006, 15:04 UTC")
	}
	footer := "Made by relink"
	if p.Version != "" {
		footer += " " + visible(p.Version, 100)
	}
	v := view{
		Style:      template.CSS(reportStyle),
		Title:      what + ": " + verdict,
		Tone:       tone,
		Kicker:     kicker,
		Badge:      map[Tone]string{Good: "✓ In order", Look: "! Needs a look", Bad: "✕ Stopped"}[tone],
		Verdict:    verdict,
		Facts:      facts(p),
		Outcomes:   newOutcomesView(s),
		Reasons:    newReasonViews(p, examples),
		Breakdowns: newBreakdownViews(p),
		Drift:      newDriftView(p.Drift),
		Phases:     newPhaseViews(p.Phases),
		Identity:   identity(p),
		Files:      newFileViews(s.Files),
		Footer:     footer + ". This page holds no script and loads nothing from any network.",
	}
	for _, n := range p.Notices {
		v.Notices = append(v.Notices, visible(n, 1000))
	}
	for _, c := range p.Next {
		v.Next = append(v.Next, Step{Why: visible(c.Why, 200), Command: visible(c.Command, 1000)})
	}
	for _, o := range p.Options {
		v.Options = append(v.Options, pair{Name: visible(o.Name, 100), Value: visible(o.Value, 500)})
	}
	return v
}

// facts are the numbers under the verdict.
func facts(p Page) []pair {
	s := p.Summary
	var list []pair
	if s.Environment != "" {
		list = append(list, pair{Name: "Environment", Value: visible(s.Environment, 60)})
	}
	if s.Source.Name != "" {
		list = append(list, pair{Name: "Source", Value: visible(filepath.Base(s.Source.Name), 60)})
	}
	list = append(list, pair{Name: "Rows read", Value: text.Thousands(s.Rows)})
	if bad := s.Outcomes.NotThrough(); bad > 0 {
		list = append(list, pair{Name: "Not through", Value: text.Thousands(bad) + " (" + percent(bad, s.Rows) + ")"})
	}
	if s.Kind == string(linker.Reconcile) {
		list = append(list, pair{Name: "Links that differ", Value: text.Thousands(s.Outcomes.Drift(s.LeftAlone))})
	}
	switch {
	case s.Kind == string(linker.Validate):
	case !s.Applied:
		list = append(list, pair{Name: "Links written", Value: "none"})
	default:
		list = append(list, pair{Name: "Links written", Value: text.Thousands(s.Outcomes.Written())})
	}
	if d, ok := duration(s); ok {
		list = append(list, pair{Name: "Took", Value: took(d)})
		if busy := atWork(p.Phases); busy > 0 && d-busy > max(d/10, time.Second) {
			// It was interrupted and resumed later, or had to wait.
			list = append(list, pair{Name: "Of that working", Value: took(busy)})
			d = busy
		}
		if rate := perSecond(s.Rows-s.Outcomes[linker.Unattempted], d); rate != "" {
			list = append(list, pair{Name: "Rows a second", Value: rate})
		}
	}
	return append(list, pair{Name: "Exit status", Value: exitStatus(s.ExitStatus)})
}

// atWork is the time of all phases.
func atWork(phases []Phase) (all time.Duration) {
	for _, p := range phases {
		all += p.Took
	}
	return all
}

func exitStatus(s linker.ExitStatus) string {
	if s.Text() == "" {
		return strconv.Itoa(int(s))
	}
	return strconv.Itoa(int(s)) + ": " + s.Text()
}

// identity returns what identifies the run and its source.
func identity(p Page) []pair {
	s := p.Summary
	var list []pair
	add := func(name, value string, code bool) {
		if value != "" {
			list = append(list, pair{name, visible(value, 500), code})
		}
	}
	if s.Run != nil {
		add("Run", strconv.FormatInt(*s.Run, 10), false)
	}
	if s.Operator != nil {
		add("Operator", s.Operator.String(), false)
	}
	if s.Reason != "" {
		list = append(list, pair{Name: "Reason", Value: visible(s.Reason, 4*linker.MaxReason)})
	}
	if s.ApprovedRun != 0 {
		add("Approved plan", fmt.Sprintf("that of run %d", s.ApprovedRun), false)
	}
	add("State", s.State, false)
	add("Source", s.Source.Name, true)
	if s.Source.SHA256 != "" {
		add("Size", text.Thousands(s.Source.Bytes)+" bytes", false)
		add("SHA-256", s.Source.SHA256, true)
	}
	for _, at := range []struct {
		name string
		time time.Time
	}{{"Started", s.StartedAt}, {"Finished", s.FinishedAt}} {
		if !at.time.IsZero() {
			add(at.name, at.time.UTC().Format("2006-01-02 15:04:05 UTC"), false)
		}
	}
	add("Database", s.Database.Name, true)
	add("Environment", s.Environment, true)
	add("Schema", s.Database.Schema, true)
	add("Role", s.Database.Role, true)
	add("Server", s.Database.Server, true)
	add("Host", p.Host, true)
	add("Version", p.Version, true)
	return list
}

func newPhaseViews(phases []Phase) []phaseView {
	all := atWork(phases)
	var list []phaseView
	for _, p := range phases {
		v := phaseView{Name: visible(p.Name, 100), Took: took(p.Took), Share: percent(int64(p.Took), int64(all))}
		if p.Rows > 0 {
			v.Rows, v.Rate = text.Thousands(p.Rows), perSecond(p.Rows, p.Took)
		}
		list = append(list, v)
	}
	if len(list) > 1 {
		list = append(list, phaseView{Name: "together", Took: took(all), Sum: true})
	}
	return list
}

// perSecond returns a rate with three significant digits, "" when the time is
// too short to measure.
func perSecond(n int64, d time.Duration) string {
	if d < time.Millisecond || n == 0 {
		return ""
	}
	rate := int64(float64(n) / d.Seconds())
	for unit := int64(1); ; unit *= 10 {
		if rate/unit < 1000 {
			return text.Thousands(rate / unit * unit)
		}
	}
}

func newFileViews(files map[string]string) []fileView {
	dir := filepath.Dir(files["html"])
	var list []fileView
	for _, key := range fileKeys(files) {
		path := files[key]
		switch {
		case key == "html":
			continue // this page
		case filepath.Dir(path) == dir || files["html"] == "":
			list = append(list, fileView{visible(filepath.Base(path), 200), "./" + filepath.Base(path)})
		default:
			list = append(list, fileView{Name: visible(path, 500)})
		}
	}
	return list
}

// visible returns s as it can be shown: cut after n bytes, and with a name in
// place of each character that is invisible or that reorders the text around it
// (bidirectional marks, control characters, zero-width spaces).
func visible(s string, n int) string {
	s = text.Cut(s, n)
	plain := true
	for _, r := range s {
		plain = plain && unicode.IsGraphic(r) && r != unicode.ReplacementChar
	}
	if plain {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, "⟨%02X⟩", s[i]) // a byte that is not UTF-8
		case !unicode.IsGraphic(r):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
