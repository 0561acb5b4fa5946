package reports

import (
	"encoding/csv"
	"io"

	"relink/linker"
)

// Links writes links as the CSV that an import reads, with a header and
// unmodified cells. A spreadsheet must be told to import its columns as text.
type Links struct {
	w *csv.Writer
	// internal names the CRM rows by the platform's own ids.
	internal bool
	cells    [linker.ReportedCount]string
}

// NewLinks writes the header to w. With internal the CRM rows are named by id,
// otherwise by externalId; one that has no externalId (it is gone) is named by
// id anyway. The connection is given in both cases.
func NewLinks(w io.Writer, internal bool) (*Links, error) {
	l := &Links{w: csv.NewWriter(w), internal: internal}
	return l, l.w.Write(linker.ReportedNames())
}

// Write writes one link, for which both forms of the CRM row's id are given.
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

// Close writes what is still buffered. It does not close the underlying writer.
func (l *Links) Close() error {
	l.w.Flush()
	return l.w.Error()
}
