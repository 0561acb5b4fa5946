package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/batch"
	"relink/batch/send"
	"relink/batch/source"
	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
	"relink/linker/httpapi"
	"relink/linker/private"
	"relink/linker/text"
	"relink/reports"
)

// apiOptions say which server is asked where there is no way to its database.
type apiOptions struct {
	url       string
	tokenFile string
	rate      int64
	insecure  bool
}

func (o *apiOptions) register(fs *pflag.FlagSet) {
	fs.StringVar(&o.url, "api", "", "send the rows to the HTTP operation of the server at `URL` instead of to a database")
	o.registerAgain(fs)
}

// registerAgain adds what may be another when a run is resumed.
func (o *apiOptions) registerAgain(fs *pflag.FlagSet) {
	o.rate = httpapi.DefaultPerMinute
	fs.BoolVar(&o.insecure, "insecure-plaintext", false, "send the token to another machine without TLS, for an http URL")
	fs.StringVar(&o.tokenFile, "token-file", "", "`FILE` with the token for --api, which only you can read")
	fs.Var(perMinute{&o.rate}, "rate", "requests a minute to --api, at most")
}

// apiSettings are kept in the journal of a run through the HTTP operation.
type apiSettings struct {
	runner.Settings
	API  string `json:"api"`
	Rate int64  `json:"rate"`
}

// journalName is the name of the journal in a run's folder. A folder that has
// it is a run through the HTTP operation.
const journalName = "journal.jsonl"

// apiRun makes one run through the HTTP operation.
type apiRun struct {
	a        *app
	dir      string
	s        apiSettings
	client   *httpapi.Client // nil for a dry run
	api      apiOptions      // as they stand on this command line
	run      flags.RunOptions
	dryRun   bool
	json     bool
	began    time.Time
	progress batch.Progress
	files    *runner.ReportFiles
	next     func(linker.Summary) []reports.Step
}

func (a *app) importThroughAPI(cmd *cobra.Command, path string, o importOptions) error {
	if err := a.checkAPI(cmd, o); err != nil {
		return err
	}
	in, err := a.input(cmd.Context(), path, o.input)
	if err != nil {
		return err
	}
	s := apiSettings{API: o.api.url, Rate: o.api.rate}
	if s.Settings, err = runner.NewSettings(in, o.rules.Rules(in.Set), o.guard.Guard, o.OutputOptions); err != nil {
		return err
	}
	r := &apiRun{
		a: a, s: s, api: o.api, run: o.run, dryRun: o.dryRun, json: o.JSON,
		next: runner.NextAfterAPI(cmd, in.Path),
	}
	if !o.dryRun {
		if r.client, err = a.newClient(cmd, s.API, o.api, o.run); err != nil {
			return err
		}
	}
	if runner.IsRegular(path) {
		if err := runner.Readable(cmd.Context(), in); err != nil {
			return err
		}
	}
	if r.dir, err = reports.CreateAPIFolder(s.Out, time.Now()); err != nil {
		return err
	}
	if err := reports.Share(r.dir, s.OutGroup); err != nil {
		return err
	}
	if err := runner.KeepInput(cmd.Context(), in, r.dir); err != nil {
		return err
	}
	return r.do(cmd.Context())
}

// checkAPI refuses options that cannot be kept on this road.
func (a *app) checkAPI(cmd *cobra.Command, o importOptions) error {
	if o.database != "" && o.database != a.env["RELINK_DATABASE"] {
		return exit.Usage("keep one of them", "--api and --database are both given")
	}
	if err := runner.CheckAPI(cmd); err != nil {
		return err
	}
	if o.api.tokenFile == "" && !o.dryRun {
		return exit.Usage("it holds one line, the token", "--token-file is missing")
	}
	if _, err := httpapi.ParseAddress(o.api.url, o.api.insecure); err != nil {
		return exit.Usage("", "--api: %w", err)
	}
	return nil
}

// newClient reads the token and makes a client of it for the server at address.
func (a *app) newClient(cmd *cobra.Command, address string, o apiOptions, run flags.RunOptions) (*httpapi.Client, error) {
	token, err := private.Read(cmd.Context(), o.tokenFile)
	if err != nil {
		return nil, fmt.Errorf("reading --token-file: %w", err)
	}
	cfg := httpapi.ClientConfig{
		URL: address, Token: token, Plaintext: o.insecure, PerMinute: int(o.rate), Connections: int(run.Lanes),
		Notice: func(text string) { a.Stderr.Notice("%s", text) },
	}
	// The default of the flag is for databases. A row that no server
	// answers holds up those behind it, so it is tried for less long.
	if cmd.Flags().Changed("retry-timeout") {
		cfg.RetryTimeout = max(run.RetryTimeout, 1)
	}
	client, err := httpapi.NewClient(cfg)
	if err != nil {
		return nil, exit.Usage("", "--api: %w", err)
	}
	return client, nil
}

// do makes the run and says how it ended.
func (r *apiRun) do(ctx context.Context) error {
	options, err := json.Marshal(r.s)
	if err != nil {
		return fmt.Errorf("recording the options: %w", err)
	}
	sending := &send.Job{
		Input: r.s.Input(r.dir), Rules: r.s.Rules, Guard: r.s.Guard, DryRun: r.dryRun,
		Sender: r.client, First: r.client.First, Workers: int(r.run.Lanes),
		Journal: filepath.Join(r.dir, journalName), Settings: options, TempDir: r.dir,
		Begin: func(src *source.Reader) (batch.Report, error) {
			var err error
			r.files, err = runner.NewReportFiles(runner.RelativePath(r.dir), flags.Extension(r.s.ReportFormat, r.s.ReportCompress), r.s.Rules.Set, src)
			return r.files, err
		},
		Planned:  r.foretell,
		Stop:     ctx.Done(),
		Notice:   func(text string) { r.a.Stderr.Notice("%s", text) },
		Progress: &r.progress,
	}
	phases := phasesOfSending
	if r.dryRun {
		phases = console.PhasesOfValidate
	}
	r.begins()
	stop := r.a.Stderr.Watch(&r.progress, phases)
	done, err := sending.Do(r.a.Hard)
	stop()
	if done == nil {
		return r.broken(ctx, err)
	}
	status := done.ExitStatus()
	if err != nil {
		status = exit.Error
	}
	if sayErr := r.say(done, status, phases); sayErr != nil {
		return errors.Join(err, sayErr)
	}
	switch {
	case err != nil:
		return exit.WithStatus(status, err, strings.TrimPrefix(exit.Hint(err)+"; "+r.resume(), "; "))
	case done.Refusal != nil:
		return exit.WithStatus(status, done.Refusal, done.Refusal.Hint)
	case status == exit.Interrupted:
		return exit.WithStatus(status, errors.New("the run was interrupted"), r.resume())
	}
	return exit.Done(status)
}

// begins writes the log's line of a run that begins, or goes on.
func (r *apiRun) begins() {
	r.began = time.Now()
	name := "import to " + r.s.API
	if r.dryRun {
		name = "dry run of an import to " + r.s.API
	}
	r.a.Stderr.Event("start", fmt.Sprintf("%s of %s, %s, files in %s", name, r.s.Name, runner.UTC(r.began), runner.RelativePath(r.dir)),
		"kind", linker.Import, "api", r.s.API, "dryRun", r.dryRun, "source", r.s.Name, "folder", runner.RelativePath(r.dir))
}

// ends writes the log's line of a run that has ended.
func (r *apiRun) ends(s linker.Summary) {
	_, verdict := reports.Verdict(s)
	took := time.Since(r.began).Round(100 * time.Millisecond)
	r.a.Stderr.Event("end", fmt.Sprintf("import to %s, %s, exit status %d after %s: %s", r.s.API, runner.UTC(time.Now()), s.ExitStatus, took, verdict),
		"kind", s.Kind, "api", r.s.API, "dryRun", s.DryRun, "state", s.State, "exitStatus", s.ExitStatus, "seconds", took.Seconds(),
		"rows", s.Rows, "outcomes", s.Outcomes, "report", s.Files["report"])
}

// phasesOfSending are those of an import through the HTTP operation.
var phasesOfSending = []batch.Phase{batch.Staging, batch.Applying, batch.Reporting}

// foretell says how long the sending will take: it may well be a night.
func (r *apiRun) foretell(rows int64) {
	if r.s.Rate <= 0 {
		r.a.Stderr.Notice("%s rows to send", text.Thousands(rows))
		return
	}
	takes := time.Duration(rows) * time.Minute / time.Duration(r.s.Rate)
	r.a.Stderr.Notice("%s rows to send, at most %s a minute: about %s", text.Thousands(rows), text.Thousands(r.s.Rate), roughly(takes))
	if takes > worthAHint {
		r.a.Stderr.Notice("where the platform's database can be reached, relink import --database does that in minutes")
	}
}

// worthAHint is how long an import may take before a faster way is named.
const worthAHint = 5 * time.Minute

// roughly is a length of time as people say it.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		return fmt.Sprintf("%d min", d.Round(time.Minute)/time.Minute)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

// say writes the summaries and shows the short one.
func (r *apiRun) say(done *batch.Done, status linker.ExitStatus, phases []batch.Phase) error {
	var notices []string
	if done.Refusal != nil {
		notices = append(notices, done.Refusal.Message)
	}
	if r.dryRun {
		notices = append(notices, "The rows were checked, not looked up: which recordings and CRM rows exist "+
			"only the server knows. A dry run that looks them up needs --database.")
	}
	if done.Run.Message != "" && done.Refusal == nil {
		notices = append(notices, "Stopped: "+done.Run.Message+".")
	}
	host, _ := os.Hostname()
	page := &reports.Page{
		Summary: done.Summary(), Notices: notices, Sample: &r.files.Sample,
		Phases: runner.PhasesTook(r.progress.Took, phases, done.Tally.Rows(), r.progress.RowsApplied.Load()), Options: r.s.Listed(), Host: host, Version: runner.Version(),
	}
	page.Summary.ExitStatus = status
	page.Summary.Run = nil // it has no number: no database knows of it
	page.Summary.Files = r.files.Names()
	page.Next = r.next(page.Summary)
	if page.Summary.State == string(linker.StateInterrupted) {
		page.Next = []reports.Step{{Why: "Continue where it stopped", Command: r.resumeCommand()}}
	}
	if err := runner.WriteBeside(runner.RelativePath(r.dir), page); err != nil {
		return err
	}
	if err := r.a.Show(page.Summary, r.json, reports.TextOptions{Notices: notices, Next: page.Next}); err != nil {
		return err
	}
	r.ends(page.Summary)
	return nil
}

func (r *apiRun) resume() string { return r.resumeCommand() + " continues it" }

func (r *apiRun) resumeCommand() string {
	command := "relink resume " + flags.Quote(runner.RelativePath(r.dir)) + " --token-file " + flags.Quote(runner.RelativePath(r.api.tokenFile))
	if r.api.insecure {
		command += " --insecure-plaintext"
	}
	return command
}

// broken tells how a run ended that has no report.
func (r *apiRun) broken(ctx context.Context, err error) error {
	sent := runner.IsFile(filepath.Join(r.dir, journalName))
	if !sent {
		_ = os.Remove(filepath.Join(r.dir, runner.StdinCopy))
		reports.RemoveFolder(r.dir) // without a report it would only raise questions
	}
	switch {
	case errors.Is(err, send.ErrJournalInUse):
		return exit.WithStatus(exit.Busy, err, "wait for it to end, or interrupt it")
	case ctx.Err() != nil && !sent:
		return exit.WithStatus(exit.Interrupted, errors.New("interrupted before anything was sent"), "start it again")
	case ctx.Err() != nil:
		return exit.WithStatus(exit.Interrupted, errors.New("the run was interrupted"), r.resume())
	case sent:
		return exit.WithStatus(exit.Error, err, strings.TrimPrefix(exit.Hint(err)+"; "+r.resume(), "; "))
	}
	return err
}
