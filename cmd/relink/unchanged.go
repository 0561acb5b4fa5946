package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"relink/batch/source"
	"relink/linker"
	"relink/reports"
)

// nothingChanged tells whether a reconciliation would find what the one before
// has left: the same file, read and judged in the same way, every row of it
// good, and links and CRM rows in scope as they were. If so it says so.
func (r *runner) nothingChanged(ctx context.Context, s settings) (bool, error) {
	runs, err := r.store.Runs(ctx, driftLookBack)
	if err != nil {
		return false, err
	}
	last, ok := lastOfScope(runs, s)
	if !ok || last.State != linker.StateDone || last.ExitStatus != statusOK || last.Version != version() {
		return false, nil
	}
	same, err := sameMeaning(last, s)
	if err != nil || !same {
		return false, err
	}
	file, err := source.Identify(ctx, s.Path)
	if err != nil || file.SHA256 != last.Source.SHA256 {
		return false, err
	}
	changed, err := r.store.ChangedSince(ctx, last, s.Rules)
	if err != nil || changed {
		return false, err
	}
	file.Name = s.Name
	return true, r.skip(last, file)
}

// lastOfScope is the newest reconciliation of the scope that wrote, or could
// have.
func lastOfScope(runs []linker.Run, s settings) (linker.Run, bool) {
	for _, run := range runs {
		if run.Kind == linker.Reconcile && !run.DryRun && !run.ApplyingAt.IsZero() && sameScope(run, s) {
			return run, true
		}
	}
	return linker.Run{}, false
}

// sameMeaning compares all settings but those that only name files.
func sameMeaning(run linker.Run, s settings) (bool, error) {
	other, err := readSettings(run)
	if err != nil {
		return false, err
	}
	for _, x := range []*settings{&other, &s} {
		x.Path, x.Name, x.Out, x.ReportFormat = "", "", "", ""
	}
	a, err := other.encode()
	if err != nil {
		return false, err
	}
	b, err := s.encode()
	return bytes.Equal(a, b), err
}

// skip says that there is nothing to do.
func (r *runner) skip(last linker.Run, source linker.SourceIdentity) error {
	r.a.skipped = true
	now := time.Now()
	said := fmt.Sprintf("Nothing to do: run %d reconciled this very file, and nothing in scope has changed since.", last.ID)
	r.a.stderr.event("skip", said, "run", last.ID, "source", source.Name)
	switch {
	case r.json:
		return reports.WriteSummaryJSON(r.a.stdout, linker.Summary{
			Kind: string(linker.Reconcile), State: "skipped", Source: source, StartedAt: now, FinishedAt: now,
		})
	case r.a.quiet:
		return nil
	}
	return r.a.printf("%s\n", said)
}
