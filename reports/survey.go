package reports

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"relink/linker"
	"relink/linker/text"
)

// SurveyText writes a survey for people.
func SurveyText(w io.Writer, s linker.Survey) error {
	var links, merged, deleted, gone int64
	for _, g := range s.Links {
		links += g.Links
		merged, deleted, gone = merged+g.Merged, deleted+g.Deleted, gone+g.Gone
	}
	t := &table{w: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.line("recordings\t%s\t", text.Thousands(s.Recordings))
	t.line("linked\t%s\t%s", text.Thousands(s.Linked), share(s.Linked, s.Recordings))
	t.line("not linked\t%s\t%s", text.Thousands(s.Recordings-s.Linked), share(s.Recordings-s.Linked, s.Recordings))
	if merged+deleted+gone > 0 {
		t.line("links to dead CRM rows\t%s\t%s merged, %s deleted, %s gone",
			text.Thousands(merged+deleted+gone), text.Thousands(merged), text.Thousands(deleted), text.Thousands(gone))
	}
	if err := t.flush(); err != nil || links == 0 {
		return err
	}
	t.line("\nconnection\tname\tdata type\ttrigger\tlinks\tdead\tlast link\t")
	for _, g := range s.Links {
		t.line("%s\t%s\t%s\t%s\t%s\t%s\t%s\t", cmp.Or(text.Printable(g.Connection), "-"), cmp.Or(text.Printable(g.Name), "-"), cmp.Or(text.Printable(g.DataType), "-"),
			cmp.Or(text.Printable(g.Trigger), "-"), text.Thousands(g.Links), text.Thousands(g.Dead()), momentKnown(g.LastLinkedAt))
	}
	return t.flush()
}

// table aligns columns, and keeps the first error.
type table struct {
	w   *tabwriter.Writer
	err error
}

func (t *table) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

func (t *table) flush() error {
	if t.err == nil {
		t.err = t.w.Flush()
	}
	return t.err
}

func share(n, of int64) string {
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
}

// momentKnown is moment for a time that a platform may not say.
func momentKnown(t *time.Time) string {
	if t == nil {
		return "unknown"
	}
	return moment(*t)
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
