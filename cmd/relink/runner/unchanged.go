package runner

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"relink/batch/source"
	"relink/batch/source/remote"
	"relink/cmd/relink/exit"
	"relink/linker"
	"relink/reports"
)

// NothingChanged reports whether a reconciliation would find exactly what the
// previous one left: the same file, read and judged in the same way, every row
// of it good, and links and CRM rows in scope unchanged. If so, it prints that.
func (r *Runner) NothingChanged(ctx context.Context, s Settings) (bool, error) {
	runs, err := r.earlierRuns(ctx)
	if err != nil {
		return false, err
	}
	last, ok := lastOfScope(runs, s)
	if !ok || last.State != linker.StateDone || last.ExitStatus != exit.OK || last.Version != Version() {
		return false, nil
	}
	same, err := sameMeaning(last, s)
	if err != nil || !same {
		return false, err
	}
	file, err := sameFile(ctx, last, s)
	if err != nil || file.SHA256 == "" {
		return false, err
	}
	unchanged, err := r.Store.Unchanged(ctx, last, s.Rules)
	if err != nil || !unchanged {
		return false, err
	}
	file.Name = s.Name
	return true, r.skip(last, file)
}

// sameFile returns the identity of the file of a run if s names it again, the
// zero value when it is another. For a remote object the server's version
// decides, so that it is not copied only to be discarded.
func sameFile(ctx context.Context, last linker.Run, s Settings) (is linker.SourceIdentity, err error) {
	if remote.IsAddress(s.Path) {
		before, err := readSettings(last)
		if err != nil || s.Version == "" || before.Version != s.Version {
			return is, err
		}
		return last.Source, nil
	}
	is, err = source.Identify(ctx, source.Input{Path: s.Path})
	if err != nil || is.SHA256 != last.Source.SHA256 {
		return linker.SourceIdentity{}, err
	}
	return is, nil
}

// lastOfScope returns the newest reconciliation of the scope that wrote, or
// could have written.
func lastOfScope(runs []linker.Run, s Settings) (linker.Run, bool) {
	for _, run := range runs {
		if run.Kind == linker.Reconcile && !run.DryRun && !run.ApplyingAt.IsZero() && sameScope(run, s) {
			return run, true
		}
	}
	return linker.Run{}, false
}

// sameMeaning compares all settings except those that only name files.
func sameMeaning(run linker.Run, s Settings) (bool, error) {
	other, err := readSettings(run)
	if err != nil {
		return false, err
	}
	for _, x := range []*Settings{&other, &s} {
		x.clearNames()
	}
	a, err := other.encode()
	if err != nil {
		return false, err
	}
	b, err := s.encode()
	return bytes.Equal(a, b), err
}

// skip prints that there is nothing to do.
func (r *Runner) skip(last linker.Run, source linker.SourceIdentity) error {
	r.Console.Skipped = true
	now := time.Now()
	said := fmt.Sprintf("Nothing to do: run %d reconciled this very file, and nothing in scope has changed since.", last.ID)
	r.Console.Stderr.Event("skip", said, "run", last.ID, "source", source.Name)
	switch {
	case r.JSON:
		return reports.WriteSummaryJSON(r.Console.Stdout, linker.Summary{
			Kind: string(linker.Reconcile), State: "skipped", Source: source, StartedAt: now, FinishedAt: now,
		})
	case r.Console.Quiet:
		return nil
	}
	return r.Console.Printf("%s\n", said)
}
