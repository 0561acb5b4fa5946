package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"relink/batch"
	"relink/linker"
	"relink/linker/postgres"
	"relink/reports"
)

// writePage writes report.html into the folder dir and adds it to the files
// that the summary lists.
func writePage(dir string, p *reports.Page) error {
	file, err := reports.CreateFile(filepath.Join(dir, "report.html"))
	if err != nil {
		return err
	}
	p.Summary.Files["html"] = file.Path()
	if err := reports.WriteHTML(file, *p); err != nil {
		return errors.Join(err, file.Abort())
	}
	return file.Commit()
}

// phasesTook are the phases of a run with the time that each took.
func phasesTook(p *batch.Progress, phases []batch.Phase) []reports.Phase {
	var list []reports.Phase
	for _, phase := range phases {
		took := reports.Phase{Name: phaseNames[phase], Took: p.Took(phase)}
		switch phase {
		case batch.Staging:
			took.Rows = p.RowsRead.Load()
		case batch.Applying:
			took.Rows = p.RowsApplied.Load()
		case batch.Reporting:
			took.Rows = p.RowsToReport.Load()
		}
		if took.Took > 0 {
			list = append(list, took)
		}
	}
	return list
}

// connectionNames looks up how people know the connections of a sample.
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

// listed are the settings as options, those that were given.
func (s settings) listed() []reports.Option {
	var list []reports.Option
	add := func(name, value string) {
		if value != "" {
			list = append(list, reports.Option{Name: name, Value: value})
		}
	}
	yes := func(is bool) string {
		if is {
			return "yes"
		}
		return ""
	}
	add("format", s.Format)
	add("delimiter", s.Delimiter)
	add("encoding", s.Encoding)
	for _, f := range fields {
		add("set "+f.name, *f.of(&s.Rules.Set))
	}
	add("organization", s.Rules.Organization)
	if s.Rules.LastWins {
		add("on-conflict", "last")
	}
	add("follow-merges", yes(s.Rules.FollowMerges))
	if s.Rules.KeepExisting {
		add("existing", "keep")
	}
	add("keep-trigger", strings.Join(s.Rules.KeepTriggers, ", "))
	if scope := s.Rules.Scope; scope != nil {
		add("connection", strings.Join(scope.Connections, ", "))
		add("data-type", strings.Join(scope.DataTypes, ", "))
		if s.Rules.Organization == "" {
			add("organization", strings.Join(scope.Organizations, ", "))
		}
		add("prune", yes(scope.Prune))
		add("take-over", yes(scope.TakeOver))
	}
	add("max-rejects", s.Guard.MaxRejects.String())
	add("max-changes", s.Guard.MaxChanges.String())
	if s.Guard.MinRows > 0 {
		add("min-rows", thousands(s.Guard.MinRows))
	}
	if s.Guard.Force != nil {
		add("force", thousands(*s.Guard.Force))
	}
	add("expect", s.Expect)
	return list
}

// drift are the reconciliations of the same scope up to this one, oldest
// first.
func drift(runs []linker.Run, this linker.Run, s settings) []reports.DriftPoint {
	var points []reports.DriftPoint
	for i := len(runs) - 1; i >= 0; i-- {
		r := runs[i]
		if r.ID == this.ID {
			r = this
		}
		if r.Kind != linker.Reconcile || r.ID > this.ID || r.State != linker.StateDone || !sameScope(r, s) {
			continue
		}
		points = append(points, reports.DriftPoint{Run: r.ID, At: r.StartedAt, Links: reports.Drift(r.Outcomes), DryRun: r.DryRun})
	}
	return points
}

func sameScope(r linker.Run, s settings) bool {
	other, err := readSettings(r)
	if err != nil || other.Rules.Scope == nil || s.Rules.Scope == nil {
		return false
	}
	a, b := *other.Rules.Scope, *s.Rules.Scope
	key := func(x linker.Scope) string {
		return strings.Join(x.Connections, "\x00") + "\x01" + strings.Join(x.DataTypes, "\x00") + "\x01" +
			strings.Join(x.Organizations, "\x00")
	}
	return key(a) == key(b)
}
