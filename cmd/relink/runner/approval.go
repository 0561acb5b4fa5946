package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"relink/batch"
	"relink/batch/source"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/linker/guard"
	"relink/linker/postgres"
	"relink/reports"
)

// expect makes a job compare its plan with what was approved: the report of
// --expect, or the plan of a dry run that another role has approved.
func (r *Runner) expect(ctx context.Context, job *batch.Job, s Settings) {
	must := s.Approved != 0 || s.RequireApproval || !job.Run.DryRun && r.environment.RequireApproval
	if r.Rewrite || s.Expect == "" && !must {
		return
	}
	// An approval holds for the whole run: also for what is left after a resume.
	job.ExpectAgain = must
	job.Expect = func(*source.Reader) (batch.Report, error) {
		var all every
		if s.Expect != "" {
			e, err := expectReport(s.Expect, func(difference string) *guard.Refusal { return guard.RefuseUnexpected(s.Expect, difference) })
			if err != nil {
				return nil, err
			}
			all = append(all, e)
		}
		if must {
			e, err := r.expectApproved(ctx, job, s)
			if err != nil {
				return nil, errors.Join(err, all.Abort())
			}
			all = append(all, e)
		}
		return all, nil
	}
}

// expectApproved compares with the plan that was approved for the job, or returns a
// *guard.Refusal when none was.
func (r *Runner) expectApproved(ctx context.Context, job *batch.Job, s Settings) (*expectation, error) {
	a, err := r.approval(ctx, job.Run, s)
	if err != nil {
		return nil, err
	}
	job.Run.ApprovedRun = a.Run
	dry, err := r.Store.Run(ctx, a.Run)
	if err != nil && !errors.Is(err, postgres.ErrNoRun) { // it may have been removed in the meantime
		return nil, err
	}
	approved, err := readSettings(linker.Run{ID: a.Run, Options: a.Options})
	if err != nil {
		return nil, err
	}
	refuse := func(difference string) *guard.Refusal { return guard.RefuseMoved(a, difference) }
	plan, err := openPlan(reportOf(dry, approved), a.PlanSHA256)
	return newExpectation(plan, approved.ReportFormat == "jsonl", refuse), err
}

// reportOf is the report in the folder of a run, "" for a run without one.
func reportOf(run linker.Run, s Settings) string {
	if run.OutDir == "" {
		return ""
	}
	return filepath.Join(run.OutDir, "report."+flags.Extension(s.ReportFormat, s.ReportCompress))
}

// approval finds the newest approval that applies to a run, or returns a
// *guard.Refusal with the reason why there is none.
func (r *Runner) approval(ctx context.Context, run linker.Run, s Settings) (a linker.Approval, err error) {
	if s.Expansion != nil {
		// What its rows are made of may have changed, as any link may: the
		// comparison of the plans says where.
		run.Source.SHA256 = ""
	}
	var found []linker.Approval
	why := "no dry run of it is approved"
	if s.Approved != 0 {
		found, err = r.Store.ApprovalsOf(ctx, s.Approved)
		why = fmt.Sprintf("run %d is not approved", s.Approved)
	} else {
		found, err = r.Store.ApprovalsFor(ctx, run)
	}
	if err != nil {
		return a, err
	}
	me, err := r.Store.Operator(ctx)
	if err != nil {
		return a, err
	}
	for i, a := range found {
		unfit := unfit(a, run, s)
		if unfit == "" && (s.RequireApproval || r.environment.RequireApproval) && (a.By.Role == me.Role || a.By.Role == run.Operator.Role) {
			unfit = fmt.Sprintf("by role %s, which is to write it: another role must approve it", a.By.Role)
		}
		if unfit == "" {
			return a, nil
		}
		if i == 0 {
			why = fmt.Sprintf("run %d is approved %s", a.Run, unfit)
		}
	}
	return a, guard.RefuseUnapproved(why)
}

// unfit returns why an approval does not apply to a run, "" when it does.
func unfit(a linker.Approval, run linker.Run, s Settings) string {
	switch {
	case a.Kind != run.Kind:
		return fmt.Sprintf("as %q, and this is %q", a.Kind, run.Kind)
	case a.Schema != run.Database.Schema:
		return fmt.Sprintf("for schema %q, and this is %q", a.Schema, run.Database.Schema)
	case a.OfRun != run.OfRun:
		return fmt.Sprintf("for a revert of run %d, not of run %d", a.OfRun, run.OfRun)
	case run.Source.SHA256 != "" && a.SourceSHA256 != run.Source.SHA256:
		return fmt.Sprintf("for another file (SHA-256 %.12s…, and this is %.12s…)", a.SourceSHA256, run.Source.SHA256)
	case !samePlanning(a, s):
		return fmt.Sprintf("with other options: relink runs show %d lists them", a.Run)
	}
	return ""
}

// samePlanning reports whether a run with the settings reads and decides rows
// as the approved dry run did. The format of the plan's report, where it is
// written and when a guard refuses it make no difference.
func samePlanning(a linker.Approval, s Settings) bool {
	approved, err := readSettings(linker.Run{ID: a.Run, Options: a.Options})
	if err != nil {
		return false // made by a newer relink
	}
	var texts [2][]byte
	for i, x := range []Settings{approved, s} {
		x.clearNames()
		x.Guard, x.MaxBytes, x.OutGroup = guard.Guard{Reconcile: x.Guard.Reconcile}, 0, ""
		x.Expect, x.Approved, x.RequireApproval = "", 0, false
		if texts[i], err = x.encode(); err != nil {
			return false
		}
	}
	return bytes.Equal(texts[0], texts[1])
}

// Approvable returns the report whose plan is approved, "" where it is not at hand,
// or why there is none that could be.
func Approvable(run linker.Run) (report string, err error) {
	switch {
	case !run.DryRun:
		return "", exit.Usage("repeat its command with --dry-run, and approve that", "run %d is no dry run: it has no plan to approve", run.ID)
	case run.State != linker.StateDone:
		return "", exit.Usage("repeat the dry run", "run %d is %s: it has no plan to approve", run.ID, run.State)
	case run.PlanSHA256 == "":
		return "", exit.Usage("repeat the dry run with this relink", "run %d was made by an older relink, which did not keep the checksum of its plan", run.ID)
	}
	s, err := readSettings(run)
	if err != nil {
		return "", exit.Usage("use the relink that made it: "+run.Version, "%w", err)
	}
	report = reportOf(run, s)
	if !IsFile(report) {
		return "", nil
	}
	sum, err := reports.SHA256(report)
	if err == nil && sum != run.PlanSHA256 {
		return "", exit.Usage("repeat the dry run", "%s is not what run %d has reported: it was changed since", report, run.ID)
	}
	return report, err
}
