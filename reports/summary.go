package reports

import (
	"encoding/json"
	"io"
	"time"

	"relink/linker"
)

// WriteSummaryJSON writes summary.json: the same bytes go to the run's folder
// and, with --json, to stdout. No list or object in it is null, and times are
// in UTC and whole seconds.
func WriteSummaryJSON(w io.Writer, s linker.Summary) error {
	s.Reasons = append([]linker.Reason{}, s.Reasons...)
	for i, r := range s.Reasons {
		s.Reasons[i].Lines = append([]int64{}, r.Lines...)
	}
	if s.Outcomes == nil {
		s.Outcomes = linker.Counts{}
	}
	if s.Files == nil {
		s.Files = map[string]string{}
	}
	s.StartedAt = s.StartedAt.UTC().Truncate(time.Second)
	s.FinishedAt = s.FinishedAt.UTC().Truncate(time.Second)
	return writeJSON(w, s)
}

// writeJSON writes v for people and programs: indented, with < and & unescaped,
// since it contains file names and is not part of a web page.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
