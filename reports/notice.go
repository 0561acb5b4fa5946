package reports

import (
	"encoding/json"
	"fmt"
	"strings"

	"relink/linker"
	"relink/linker/text"
)

// Notice tells people how a run ended: in counts and codes, never in the ids or
// names of recordings and CRM rows, since it leaves the house.
type Notice struct {
	// Summary is that of the run, nil when it did not come to have one.
	Summary *linker.Summary
	// Status is how it ended, Previous how the last run of the same job did, nil
	// when that is not known.
	Status   linker.ExitStatus
	Previous *linker.ExitStatus
	Command  string // relink reconcile
	Host     string
	Skipped  bool // there was nothing to do
}

// noticeReasons is how many reasons a notice names.
const noticeReasons = 5

// Changed reports whether the run ended otherwise than the one before. Where that
// is not known, an end that is not well is a change.
func (n *Notice) Changed() bool {
	if n.Skipped {
		return false
	}
	if n.Previous == nil {
		return n.Status != linker.ExitOK
	}
	return n.Status != *n.Previous
}

// recovered reports whether all is well again.
func (n *Notice) recovered() bool {
	return n.Status == linker.ExitOK && n.Previous != nil && *n.Previous != linker.ExitOK
}

// Text is the notice for people, of a few lines.
func (n *Notice) Text() string {
	var b strings.Builder
	b.WriteString(n.Command)
	if s := n.Summary; s != nil {
		if s.Run != nil {
			fmt.Fprintf(&b, ", run %d", *s.Run)
		}
		if s.DryRun {
			b.WriteString(" (dry run)")
		}
		fmt.Fprintf(&b, " of %s", text.Printable(s.Source.Name))
	}
	fmt.Fprintf(&b, " on %s: %s", n.Host, n.ended())
	if s := n.Summary; s != nil {
		fmt.Fprintf(&b, "\n%s: %s", text.Plural(s.Rows, "row", "rows"), s.Outcomes)
		for i, r := range n.reasons() {
			sep := ", "
			if i == 0 {
				sep = "\nreasons: "
			}
			fmt.Fprintf(&b, "%s%s %s", sep, text.Thousands(r.Count), r.Code)
		}
		if report := n.folder(); report != "" {
			fmt.Fprintf(&b, "\nfiles: %s", text.Printable(report))
		}
	}
	return b.String()
}

// ended says how the run ended, and how the one before had.
func (n *Notice) ended() string {
	said := n.Status.Text()
	switch {
	case n.Skipped:
		said = "nothing to do"
	case n.recovered():
		said = "all is well again"
	}
	said += fmt.Sprintf(" (exit status %d", n.Status)
	if n.Previous != nil && *n.Previous != n.Status {
		said += fmt.Sprintf("; the run before: %d, %s", *n.Previous, n.Previous.Text())
	}
	return said + ")"
}

// noticeReason is a reason without the values and sentences that name rows.
type noticeReason struct {
	Code  linker.Code `json:"code"`
	Count int64       `json:"count"`
}

func (n *Notice) reasons() []noticeReason {
	list := []noticeReason{}
	for _, r := range n.Summary.Reasons[:min(len(n.Summary.Reasons), noticeReasons)] {
		list = append(list, noticeReason{r.Code, r.Count})
	}
	return list
}

// folder is the report's folder.
func (n *Notice) folder() string {
	report := n.Summary.Files["report"]
	at := strings.LastIndexAny(report, `/\`)
	return report[:max(at, 0)]
}

// Slack is the notice as an incoming webhook of Slack, and of those that are like
// it, takes it.
func (n *Notice) Slack() ([]byte, error) {
	// Slack reads these three as markup: a file's name must not call people.
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(n.Text())
	return json.Marshal(map[string]string{"text": escaped})
}

// JSON is the notice for programs: its text and what it says as keys.
func (n *Notice) JSON() ([]byte, error) {
	type run struct {
		Run      *int64         `json:"run"`
		Kind     string         `json:"kind"`
		DryRun   bool           `json:"dryRun"`
		State    string         `json:"state"`
		Drift    bool           `json:"drift"`
		Source   string         `json:"source"`
		Rows     int64          `json:"rows"`
		Outcomes linker.Counts  `json:"outcomes"`
		Reasons  []noticeReason `json:"reasons"`
		Folder   string         `json:"folder"`
	}
	v := struct {
		Text      string             `json:"text"`
		Command   string             `json:"command"`
		Host      string             `json:"host"`
		Status    linker.ExitStatus  `json:"exitStatus"`
		Previous  *linker.ExitStatus `json:"previousExitStatus"`
		Recovered bool               `json:"recovered"`
		Skipped   bool               `json:"skipped"`
		Run       *run               `json:"run"` // null when it did not get so far
	}{Text: n.Text(), Command: n.Command, Host: n.Host, Status: n.Status, Previous: n.Previous, Recovered: n.recovered(), Skipped: n.Skipped}
	if s := n.Summary; s != nil {
		v.Run = &run{s.Run, s.Kind, s.DryRun, s.State, s.Drift, s.Source.Name, s.Rows, s.Outcomes, n.reasons(), n.folder()}
	}
	return json.Marshal(v)
}
