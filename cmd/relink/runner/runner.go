package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"relink/batch"
	"relink/batch/source"
	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/linker/guard"
	"relink/linker/postgres"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
	"relink/linker/text"
	"relink/reports"
	"relink/reports/folder"
)

// Runner makes runs on one database: new ones, and continued ones.
type Runner struct {
	Console *console.Console
	Command *cobra.Command
	Store   *postgres.Store
	// Flags of the command line that do not change what a run means.
	Options flags.RunOptions
	// Expand makes the rows of a run, in the run's folder, whose settings have an
	// Expansion.
	Expand func(ctx context.Context, run linker.Run) error
	// File replaces the file of a continued run, "" for none.
	File string
	// Rewrite only writes the files of a run again.
	Rewrite bool
	// standing shows the files as they are where they cannot be written
	// again.
	Standing bool
	JSON     bool
	HTML     bool                                // print the page instead of the summary
	Next     func(linker.Summary) []reports.Step // the commands that make sense after it
	named    bool                                // the organizations
	// environment is the label of the database, known once it admits the run.
	environment linker.Environment
}

// Begin records a new run, makes its folder and carries it out. A revert has no
// input.
func (r *Runner) Begin(ctx context.Context, run linker.Run, in *source.Input, s Settings) error {
	ctx, ended := WithDeadline(ctx, r.Console, r.Command, r.Options.PaceOptions)
	defer ended()
	if in != nil && IsRegular(in.Path) {
		// A problem with the file as a whole is reported before anything is
		// recorded.
		if err := Readable(ctx, *in); err != nil {
			return err
		}
	}
	if err := r.admit(ctx, run); err != nil {
		return err
	}
	if err := r.Store.CheckNames(ctx, s.Rules); err != nil {
		return err
	}
	if err := r.nameInterrupted(ctx, 0); err != nil {
		return err
	}
	var err error
	if s.Expect, err = Absolute(r.Options.Expect); err != nil {
		return err
	}
	s.Approved, s.RequireApproval = r.Options.Approved, r.Options.RequireApproval
	options, err := s.encode()
	if err != nil {
		return fmt.Errorf("recording the options: %w", err)
	}
	run.Options, run.Version, run.Source.Name = options, Version(), s.Name
	run.Reason = r.Options.Reason
	if run, err = r.Store.Begin(ctx, run); err != nil {
		return err
	}
	run.OutDir, err = folder.Create(s.Out, run.StartedAt, run.ID)
	if err == nil {
		err = folder.Share(run.OutDir, s.OutGroup)
	}
	if err == nil && in != nil && !IsRegular(in.Path) {
		err = r.keepInput(ctx, *in, run, s)
	}
	if err == nil && s.Expansion != nil {
		err = r.expand(ctx, run)
	}
	if err != nil {
		err = errors.Join(err, r.abandon(run, err))
		if ctx.Err() != nil {
			return exit.WithStatus(exit.Interrupted, fmt.Errorf("run %d was interrupted before its input was read to the end", run.ID), "nothing was done: start it again")
		}
		return err
	}
	return r.do(ctx, run, s, false)
}

// keepInput copies an input that can be read only once into the run's folder.
// The folder is recorded first: a resume looks for the copy there.
func (r *Runner) keepInput(ctx context.Context, in source.Input, run linker.Run, s Settings) error {
	if err := r.Store.SaveRun(ctx, run); err != nil {
		return err
	}
	if err := KeepInput(ctx, in, run.OutDir); err != nil {
		return err
	}
	return Readable(ctx, s.InputIn(run.OutDir))
}

// nameInterrupted lists the runs that can be resumed, except one.
func (r *Runner) nameInterrupted(ctx context.Context, but int64) error {
	waiting, err := r.Store.Interrupted(ctx)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		if w.ID != but {
			r.Console.Stderr.Notice("run %d was interrupted on %s; relink resume %d continues it, relink runs abandon %d ends it",
				w.ID, w.StartedAt.Format("2006-01-02 15:04 UTC"), w.ID, w.ID)
		}
	}
	return nil
}

// do takes a run to its end, reports how it ended, and returns that as an error
// with the exit status.
func (r *Runner) do(ctx context.Context, run linker.Run, s Settings, resumed bool) error {
	l := r.life(run, s)
	err := r.notePrevious(ctx, run, s, resumed)
	if err != nil {
		return r.fail(run, &batch.Done{Run: run}, resumed, err)
	}
	input := s.InputIn(run.OutDir)
	if run.Kind != linker.Revert {
		held, release, err := source.Hold(input)
		if err == nil { // otherwise the run reports what is wrong with it
			input = held
			defer release()
		}
	}
	var job *batch.Job
	job = &batch.Job{
		Run: run, Input: input, Rules: s.Rules, Guard: s.Guard, Rewrite: r.Rewrite,
		Open: func(ctx context.Context, again bool) (batch.Attempt, error) {
			o := r.sessionOptions(run, s, again, resumed)
			o.Working = &l.progress.Lanes
			session, err := r.open(ctx, o)
			if err == nil && resumed && !again {
				if err = r.checkUnchanged(ctx, run); err != nil {
					session.Close()
				}
			}
			return session, pg.Explain(err)
		},
		Record: r.record,
		Begin:  l.begin,
		Finish: func(done *batch.Done) (err error) {
			if run.DryRun && !r.Rewrite { // what can be approved
				job.Run.PlanSHA256, err = reports.SHA256(l.files.Names()["report"])
			}
			return errors.Join(err, l.finish(done, nil))
		},
		Planned:      func(p guard.Plan) { r.nameOrganizations(p, s) },
		RetryTimeout: r.Options.RetryTimeout,
		Stop:         ctx.Done(),
		Notice:       l.notice,
		Progress:     &l.progress,
	}
	r.expect(ctx, job, s)
	if s.Expansion != nil {
		if job.Map, err = mapTotals(run.OutDir); err != nil {
			return r.fail(run, &batch.Done{Run: run}, resumed, err)
		}
		job.Incomplete = s.Expansion.incomplete(job.Map)
	}
	if err := r.compareRefused(ctx, job, s); err != nil {
		return r.fail(run, &batch.Done{Run: run}, resumed, err)
	}
	defer l.announceStop(ctx, "batches")()
	done, err := l.work(r.Console.Hard, job)
	var standing *standingError
	if r.Standing && errors.As(err, &standing) && IsFile(filepath.Join(l.dir, summaryName)) {
		return r.showStanding(l, standing)
	}
	if err != nil {
		return r.fail(run, done, resumed, err)
	}
	if err := r.endOlder(done, s); err != nil {
		l.notice("older runs of this scope are not ended: " + pg.Explain(err).Error())
	}
	if r.Rewrite && run.State == linker.StateDone && !maps.Equal(run.Outcomes, done.Tally.Outcomes()) {
		r.Console.Stderr.Warn(fmt.Sprintf("run %d ended with %s: links, recordings or CRM rows have changed since, "+
			"and the rows that it did not change are reported as they would be decided now", run.ID, run.Outcomes))
	}
	if run.DryRun && !r.Rewrite && done.Refusal == nil && r.environment.RequireApproval {
		l.notice(fmt.Sprintf("another role must approve this plan: relink approve%s %d --reason TEXT", SameDatabase(r.Command), run.ID))
	}
	if done.Refusal != nil && done.Applied {
		done.Refusal.Hint = r.halfDoneHint(run.ID)
	}
	if r.Rewrite {
		return l.end(done, nil, "")
	}
	return l.end(done, nil, r.resumeHint(run.ID))
}

// life returns what a run on a database shares with other runs.
func (r *Runner) life(run linker.Run, s Settings) *life {
	l := &life{
		console: r.Console, dir: RelativePath(run.OutDir), settings: s, next: r.Next, asJSON: r.JSON, asPage: r.HTML,
		phases: console.PhasesOfRun,
		attrs:  []any{"run", run.ID, "kind", run.Kind, "dryRun", run.DryRun, "operator", run.Operator.String(), "reason", run.Reason},
		decorate: func(p *reports.Page, done *batch.Done) {
			if of := done.Run.OfRun; of != 0 {
				p.Options = append([]reports.Option{{Name: "undoes", Value: fmt.Sprintf("run %d", of)}}, p.Options...)
			}
			if retry := s.Retry; retry != nil {
				value := fmt.Sprintf("run %d, refused since %s", retry.Of, retry.Since.Format("2006-01-02 15:04 UTC"))
				p.Options = append([]reports.Option{{Name: "retries", Value: value}}, p.Options...)
			}
			if err := r.decorate(p, done.Run, s); err != nil {
				r.Console.Stderr.Notice("report.html lacks what only the database knows: %s", pg.Explain(err))
			}
		},
	}
	if run.State.Ended() {
		l.keepOther = run.ID
	}
	title := fmt.Sprintf("%s %d", run.Kind, run.ID)
	if run.DryRun {
		l.phases, title = console.PhasesOfDryRun, "dry run of "+title
	}
	if !r.Rewrite {
		l.title = title
	}
	if !run.DryRun {
		l.environment = r.environment.String()
	}
	return l
}

// endOlder ends the older interrupted reconciliations of a scope that has just
// been reconciled: nobody should resume them.
func (r *Runner) endOlder(done *batch.Done, s Settings) error {
	run := done.Run
	if run.Kind != linker.Reconcile || run.DryRun || r.Rewrite || run.State != linker.StateDone {
		return nil
	}
	waiting, err := r.Store.Interrupted(r.Console.Hard)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		if w.Kind != linker.Reconcile || w.ID >= run.ID || !sameScope(w, s) || w.Database.Schema != run.Database.Schema {
			continue
		}
		err := r.Store.Abandon(r.Console.Hard, w.ID, fmt.Sprintf("run %d has reconciled the same scope since", run.ID))
		var locked *lock.LockedError
		switch {
		case errors.As(err, &locked), errors.Is(err, postgres.ErrEnded):
		case err != nil:
			return err
		default:
			r.Console.Stderr.Notice("run %d, interrupted before, is ended: this run has reconciled the same scope", w.ID)
		}
	}
	return nil
}

// open opens a session. ctx ends with the first signal and ends only the
// opening: the session itself must outlive it, to finish the current batch and
// the report.
func (r *Runner) open(ctx context.Context, o engine.Options) (batch.Attempt, error) {
	lasting, cancel := context.WithCancelCause(r.Console.Hard)
	opened := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	session, err := engine.Open(lasting, r.Store, o)
	if err != nil {
		return nil, err // a nil interface, not a nil *Session
	}
	opened()
	return session, nil
}

// decorate adds to the page what only the database knows.
func (r *Runner) decorate(page *reports.Page, run linker.Run, s Settings) (err error) {
	if run.ApprovedRun != 0 {
		approvals, err := r.Store.ApprovalsOf(r.Console.Hard, run.ApprovedRun)
		if err != nil {
			return err
		}
		if len(approvals) > 0 {
			a := approvals[0]
			page.Options = append(page.Options, reports.Option{Name: "approved by", Value: fmt.Sprintf("%s, %s: %s", a.By, utc(a.At), a.Reason)})
		}
	}
	page.Connections, err = connectionNames(r.Console.Hard, r.Store, page.Sample, s.Rules.Organization)
	if err != nil || run.Kind != linker.Reconcile {
		return err
	}
	earlier, err := r.earlierRuns(r.Console.Hard)
	page.Drift = drift(earlier, run, s)
	return err
}

// earlierRuns are the last runs on this schema, newest first.
func (r *Runner) earlierRuns(ctx context.Context) ([]linker.Run, error) {
	runs, err := r.Store.Runs(ctx, driftLookBack)
	return slices.DeleteFunc(runs, func(run linker.Run) bool {
		return run.Database.Schema != "" && run.Database.Schema != r.Store.Schema()
	}), err
}

// driftLookBack is how many runs are searched for reconciliations of the same
// scope: a month of nights with several jobs.
const driftLookBack = 300

func (r *Runner) sessionOptions(run linker.Run, s Settings, again, resumed bool) engine.Options {
	o := engine.Options{
		Run: run.ID, Rules: s.Rules, Writing: !run.DryRun && !r.Rewrite, Undo: run.OfRun,
		Lanes: int(r.Options.Lanes), BatchRows: int(r.Options.BatchRows), LockTimeout: r.Options.LockTimeout, RetryTimeout: r.Options.RetryTimeout,
		CountGroups: s.Guard.Reconcile || !s.Guard.MaxChanges.IsZero(),
		PerMinute:   int(r.Options.Rate), MaxLag: r.Options.MaxLag,
		Ready:  !r.Rewrite && !again,
		Trial:  run.DryRun && !r.Rewrite,
		Notice: func(text string) { r.Console.Stderr.Notice("%s", text) },
	}
	if resumed {
		o.OwnTimeout = OwnLockTimeout
	}
	if again {
		// The lock is this process's own: a server that was cut off still holds
		// it.
		o.OwnTimeout = max(OwnLockTimeout, r.Options.RetryTimeout)
	}
	return o
}

// nameOrganizations names the organizations whose recordings a run touches, if
// it is not limited to one.
func (r *Runner) nameOrganizations(p guard.Plan, s Settings) {
	if s.Rules.Organization != "" || r.named {
		return
	}
	r.named = true // and not again when the database was lost
	for _, o := range p.Touched {
		r.Console.Stderr.Notice("organization %q: %s recordings change", o.Organization, text.Thousands(o.Recordings))
	}
}

// SameDatabase repeats the database flags of a command for the next one, unless
// that would print a secret.
func SameDatabase(cmd *cobra.Command) string {
	var b strings.Builder
	if value := cmd.Flags().Lookup("database").Value.String(); value == flags.LocalDatabase || strings.HasPrefix(value, flags.LocalDatabase+"/") {
		b.WriteString(" --database " + flags.Quote(value))
	}
	b.WriteString(flags.SameFlags(cmd, "schema"))
	return b.String()
}

// showStanding prints the summary that was written when the run ended.
func (r *Runner) showStanding(l *life, standing *standingError) error {
	content, err := os.ReadFile(filepath.Join(l.dir, summaryName))
	if err != nil {
		return err
	}
	var s linker.Summary
	if err := json.Unmarshal(content, &s); err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Join(l.dir, summaryName), err)
	}
	l.notice(standing.Error() + "; this is what was written when the run ended")
	s.Files["html"] = filepath.Join(l.dir, pageName)
	if err := l.show(s, reports.TextOptions{Next: r.Next(s)}); err != nil {
		return err
	}
	return exit.Done(s.ExitStatus)
}
