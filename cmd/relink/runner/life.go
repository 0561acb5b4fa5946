package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"relink/batch"
	"relink/batch/source"
	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/reports"
)

// job does the rows of a run: *batch.Job on a database, *send.Job through HTTP,
// *batch.Validation without either.
type job interface {
	Do(ctx context.Context) (*batch.Done, error)
}

// life is what every run goes through, whatever does its rows:
//
//	work   the start in the log, the rows, the files of the run's folder
//	end    the summary, the end in the log, the exit status
type life struct {
	console  *console.Console
	dir      string // the run's folder, as it is shown
	settings Settings
	phases   []batch.Phase
	next     func(linker.Summary) []reports.Step
	asJSON   bool
	asPage   bool // print the page instead of the summary
	// title is what the log calls the run, "" to leave it out there; attrs
	// identify it in a log of JSON.
	title string
	// environment is the label of the database that a run writes to, "" for
	// none and for a dry run.
	environment string
	attrs       []any
	// keepOther is the run that has ended and whose files are written again,
	// else 0.
	keepOther int64
	// notes, when not nil, are more sentences under the verdict.
	notes func(*batch.Done) []string
	// decorate, when not nil, adds to the page what only this kind of run
	// has.
	decorate func(*reports.Page, *batch.Done)

	progress batch.Progress
	files    *ReportFiles
	page     *reports.Page
	began    time.Time
}

// begin opens the files that the rows are reported in.
func (l *life) begin(src *source.Reader) (batch.Report, error) {
	var err error
	l.files, err = NewReportFiles(l.dir, flags.Extension(l.settings.ReportFormat, l.settings.ReportCompress), l.settings.Rules.Set, src)
	if l.files != nil {
		l.files.keepOther = l.keepOther
	}
	return l.files, err
}

func (l *life) notice(text string) { l.console.Stderr.Notice("%s", text) }

// announceStop prints, once ctx has ended, that the run will stop after the
// current batch. The caller calls done when the run has ended.
func (l *life) announceStop(ctx context.Context, inHand string) (done func() bool) {
	return context.AfterFunc(ctx, func() {
		l.notice(stopReason(ctx) + "stopping after the " + inHand + " in hand; a second signal stops at once")
	})
}

// work processes the rows and writes the files beside the report. Done is nil,
// or not Reported, for a run that has no report. An error together with a
// report means that the run ended early.
func (l *life) work(ctx context.Context, j job) (*batch.Done, error) {
	l.logStart()
	stop := l.console.Stderr.Watch(&l.progress, l.phases)
	done, err := j.Do(ctx)
	stop()
	if done == nil || !done.Reported || l.page != nil {
		return done, err
	}
	return done, errors.Join(err, l.finish(done, err))
}

// finish writes the files beside the report, the summary last: whoever finds
// the summary finds all files that it lists. A run on a database calls it
// before it is recorded as ended. cause is why it ended early, else nil.
func (l *life) finish(done *batch.Done, cause error) error {
	p := &reports.Page{
		Summary: done.Summary(), Notices: l.why(done), Sample: &l.files.Sample, Touched: done.Plan.Touched,
		Options: l.settings.Listed(), Host: done.Run.Host, Version: done.Run.Version, Phases: l.phasesTook(done),
	}
	if done.Run.ID == 0 { // no database has recorded where it ran
		p.Host, _ = os.Hostname()
		p.Version = Version()
	}
	if cause != nil {
		p.Summary.ExitStatus = exit.Error
	}
	if done.Refusal != nil {
		p.Notices = append(p.Notices, exit.Groups(done.Refusal)...)
		if done.Refusal.Hint != "" {
			p.Notices = append(p.Notices, "To do: "+done.Refusal.Hint)
		}
	}
	p.Summary.Files = l.files.Names()
	p.Next = l.next(p.Summary)
	if l.decorate != nil {
		l.decorate(p, done)
	}
	l.page = p
	return WriteBeside(l.dir, p)
}

// phasesTook returns the phases of the run with the time that each took,
// according to its record, since other processes may have worked on it before.
func (l *life) phasesTook(done *batch.Done) (list []reports.Phase) {
	for _, phase := range l.phases {
		p := reports.Phase{Name: console.PhaseNames[phase], Took: l.progress.Took(phase), Rows: done.Tally.Rows()}
		if done.Run.ID != 0 {
			p.Took = time.Duration(done.Run.Took[phase.String()]) * time.Millisecond
		}
		switch {
		case phase == batch.Planning:
			p.Rows = 0
		case phase == batch.Applying && done.Run.ID != 0:
			p.Rows = done.Tally.Outcomes().Written()
		case phase == batch.Applying:
			p.Rows = l.progress.RowsApplied.Load()
		}
		if p.Took > 0 {
			list = append(list, p)
		}
	}
	return list
}

// why returns the sentences under the verdict: what was not done, and why.
func (l *life) why(done *batch.Done) (list []string) {
	if done.Refusal != nil {
		list = append(list, done.Refusal.Message)
	}
	list = append(list, warnings(done)...)
	if l.notes != nil {
		list = append(list, l.notes(done)...)
	}
	return list
}

// warnings returns what the user must know about a finished run.
func warnings(done *batch.Done) (list []string) {
	if done.SourceLost != "" {
		list = append(list, done.SourceLost+": the report is made of the rows as they were read at first, trimmed and without a rejects file")
	}
	if done.WrongDatabase() {
		list = append(list, "no recording of the file exists in this database: is it the right one?")
	}
	if done.Plan.PruneWithheld != "" {
		list = append(list, "nothing was cleared: "+done.Plan.PruneWithheld)
	}
	return list
}

// end prints the summary of a run that has a report, and returns its exit status
// as an error. resume is the hint of a run that can be resumed.
func (l *life) end(done *batch.Done, cause error, resume string) error {
	s := l.page.Summary
	if l.console.Quiet || l.asJSON { // neither of the two prints them
		for _, w := range warnings(done) {
			l.console.Stderr.Warn(w)
		}
	}
	if err := l.show(s, reports.TextOptions{Notices: l.why(done), Next: l.page.Next}); err != nil {
		return errors.Join(cause, err)
	}
	l.logEnd(s)
	switch {
	case cause != nil:
		return exit.WithStatus(s.ExitStatus, cause, joinHints(exit.Hint(cause), resume))
	case done.Refusal != nil:
		return exit.WithStatus(s.ExitStatus, done.Refusal, done.Refusal.Hint)
	case s.ExitStatus == exit.Interrupted && resume != "":
		return exit.WithStatus(s.ExitStatus, errInterrupted(done.Run.ID), resume)
	}
	return exit.Done(s.ExitStatus)
}

// show prints the summary, or the page in the run's folder.
func (l *life) show(s linker.Summary, o reports.TextOptions) error {
	if l.asPage {
		return l.console.ShowPage(s.Files["html"])
	}
	return l.console.Show(s, l.asJSON, o)
}

// logStart logs that a run starts or continues.
func (l *life) logStart() {
	l.began = time.Now()
	if l.title == "" {
		return
	}
	if l.environment != "" {
		l.notice("the database is " + l.environment)
		l.attrs = append(l.attrs, "environment", l.environment)
	}
	l.console.Stderr.Event("start", fmt.Sprintf("%s of %s, %s, files in %s", l.title, l.settings.Name, utc(l.began), l.dir),
		append(l.attrs, "source", l.settings.Name, "folder", l.dir)...)
}

// logEnd logs that a run has ended.
func (l *life) logEnd(s linker.Summary) {
	if l.title == "" {
		return
	}
	_, verdict := reports.Verdict(s)
	took := time.Since(l.began).Round(100 * time.Millisecond)
	l.console.Stderr.Event("end", fmt.Sprintf("%s, %s, exit status %d after %s: %s", l.title, utc(time.Now()), s.ExitStatus, took, verdict),
		append(l.attrs, "state", s.State, "exitStatus", s.ExitStatus, "seconds", took.Seconds(),
			"rows", s.Rows, "outcomes", s.Outcomes, "drift", s.Drift, "report", s.Files["report"])...)
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// errInterrupted is the error of a run that was told to stop; id is 0 for a run
// without a number.
func errInterrupted(id int64) error {
	if id == 0 {
		return errors.New("the run was interrupted")
	}
	return fmt.Errorf("run %d was interrupted", id)
}

// joinHints makes one hint of two, either of which may be "".
func joinHints(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
