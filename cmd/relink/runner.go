package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"relink/batch"
	"relink/batch/source"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/text"
	"relink/reports"
)

// runner makes runs on one database: new ones, and those that go on.
type runner struct {
	a     *console
	cmd   *cobra.Command
	store *postgres.Store
	// Flags of the command line that do not change what a run means.
	run runOptions
	// rewrite only writes the files of a run again.
	rewrite bool
	// standing shows the files as they are where they cannot be written
	// again.
	standing bool
	json     bool
	html     bool                                // print the page instead of the summary
	next     func(linker.Summary) []reports.Step // the commands that make sense after it
	began    time.Time                           // in this process
	named    bool                                // the organizations
}

// begin records a new run, makes its folder and does it. A revert has no input.
func (r *runner) begin(ctx context.Context, run linker.Run, in *source.Input, s settings) error {
	if in != nil && rereadable(in.Path) {
		// What is wrong with the file as a whole is said before anything
		// is recorded.
		if err := readable(*in); err != nil {
			return err
		}
	}
	if err := r.ready(ctx); err != nil {
		return err
	}
	if err := r.store.CheckNames(ctx, s.Rules); err != nil {
		return err
	}
	if err := r.nameInterrupted(ctx, 0); err != nil {
		return err
	}
	options, err := s.encode()
	if err != nil {
		return fmt.Errorf("recording the options: %w", err)
	}
	run.Options, run.Version, run.Source.Name = options, version(), s.Name
	if run, err = r.store.Begin(ctx, run); err != nil {
		return err
	}
	if run.OutDir, err = reports.CreateFolder(s.Out, run.StartedAt, run.ID); err == nil && in != nil {
		if err = keepInput(ctx, *in, run.OutDir); err == nil && !rereadable(in.Path) {
			err = readable(s.input(run.OutDir))
		}
	}
	if err != nil {
		err = errors.Join(err, r.abandon(run, err))
		if ctx.Err() != nil {
			return withStatus(statusInterrupted, fmt.Errorf("run %d was interrupted before its input was read to the end", run.ID), "nothing was done: start it again")
		}
		return err
	}
	return r.do(ctx, run, s, false)
}

// nameInterrupted tells of the runs that wait to be resumed, but for one.
func (r *runner) nameInterrupted(ctx context.Context, but int64) error {
	waiting, err := r.store.Interrupted(ctx)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		if w.ID != but {
			r.a.stderr.notice("run %d was interrupted on %s; relink resume %d continues it, relink runs abandon %d ends it",
				w.ID, w.StartedAt.Format("2006-01-02 15:04 UTC"), w.ID, w.ID)
		}
	}
	return nil
}

// do takes a run to its end, says how it ended, and returns that as an error
// with the exit status.
func (r *runner) do(ctx context.Context, run linker.Run, s settings, resumed bool) error {
	var files *reportFiles
	var progress batch.Progress
	var page *reports.Page
	dir := near(run.OutDir)
	job := &batch.Job{
		Run: run, Input: s.input(run.OutDir), Rules: s.Rules, Guard: s.Guard, Rewrite: r.rewrite,
		Open: func(ctx context.Context, again bool) (batch.Attempt, error) {
			o := r.sessionOptions(run, s, again, resumed)
			o.Working = &progress.Lanes
			session, err := r.open(ctx, o)
			if err == nil && resumed && !again {
				if err = r.untouched(ctx, run); err != nil {
					session.Close()
				}
			}
			return session, pg.Explain(err)
		},
		Record: r.record,
		Begin: func(src *source.Reader) (batch.Report, error) {
			var err error
			files, err = newReportFiles(dir, s.ReportFormat, s.Rules.Set, src)
			if files != nil && run.State.Ended() {
				files.keepOther = run.ID
			}
			return files, err
		},
		Finish: func(done *batch.Done) (err error) {
			page, err = r.writeRest(dir, done, files, s)
			return err
		},
		Planned:      func(p linker.Plan) { r.nameOrganizations(p, s) },
		RetryTimeout: r.run.retryTimeout,
		Stop:         ctx.Done(),
		Notice:       func(text string) { r.a.stderr.notice("%s", text) },
		Progress:     &progress,
	}
	if s.Expect != "" {
		job.Expect = func(*source.Reader) (batch.Report, error) { return newExpectation(s.Expect) }
	}
	r.begins(run, dir)
	saidSo := context.AfterFunc(ctx, func() {
		r.a.stderr.notice("stopping after the batches in hand; a second signal stops at once")
	})
	defer saidSo()
	stop := r.a.stderr.watch(&progress, phasesOf(run))
	done, err := job.Do(r.a.hard)
	stop()
	var standing *standingError
	if r.standing && errors.As(err, &standing) && isFile(filepath.Join(dir, summaryName)) {
		return r.showStanding(dir, standing)
	}
	if err != nil {
		return r.broken(run, done, resumed, err)
	}
	if r.rewrite && run.State == linker.StateDone && !maps.Equal(run.Outcomes, done.Tally.Outcomes()) {
		r.a.stderr.warn(fmt.Sprintf("run %d ended with %s: links, recordings or CRM rows have changed since, "+
			"and the rows that it did not change are reported as they would be decided now", run.ID, run.Outcomes))
	}
	if done.Plan.PruneWithheld != "" && (r.a.quiet || r.json) {
		r.a.stderr.warn(withheld(done))
	}
	summary := page.Summary
	if r.html {
		err = r.a.showPage(summary.Files["html"])
	} else {
		err = r.a.show(summary, r.json, reports.TextOptions{Notices: why(done), Next: page.Next})
	}
	if err != nil {
		return err
	}
	r.ends(summary)
	switch {
	case done.Refusal != nil && done.Applied:
		return withStatus(summary.ExitStatus, done.Refusal, r.halfDoneHint(run.ID))
	case done.Refusal != nil:
		return withStatus(summary.ExitStatus, done.Refusal, done.Refusal.Hint)
	case summary.ExitStatus == statusInterrupted && !r.rewrite:
		return r.interrupted(run.ID)
	}
	return outcome(summary.ExitStatus)
}

// begins writes the log's line of a run that begins, or goes on.
func (r *runner) begins(run linker.Run, dir string) {
	if r.rewrite {
		return
	}
	r.began = time.Now()
	r.a.stderr.event("start", fmt.Sprintf("%s of %s, %s, files in %s", runName(string(run.Kind), run.ID, run.DryRun), run.Source.Name, utc(r.began), dir),
		"run", run.ID, "kind", run.Kind, "dryRun", run.DryRun, "source", run.Source.Name, "folder", dir)
}

// ends writes the log's line of a run that has ended.
func (r *runner) ends(s linker.Summary) {
	if r.rewrite {
		return
	}
	_, verdict := reports.Verdict(s)
	took := time.Since(r.began).Round(100 * time.Millisecond)
	r.a.stderr.event("end", fmt.Sprintf("%s, %s, exit status %d after %s: %s", runName(s.Kind, *s.Run, s.DryRun), utc(time.Now()), s.ExitStatus, took, verdict),
		"run", *s.Run, "kind", s.Kind, "dryRun", s.DryRun, "state", s.State, "exitStatus", s.ExitStatus, "seconds", took.Seconds(),
		"rows", s.Rows, "outcomes", s.Outcomes, "drift", s.Drift, "report", s.Files["report"])
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func runName(kind string, id int64, dryRun bool) string {
	if dryRun {
		kind = "dry run of " + kind
	}
	return fmt.Sprintf("%s %d", kind, id)
}

// open opens a session. ctx ends with the first signal and ends only the
// opening: the session itself must outlive it, to bring the batch in hand to an
// end and to report.
func (r *runner) open(ctx context.Context, o postgres.SessionOptions) (batch.Attempt, error) {
	lasting, cancel := context.WithCancelCause(r.a.hard)
	opened := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	session, err := r.store.Session(lasting, o)
	if err != nil {
		return nil, err // and not a session that is nil
	}
	opened()
	return session, nil
}

// writeRest writes the files that stand beside the report, the summary last:
// whoever finds one finds all that it lists.
func (r *runner) writeRest(dir string, done *batch.Done, files *reportFiles, s settings) (*reports.Page, error) {
	page := &reports.Page{
		Summary: done.Summary(), Notices: why(done), Sample: &files.sample, Touched: done.Plan.Touched,
		Options: s.listed(), Host: done.Run.Host, Version: done.Run.Version,
	}
	page.Phases = recordedPhases(done.Run, page.Summary)
	if of := done.Run.OfRun; of != 0 {
		page.Options = append([]reports.Option{{Name: "takes back", Value: fmt.Sprintf("run %d", of)}}, page.Options...)
	}
	if done.Refusal != nil {
		page.Notices = append(page.Notices, groupsOf(done.Refusal)...)
		if done.Refusal.Hint != "" {
			page.Notices = append(page.Notices, "To do: "+done.Refusal.Hint)
		}
	}
	page.Summary.Files = files.names()
	page.Next = r.next(page.Summary)
	if err := r.decorate(page, done.Run, s); err != nil {
		r.a.stderr.notice("report.html lacks the names of connections: %s", pg.Explain(err))
	}
	return page, writeBeside(dir, page)
}

// why are the sentences under the verdict: what was not done, for which reason.
func why(done *batch.Done) (list []string) {
	if done.Refusal != nil {
		list = append(list, done.Refusal.Message)
	}
	if done.Plan.PruneWithheld != "" {
		list = append(list, withheld(done))
	}
	return list
}

func withheld(done *batch.Done) string { return "nothing was cleared: " + done.Plan.PruneWithheld }

// decorate adds to the page what only the database knows.
func (r *runner) decorate(page *reports.Page, run linker.Run, s settings) (err error) {
	page.Connections, err = connectionNames(r.a.hard, r.store, page.Sample, s.Rules.Organization)
	if err != nil || run.Kind != linker.Reconcile {
		return err
	}
	earlier, err := r.store.Runs(r.a.hard, driftLookBack)
	page.Drift = drift(earlier, run, s)
	return err
}

// driftLookBack is how many runs are searched for reconciliations of the same
// scope: a month of nights with several jobs.
const driftLookBack = 300

func (r *runner) sessionOptions(run linker.Run, s settings, again, resumed bool) postgres.SessionOptions {
	o := postgres.SessionOptions{
		Run: run.ID, Rules: s.Rules, Writing: !run.DryRun && !r.rewrite, Undo: run.OfRun,
		Lanes: int(r.run.lanes), BatchRows: int(r.run.batchRows), LockTimeout: r.run.lockTimeout, RetryTimeout: r.run.retryTimeout,
		CountGroups: s.Guard.Reconcile || !s.Guard.MaxChanges.IsZero(),
		Notice:      func(text string) { r.a.stderr.notice("%s", text) },
	}
	if resumed {
		o.OwnTimeout = ownLockTimeout
	}
	if again {
		// The lock is this process's own: a server that was cut off still
		// holds it.
		o.OwnTimeout = max(ownLockTimeout, r.run.retryTimeout)
	}
	return o
}

// nameOrganizations says whose recordings a run touches that is not limited to
// one organization.
func (r *runner) nameOrganizations(p linker.Plan, s settings) {
	if s.Rules.Organization != "" || r.named {
		return
	}
	r.named = true // and not again when the database was lost
	for _, o := range p.Touched {
		r.a.stderr.notice("organization %q: %s recordings change", o.Organization, text.Thousands(o.Recordings))
	}
}

// sameDatabase repeats the database of a command for the next one, unless that
// would print a secret.
func sameDatabase(cmd *cobra.Command) string {
	var b strings.Builder
	if value := cmd.Flags().Lookup("database").Value.String(); value == local || strings.HasPrefix(value, local+"/") {
		b.WriteString(" --database " + quote(value))
	}
	b.WriteString(sameFlags(cmd, "schema"))
	return b.String()
}

// showStanding prints what was written when the run ended.
func (r *runner) showStanding(dir string, standing *standingError) error {
	content, err := os.ReadFile(filepath.Join(dir, summaryName))
	if err != nil {
		return err
	}
	var s linker.Summary
	if err := json.Unmarshal(content, &s); err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Join(dir, summaryName), err)
	}
	r.a.stderr.notice("%s; this is what was written when the run ended", standing)
	if r.html {
		err = r.a.showPage(filepath.Join(dir, pageName))
	} else {
		err = r.a.show(s, r.json, reports.TextOptions{Next: r.next(s)})
	}
	if err != nil {
		return err
	}
	return outcome(s.ExitStatus)
}
