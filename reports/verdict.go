package reports

import (
	"fmt"
	"strings"

	"relink/linker"
	"relink/linker/text"
)

// Tone is the result of a run in one word.
type Tone string

const (
	Good Tone = "good" // nothing to do
	Look Tone = "look" // finished, but rows need attention
	Bad  Tone = "bad"  // refused, interrupted or aborted
)

// Verdict describes in one sentence how a run ended. Text and report.html begin
// with it.
func Verdict(s linker.Summary) (Tone, string) {
	switch linker.State(s.State) {
	case linker.StateRefused:
		if s.Applied {
			return Bad, "Refused: what was done before stays, nothing more was written."
		}
		return Bad, "Refused before the first write: nothing was changed."
	case linker.StateInterrupted:
		return Bad, "Interrupted: " + progress(s) + "; the run can be resumed."
	case linker.StateAbandoned:
		return Bad, "Abandoned: " + progress(s) + ", and no more will be."
	}
	if s.Rows == 0 && s.Map == nil && s.Outcomes[linker.Extra]+s.Outcomes[linker.Cleared] == 0 {
		return tone(s), "There were no rows: nothing was done."
	}
	switch linker.Kind(s.Kind) {
	case linker.Validate:
		return tone(s), validated(s)
	case linker.Revert:
		return tone(s), reverted(s)
	case linker.Reconcile:
		return tone(s), reconciled(s) + known(s)
	}
	return tone(s), imported(s) + known(s) + mapped(s.Map)
}

// known describes how many of the refused rows the last run refused too, ""
// when they were not compared.
func known(s linker.Summary) string {
	if s.KnownRejects == nil {
		return ""
	}
	return fmt.Sprintf(" Refused rows: %s known, %s new.", text.Thousands(*s.KnownRejects), text.Thousands(*s.NewRejects))
}

// mapped says what became of the rows of a map, "" for a run without one.
func mapped(m *linker.MapTotals) string {
	if m == nil {
		return ""
	}
	out := fmt.Sprintf(" Map of %s: %s used, %s unused, %s refused.", text.Plural(m.Rows, "row", "rows"),
		text.Thousands(m.Used), text.Thousands(m.Unused), text.Thousands(m.Refused))
	if m.Unmapped > 0 {
		out += " It does not name " + text.Plural(m.Unmapped, "link", "links") + " of the old connections."
	}
	return out
}

func tone(s linker.Summary) Tone {
	switch {
	case s.ExitStatus == linker.ExitOK:
		return Good
	case s.ExitStatus.Completed():
		return Look
	}
	return Bad
}

// progress describes how far a run got that did not finish.
func progress(s linker.Summary) string {
	open := s.Outcomes[linker.Unattempted]
	switch {
	case !s.Applied:
		return "nothing was written"
	case open == 0:
		return "all rows are done, the report is not"
	}
	return fmt.Sprintf("%s of %s are done", text.Thousands(s.Rows-open), text.Plural(s.Rows, "row", "rows"))
}

func validated(s linker.Summary) string {
	bad := s.Outcomes[linker.Rejected]
	switch bad {
	case 0:
		return "Every row passed the check, as far as a file can tell: " + text.Plural(s.Rows, "row", "rows") + "."
	case s.Rows:
		return "Not one row passed the check: " + text.Plural(bad, "row", "rows") + " rejected."
	}
	return fmt.Sprintf("%s of %s rows did not pass the check; the other %s did, as far as a file can tell.",
		text.Thousands(bad), text.Thousands(s.Rows), text.Thousands(s.Rows-bad))
}

func imported(s linker.Summary) string {
	did, every, went := "did", "every row went through: ", "went"
	if !s.Applied {
		did, every, went = "would", "every row would go through: ", "would go"
	}
	bad := s.Outcomes.NotThrough()
	switch bad {
	case 0:
		return opening(s, every+text.Plural(s.Rows, "row", "rows")+".")
	case s.Rows:
		return opening(s, fmt.Sprintf("not one of %s %s through.", text.Plural(bad, "row", "rows"), went))
	}
	return opening(s, fmt.Sprintf("%s of %s rows %s not go through; the other %s %s.",
		text.Thousands(bad), text.Thousands(s.Rows), did, text.Thousands(s.Rows-bad), did))
}

func reconciled(s linker.Summary) string {
	differ, written, extra := s.Outcomes.Drift(s.LeftAlone), s.Outcomes.Written(), s.Outcomes[linker.Extra]
	did, left, out := "did", extra, ""
	if !s.Applied {
		did, left = "would", s.LeftAlone
	}
	switch {
	case differ == 0:
		out = "the links in scope match the file"
	case !s.Applied:
		out = text.Plural(differ, "link differs", "links differ") + " from the file"
	case written == 0 && differ == extra-s.LeftAlone:
		out = "nothing had to be written"
	case written == 0:
		out = "nothing was written"
	default:
		out = text.Plural(written, "link was", "links were") + " brought in line with the file"
	}
	switch {
	case left > 0 && s.Applied:
		out += "; " + text.Plural(left, "link that the file does not mention was left", "links that the file does not mention were left")
	case left > 0:
		out += "; " + text.Plural(left, "link", "links") + " that the file does not mention would be left on purpose"
	}
	if bad := s.Outcomes.NotThrough(); bad > 0 {
		out += fmt.Sprintf("; %s of %s %s not go through", text.Thousands(bad), text.Plural(s.Rows, "row", "rows"), did)
	}
	return opening(s, out+".")
}

// opening begins the verdict: a run that changed nothing says so first.
func opening(s linker.Summary, verdict string) string {
	if s.DryRun {
		return "Dry run: " + verdict
	}
	return strings.ToUpper(verdict[:1]) + verdict[1:]
}

func reverted(s linker.Summary) string {
	done, kept := s.Outcomes[linker.Reverted], s.Outcomes[linker.Kept]
	out := text.Plural(done, "link was", "links were") + " taken back"
	if !s.Applied {
		out = text.Plural(done, "link", "links") + " would be taken back"
	}
	if kept > 0 {
		out += fmt.Sprintf("; %s changed since and left alone", text.Plural(kept, "link was", "links were"))
	}
	if bad := s.Outcomes.NotThrough(); bad > 0 {
		out += fmt.Sprintf("; %s not", text.Plural(bad, "link was", "links were"))
	}
	return opening(s, out+".")
}
