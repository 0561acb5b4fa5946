package reports

import (
	"encoding/json"
	"io"
	"time"

	"relink/linker"
)

// WriteSummaryJSON writes summary.json: the same bytes stand in the run's
// folder and, with --json, on stdout. No list and no object in it is null, and
// times are in UTC and whole seconds.
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

// writeJSON writes v for people and programs: indented, with < and & as they
// are, since file names stand in it and nothing here is a web page.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
