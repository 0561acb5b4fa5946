package reports

import (
	"encoding/csv"
	"io"

	"relink/linker"
)

// Links writes links as the CSV that an import reads: header and all, the cells
// as they are. Whoever opens it in a spreadsheet must read its columns as text.
type Links struct {
	w *csv.Writer
	// internal names the CRM rows by the platform's own ids.
	internal bool
	cells    [linker.ReportedCount]string
}

// NewLinks writes the header to w. With internal the CRM rows are named by id,
// else by externalId; one that has no externalId (it is gone) is named by id
// anyway. The connection stands beside both.
func NewLinks(w io.Writer, internal bool) (*Links, error) {
	l := &Links{w: csv.NewWriter(w), internal: internal}
	return l, l.w.Write(linker.ReportedNames())
}

// Write writes one link, of which both forms of the CRM row's id are given.
func (l *Links) Write(f *linker.Fields) error {
	row := *f
	switch {
	case l.internal || row.ExternalID == "":
		row.ExternalID = ""
	default:
		row.ID = ""
	}
	for field := range linker.ReportedCount {
		l.cells[field] = *row.At(field)
	}
	return l.w.Write(l.cells[:])
}

// Close writes what is still held. It does not close the writer below.
func (l *Links) Close() error {
	l.w.Flush()
	return l.w.Error()
}
