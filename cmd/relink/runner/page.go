package runner

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"relink/linker"
	"relink/linker/postgres"
	"relink/reports"
	"relink/reports/folder"
)

// Names in a run's folder.
const (
	pageName    = "report.html"
	summaryName = "summary.json"
)

// WriteBeside writes report.html and summary.json into the folder dir, and adds
// them to the files that they list. The summary comes last.
func WriteBeside(dir string, p *reports.Page) error {
	page, err := folder.CreateFile(filepath.Join(dir, pageName))
	if err != nil {
		return err
	}
	summary, err := folder.CreateFile(filepath.Join(dir, summaryName))
	if err != nil {
		return errors.Join(err, page.Abort())
	}
	p.Summary.Files["html"], p.Summary.Files["summary"] = page.Path(), summary.Path()
	err = reports.WriteHTML(page, *p)
	if err == nil {
		err = reports.WriteSummaryJSON(summary, p.Summary)
	}
	if err != nil {
		return errors.Join(err, page.Abort(), summary.Abort())
	}
	if err := page.Commit(); err != nil {
		return errors.Join(err, summary.Abort())
	}
	return summary.Commit()
}

// connectionNames looks up the names of the connections of a sample.
func connectionNames(ctx context.Context, store *postgres.Store, sample *reports.Sample, organization string) (map[string]reports.Connection, error) {
	found, err := store.Connections(ctx, sample.Connections(), organization)
	if err != nil {
		return nil, err
	}
	names := make(map[string]reports.Connection, len(found))
	for _, c := range found {
		names[c.ID] = reports.Connection{Name: c.Name, Platform: c.Platform}
	}
	return names, nil
}

// drift returns the reconciliations of the same scope up to this one, oldest
// first.
func drift(runs []linker.Run, this linker.Run, s Settings) []reports.DriftPoint {
	var points []reports.DriftPoint
	for i := len(runs) - 1; i >= 0; i-- {
		r := runs[i]
		if r.ID == this.ID {
			r = this
		}
		if r.Kind != linker.Reconcile || r.ID > this.ID || r.State != linker.StateDone || !sameScope(r, s) {
			continue
		}
		points = append(points, reports.DriftPoint{Run: r.ID, At: r.StartedAt, Links: r.Outcomes.Drift(r.LeftAlone), DryRun: r.DryRun})
	}
	return points
}

func sameScope(r linker.Run, s Settings) bool {
	other, err := readSettings(r)
	if err != nil || other.Rules.Scope == nil || s.Rules.Scope == nil {
		return false
	}
	return scopeKey(other.Rules.Scope) == scopeKey(s.Rules.Scope)
}

// scopeKey returns a key that identifies a scope, "" for none.
func scopeKey(x *linker.Scope) string {
	if x == nil {
		return ""
	}
	return strings.Join(x.Connections, "\x00") + "\x01" + strings.Join(x.DataTypes, "\x00") + "\x01" +
		strings.Join(x.Organizations, "\x00")
}
