package runner

import (
	"context"
	"fmt"
	"regexp"

	"relink/batch"
	"relink/linker"
	"relink/linker/postgres/pg"
)

// compareRefused gives a job the refused rows of the last run of the same
// scope, and keeps the job's own for the next one (--max-new-rejects).
func (r *Runner) compareRefused(ctx context.Context, job *batch.Job, s Settings) error {
	run := job.Run
	if s.Guard.MaxNewRejects.IsZero() || r.Rewrite {
		return nil
	}
	recorded, err := r.Store.Runs(ctx, driftLookBack)
	if err != nil {
		return err
	}
	last, older := earlier(recorded, run, s)
	if last != 0 {
		if job.Earlier, err = r.Store.RefusedRows(ctx, last); err != nil {
			return err
		}
	}
	if job.Earlier == nil {
		r.Console.Stderr.Warn("no earlier run of this scope had --max-new-rejects: the next one is compared with the refused rows of this one")
	}
	job.Remember = func(ctx context.Context, rows *linker.RefusedRows) error {
		return pg.Explain(r.Store.RememberRefused(ctx, run.ID, rows, older))
	}
	return nil
}

// earlier returns the last run that this one is compared with, 0 for none, and
// those before it. recorded are runs, the newest first. A dry run is compared
// only with dry runs: their findings were not reported by the nightly job.
func earlier(recorded []linker.Run, this linker.Run, s Settings) (last int64, older []int64) {
	for _, r := range recorded {
		if r.ID >= this.ID || r.Kind != this.Kind || r.DryRun != this.DryRun || r.State != linker.StateDone ||
			r.Database.Schema != this.Database.Schema || !sameRows(r, s) {
			continue
		}
		if last == 0 {
			last = r.ID
		} else {
			older = append(older, r.ID)
		}
	}
	return last, older
}

// sameRows reports whether a run belongs to the same nightly job, and kept the
// rows that it refused.
func sameRows(r linker.Run, s Settings) bool {
	other, err := readSettings(r)
	if err != nil || other.Guard.MaxNewRejects.IsZero() {
		return false
	}
	return jobOf(other) == jobOf(s)
}

// jobKey identifies a job of a database: by its scope, or by its file when it
// has none. The digits in the file's path are ignored, since they may be a
// date. A retry belongs to the job whose rows it sends again.
func jobKey(s Settings) string {
	if scope := s.Rules.Scope; scope != nil && !scope.Implied {
		return scopeKey(scope)
	}
	path := s.Path
	if s.Retry != nil {
		path = s.Retry.Path
	}
	return digits.ReplaceAllString(path, "#")
}

// jobOf is jobKey with what else tells the jobs of a database apart.
func jobOf(s Settings) string {
	return fmt.Sprintf("%s\x00%s\x00%v", jobKey(s), s.Rules.Organization, s.Rules.Set)
}

var digits = regexp.MustCompile("[0-9]+")
