package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"relink/batch"
	"relink/linker"
	"relink/linker/postgres"
	"relink/reports"
)

// ownLockTimeout is how long a resumed run waits for its own lock: the server
// may not have seen yet that the process before is dead.
const ownLockTimeout = 30 * time.Second

// runner makes runs on one database: new ones, and those that go on.
type runner struct {
	a     *app
	cmd   *cobra.Command
	store *postgres.Store
	// Flags of the command line that do not change what a run means.
	run runOptions
	// rewrite only writes the files of a run again.
	rewrite bool
	json    bool
	next    func(linker.Summary) []string // the commands that make sense after it
	began   time.Time                     // in this process
}

// again takes a run that was recorded before to its end or, with rewrite, to
// its report.
func (r *runner) again(ctx context.Context, run linker.Run) error {
	s, err := readSettings(run)
	if err != nil {
		return err
	}
	if run.OutDir == "" { // it died before it had one
		run.OutDir = reports.FolderPath(s.Out, run.StartedAt, run.ID)
	}
	if s.Path == "-" && !isFile(s.input(run.OutDir).Path) {
		return usage("start it again", "run %d was interrupted before its input was read to the end", run.ID)
	}
	if err := reports.ReopenFolder(run.OutDir); err != nil {
		return err
	}
	return r.do(ctx, run, s, true)
}

// begin records a new run, makes its folder and does it. A revert has no input.
func (r *runner) begin(ctx context.Context, run linker.Run, in *batch.Input, s settings) error {
	if in != nil && rereadable(in.Path) {
		// What is wrong with the file as a whole is said before anything
		// is recorded.
		source, err := batch.Open(*in)
		if err != nil {
			return err
		}
		source.Close()
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
		err = keepInput(*in, run.OutDir)
	}
	if err != nil {
		return errors.Join(err, r.abandon(run, err))
	}
	return r.do(ctx, run, s, false)
}

// abandon ends the record of a run that never got under way: nothing of it
// could be resumed.
func (r *runner) abandon(run linker.Run, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	run.State, run.Message, run.ExitStatus = linker.StateAbandoned, cause.Error(), statusOf(cause)
	return r.store.SaveRun(ctx, run)
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
	var refused []string
	dir := near(run.OutDir)
	job := &batch.Job{
		Run: run, Input: s.input(run.OutDir), Rules: s.Rules, Guard: s.Guard, Rewrite: r.rewrite,
		Open: func(ctx context.Context, again bool) (batch.Attempt, error) {
			return r.open(ctx, r.sessionOptions(run, s, again || resumed))
		},
		Record: r.store.SaveRun,
		Begin: func(source *batch.Source) (batch.Report, error) {
			var err error
			files, err = newReportFiles(dir, s.ReportFormat, s.Rules.Set, source)
			return files, err
		},
		Planned:      func(p linker.Plan) { r.nameOrganizations(p, s) },
		IsTransient:  postgres.IsTransient,
		IsStopped:    func(err error) bool { return errors.Is(err, postgres.ErrStopped) },
		RetryTimeout: r.run.retryTimeout,
		Stop:         ctx.Done(),
		Notice:       func(text string) { r.a.stderr.notice("%s", text) },
		Progress:     &progress,
	}
	if s.Expect != "" {
		job.Expect = func(*batch.Source) (batch.Report, error) { return newExpectation(s.Expect) }
	}
	phases := phasesOfRun
	if run.DryRun {
		phases = phasesOfDryRun
	}
	r.begins(run, dir)
	stop := r.a.watch(&progress, phases)
	done, err := job.Do(r.a.hard)
	stop()
	if err != nil {
		return r.broken(run, done, err)
	}
	if done.Refusal != nil {
		refused = append(refused, done.Refusal.Message)
	}
	if done.Plan.PruneWithheld != "" {
		why := "nothing was cleared: " + done.Plan.PruneWithheld
		refused = append(refused, why)
		if r.a.quiet || r.json {
			r.a.stderr.warn(why)
		}
	}
	page := &reports.Page{
		Summary: done.Summary(), Notices: slices.Clone(refused), Sample: &files.sample, Touched: done.Plan.Touched,
		Phases: phasesTook(&progress, phases), Options: s.listed(), Host: done.Run.Host, Version: done.Run.Version,
	}
	if done.Refusal != nil {
		page.Notices = append(page.Notices, groupsOf(done.Refusal)...)
	}
	page.Summary.Files = files.names()
	page.Next = r.next(page.Summary)
	if err := r.decorate(page, done.Run, s); err != nil {
		return err
	}
	if err := writePage(dir, page); err != nil {
		return err
	}
	summary := page.Summary
	if err := writeSummary(dir, &summary); err != nil {
		return err
	}
	if err := r.a.show(summary, r.json, reports.TextOptions{Notices: refused, Next: page.Next}); err != nil {
		return err
	}
	r.ends(summary)
	switch {
	case done.Refusal != nil:
		return &failure{summary.ExitStatus, done.Refusal, done.Refusal.Hint}
	case summary.ExitStatus == statusInterrupted && !r.rewrite:
		return &failure{statusInterrupted, fmt.Errorf("run %d was interrupted", run.ID), resumeHint(run.ID)}
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

func resumeHint(run int64) string { return fmt.Sprintf("relink resume %d continues it", run) }

// broken tells how a run ended that could not write its report.
func (r *runner) broken(run linker.Run, done *batch.Done, err error) error {
	var locked *postgres.LockedError
	switch {
	case errors.As(err, &locked):
		if !done.Applied {
			err = errors.Join(err, r.abandon(run, err))
		}
		return &failure{statusBusy, err, "wait for it to end, or give --lock-timeout to wait here"}
	case errors.Is(err, batch.ErrStopped), r.cmd.Context().Err() != nil:
		return &failure{statusInterrupted, fmt.Errorf("run %d was interrupted", run.ID), resumeHint(run.ID)}
	}
	message, hint, ok := explainDatabase(err)
	if ok {
		err = &explained{message, err}
	}
	return &failure{statusError, err, strings.TrimPrefix(hint+"; "+resumeHint(run.ID), "; ")}
}

func (r *runner) sessionOptions(run linker.Run, s settings, waitForOwn bool) postgres.SessionOptions {
	o := postgres.SessionOptions{
		Run: run.ID, Rules: s.Rules, Writing: !run.DryRun && !r.rewrite, Undo: run.OfRun,
		Lanes: int(r.run.lanes), BatchRows: int(r.run.batchRows), LockTimeout: r.run.lockTimeout,
		CountGroups: s.Guard.Reconcile || !s.Guard.MaxChanges.IsZero(),
		Notice:      func(text string) { r.a.stderr.notice("%s", text) },
	}
	if waitForOwn {
		o.OwnTimeout = ownLockTimeout
	}
	return o
}

// nameOrganizations says whose recordings a run touches that is not limited to
// one organization.
func (r *runner) nameOrganizations(p linker.Plan, s settings) {
	if s.Rules.Organization != "" {
		return
	}
	for _, o := range p.Touched {
		r.a.stderr.notice("organization %q: %s recordings change", o.Organization, thousands(o.Recordings))
	}
}

// nextAfterFile are the commands that make sense after an import or a
// reconciliation of the file path.
func nextAfterFile(cmd *cobra.Command, path string) func(linker.Summary) []string {
	same := sameFlags(cmd, "format", "delimiter", "encoding", "map", "set",
		"organization", "on-conflict", "follow-merges", "existing", "keep-trigger",
		"connection", "data-type", "prune", "take-over", "max-rejects", "max-changes", "min-rows", "force")
	command := "relink " + cmd.Name() + same + sameDatabase(cmd) + " "
	after := nextAfterRun(cmd)
	return func(s linker.Summary) []string {
		switch {
		case s.DryRun && s.State == string(linker.StateDone) && s.Kind == string(linker.Import):
			return append([]string{command + "--expect " + quote(s.Files["report"]) + " " + quote(path)}, after(s)...)
		case s.DryRun && s.State == string(linker.StateDone):
			return append([]string{command + quote(path)}, after(s)...)
		// Of a reconciliation the rejects belong into the next file: by
		// themselves they are not what the links should be.
		case s.Applied && s.Files["rejects"] != "" && s.Kind == string(linker.Import) && s.State == string(linker.StateDone):
			return append([]string{command + quote(s.Files["rejects"])}, after(s)...)
		}
		return after(s)
	}
}

// nextAfterRun are the commands that make sense after any run.
func nextAfterRun(cmd *cobra.Command) func(linker.Summary) []string {
	database := sameDatabase(cmd)
	return func(s linker.Summary) []string {
		id := " " + strconv.FormatInt(*s.Run, 10)
		if s.State == string(linker.StateInterrupted) {
			return []string{"relink resume" + database + id}
		}
		return []string{"relink runs show" + database + id}
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
