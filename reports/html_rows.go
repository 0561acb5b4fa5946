package reports

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"relink/linker"
	"relink/linker/explain"
	"relink/linker/guard"
	"relink/linker/text"
)

// outcomesView is the stacked bar with the table that shows the same numbers.
type outcomesView struct {
	Segments   []segment
	Label      string
	Caption    string
	Order      string
	Rows       []outcomeView
	Sum, Check string
	Beside     []outcomeView // extra and cleared, which are not rows of the input
}

type outcomeView struct{ Name, Count, Share, Meaning string }

// segment is a piece of a stacked bar.
type segment struct {
	Name, Count, Share string
	Grow               int64
	Wide               bool // there is room for a word in it
}

// meanings describe each outcome in words that fit both a plan and a report.
var meanings = map[linker.Outcome]string{
	linker.Created:     "no link before, linked to the row's target",
	linker.Replaced:    "linked elsewhere before; that link is cleared and kept as history",
	linker.Linked:      "linked; the server does not say what was there before",
	linker.Unchanged:   "linked to this target already, nothing to write",
	linker.Superseded:  "a later row of the same recording wins, as asked for",
	linker.Kept:        "the current link stays, as asked for",
	linker.Valid:       "nothing wrong that a file can tell",
	linker.Reverted:    "the change of the earlier run is taken back",
	linker.Rejected:    "the row breaks a rule; the reasons are below",
	linker.Failed:      "the database refused the row; send it again",
	linker.Unattempted: "the run stopped before the row's turn; send it again",
	linker.Extra:       "a current link that the file does not mention; not a row of the file",
	linker.Cleared:     "such a link, cleared; not a row of the file",
}

func newOutcomesView(s linker.Summary) *outcomesView {
	v := &outcomesView{Caption: "What the run did", Order: "in the order of the bar, from left to right", Sum: text.Thousands(s.Rows)}
	switch {
	case s.Kind == string(linker.Validate):
		v.Caption = "What the check of the file found; no database was asked"
	case !s.Applied:
		v.Caption = "What the run would do; nothing was written"
	}
	var counts tallies
	var sum int64
	for i, o := range linker.Outcomes {
		n := s.Outcomes[o]
		if n == 0 {
			continue
		}
		row := outcomeView{Name: string(o), Count: text.Thousands(n), Meaning: meanings[o]}
		isInput := linker.Kind(s.Kind).IsInput(o)
		if isInput && o == linker.Cleared {
			row.Meaning = "the link to this target is cleared"
		}
		if !isInput {
			v.Beside = append(v.Beside, row)
			continue
		}
		counts[i], sum = n, sum+n
		row.Share = percent(n, s.Rows)
		v.Rows = append(v.Rows, row)
	}
	v.Segments, v.Label = segments(&counts)
	switch {
	case sum == s.Rows:
		v.Check = "adds up: every row read has exactly one outcome"
	case sum == 0:
		v.Check = "the run stopped before any of them had an outcome"
	default:
		v.Check = "does not add up: " + text.Plural(sum, "row has", "rows have") + " an outcome"
	}
	return v
}

// segments returns the pieces of the bar for counts, and its text for screen
// readers.
func segments(counts *tallies) ([]segment, string) {
	all := counts.rows()
	var list []segment
	var label []string
	for i, n := range counts {
		if n == 0 {
			continue
		}
		s := segment{
			Name: string(linker.Outcomes[i]), Count: text.Thousands(n), Share: percent(n, all),
			Grow: n, Wide: n*100 >= all*18,
		}
		list = append(list, s)
		label = append(label, s.Name+" "+s.Share)
	}
	return list, strings.Join(label, ", ")
}

// reasonView is a code with what the reader needs to know about it.
type reasonView struct {
	Code, Count, Rows, Share         string
	Meaning, Cause, Remedy, Do, When string
	Lines                            string
	Values                           []string
	Open                             bool // unfolded when the page opens
	Examples                         []exampleView
}

type exampleView struct {
	Row, Line, Recording, Message string
	Target                        []pair
}

// openReasons are unfolded: the first few nearly always cover nearly all rows.
const openReasons = 3

func newReasonViews(p Page, examples int) []reasonView {
	var list []reasonView
	for i, r := range p.Summary.Reasons {
		e, _ := explain.Explain(r.Code)
		v := reasonView{
			Code: visible(string(r.Code), 40), Count: text.Thousands(r.Count), Rows: text.Plural(r.Count, "row", "rows"),
			Share:   percent(r.Count, p.Summary.Rows),
			Meaning: e.Meaning, Cause: e.Cause, Remedy: e.Remedy, Do: e.Do, When: e.When,
			Lines: firstLines(r), Open: i < openReasons,
		}
		for _, value := range r.Values {
			v.Values = append(v.Values, visible(offender(value), 300))
		}
		if p.Sample != nil {
			found := p.Sample.examples[r.Code]
			for _, x := range found[:min(len(found), examples)] {
				v.Examples = append(v.Examples, newExampleView(x))
			}
		}
		list = append(list, v)
	}
	return list
}

func firstLines(r linker.Reason) string {
	var list []string
	for _, n := range r.Lines {
		list = append(list, strconv.FormatInt(n, 10))
	}
	if len(list) > 0 && int64(len(list)) < r.Count {
		list = append(list, "…")
	}
	return strings.Join(list, ", ")
}

func newExampleView(x Example) exampleView {
	v := exampleView{
		Row: number(x.Row), Line: number(x.Line),
		Recording: visible(x.Fields.RecordingID, sampleBytes), Message: visible(x.Message, sampleMessage),
	}
	for f := range linker.FieldCount {
		if value := *x.Fields.At(f); value != "" && f != linker.FieldRecordingID {
			v.Target = append(v.Target, pair{Name: f.String(), Value: visible(value, sampleBytes)})
		}
	}
	return v
}

// breakdownView is a table of rows by something they have in common.
type breakdownView struct {
	Caption, What, Counted string
	Bars                   bool
	Rows                   []partView
}

type partView struct {
	Name, Platform, ID, Count, Refused, Share, Label string
	Segments                                         []segment
}

// shownParts is how many lines a breakdown has; the rest is one more line.
const shownParts = 20

func newBreakdownViews(p Page) []breakdownView {
	var list []breakdownView
	// The rows of a revert are changes: they name a recording and nothing else.
	if p.Sample != nil && p.Summary.Kind != string(linker.Revert) {
		list = append(list, byConnection(p), byDataType(p.Sample))
	}
	list = append(list, byTrigger(p.Summary))
	if len(p.Touched) > 0 {
		list = append(list, byOrganization(p.Touched, p.Summary.Applied))
	}
	return slices.DeleteFunc(list, func(b breakdownView) bool { return len(b.Rows) == 0 })
}

func byConnection(p Page) breakdownView {
	v := breakdownView{Caption: "By the connection that the row names", What: "Connection", Counted: "Rows", Bars: true}
	names := p.Sample.Connections()
	rest := p.Sample.others
	for i, id := range names {
		if i >= shownParts {
			rest.add(p.Sample.connections[id])
			continue
		}
		part := newPartView(visible(id, sampleBytes), p.Sample.connections[id])
		if c, ok := p.Connections[id]; ok && cmp.Or(c.Name, c.Platform) != "" {
			part.ID, part.Name = part.Name, visible(cmp.Or(c.Name, c.Platform), sampleBytes)
			if c.Name != "" {
				part.Platform = visible(c.Platform, sampleBytes)
			}
		}
		v.Rows = append(v.Rows, part)
	}
	if rest.rows() > 0 {
		v.Rows = append(v.Rows, newPartView("other connections", &rest))
	}
	if none := p.Sample.connections[""]; none != nil {
		v.Rows = append(v.Rows, newPartView("none named, rows with an id", none))
	}
	return v
}

func byDataType(s *Sample) breakdownView {
	v := breakdownView{Caption: "By data type", What: "Data type", Counted: "Rows", Bars: true}
	for _, name := range linker.DataTypes {
		if t := s.dataTypes[name]; t != nil && t.rows() > 0 {
			v.Rows = append(v.Rows, newPartView(name, t))
		}
	}
	if t := s.dataTypes[""]; t != nil && t.rows() > 0 {
		v.Rows = append(v.Rows, newPartView("none, or not a data type", t))
	}
	return v
}

func byTrigger(s linker.Summary) breakdownView {
	v := breakdownView{Caption: "Links that were replaced or cleared, by what had made them", What: "Trigger", Counted: "Links"}
	if !s.Applied {
		v.Caption = "Links that would be replaced or cleared, by what has made them"
	}
	for _, c := range s.PreviousTriggers {
		name := cmp.Or(c.Trigger, "none")
		if c.ByPerson {
			name += ", by a person"
		}
		v.Rows = append(v.Rows, partView{Name: name, Count: text.Thousands(c.Links())})
	}
	return v
}

func byOrganization(touched []guard.OrganizationCount, applied bool) breakdownView {
	v := breakdownView{Caption: "Recordings whose link changed, by organization", What: "Organization", Counted: "Recordings"}
	if !applied {
		v.Caption = "Recordings whose link would change, by organization"
	}
	touched = slices.Clone(touched)
	slices.SortFunc(touched, func(a, b guard.OrganizationCount) int {
		return cmp.Or(cmp.Compare(b.Recordings, a.Recordings), cmp.Compare(a.Organization, b.Organization))
	})
	var rest int64
	for i, o := range touched {
		if i >= shownParts {
			rest += o.Recordings
			continue
		}
		v.Rows = append(v.Rows, partView{Name: visible(o.Organization, sampleBytes), Count: text.Thousands(o.Recordings)})
	}
	if rest > 0 {
		v.Rows = append(v.Rows, partView{Name: "other organizations", Count: text.Thousands(rest)})
	}
	return v
}

func newPartView(name string, t *tallies) partView {
	var bad int64
	for i, o := range linker.Outcomes {
		if NeedsRetry(o) {
			bad += t[i]
		}
	}
	v := partView{Name: name, Count: text.Thousands(t.rows()), Refused: text.Thousands(bad), Share: percent(bad, t.rows())}
	v.Segments, v.Label = segments(t)
	return v
}
