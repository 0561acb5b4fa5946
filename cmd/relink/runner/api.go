package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"relink/batch"
	"relink/batch/send"
	"relink/batch/source"
	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/linker/httpapi"
	"relink/linker/postgres"
	"relink/linker/private"
	"relink/linker/text"
	"relink/reports"
	"relink/reports/folder"
)

// APISettings are the settings that a run through the HTTP operation keeps in
// its journal.
type APISettings struct {
	Settings
	API  string `json:"api"`
	Rate int64  `json:"rate"` // requests a minute, 0 for no limit
	// Operator began the run, for the reason given; its database role is the
	// server's secret.
	Operator linker.Operator `json:"operator,omitzero"`
	Reason   string          `json:"reason,omitempty"`
}

// API makes runs through the HTTP operation of a platform.
type API struct {
	Console *console.Console
	Client  *httpapi.Client // nil for a dry run
	Lanes   int             // requests at a time
	DryRun  bool
	JSON    bool
	// ResumeFlags are the flags that relink resume needs to continue the run.
	ResumeFlags string
	Next        func(linker.Summary) []reports.Step // the commands that make sense after it

	wrongAddress bool // to resume the run is of no use
}

// journalName is the name of the journal in a run's folder. A folder that has
// it is a run through the HTTP operation.
const journalName = "journal.jsonl"

// Begin makes a folder for a new run and carries the run out.
func (a *API) Begin(ctx context.Context, in source.Input, s APISettings) error {
	s.Operator = postgres.LocalOperator()
	dir, err := newFolder(ctx, in, s.Settings, folder.CreateForAPI)
	if err != nil {
		return err
	}
	if err := KeepInput(ctx, in, dir); err != nil {
		return err
	}
	return a.do(ctx, dir, s)
}

// Again continues the run in a folder to its end.
func (a *API) Again(ctx context.Context, dir string, s APISettings) error {
	if err := folder.Reopen(dir); err != nil {
		return err
	}
	return a.do(ctx, dir, s)
}

// LoadAPI reads the settings of the run in a folder. They include where the
// rows are sent, so they are trusted only when nobody else can have written
// them.
func LoadAPI(dir string) (s APISettings, err error) {
	journal := filepath.Join(dir, journalName)
	for _, path := range []string{dir, journal} {
		if err := private.CheckOwned(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
	}
	head, err := send.ReadJournalHead(journal)
	if errors.Is(err, fs.ErrNotExist) {
		return s, exit.Usage("a run on a database is resumed by its number; relink runs lists them",
			"%s is not the folder of an import with --api that has sent anything", dir)
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(head.Settings, &s); err != nil {
		return s, fmt.Errorf("reading the options of the run in %s: %w", dir, err)
	}
	return s, nil
}

// do carries out the run and reports how it ended.
func (a *API) do(ctx context.Context, dir string, s APISettings) error {
	options, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("recording the options: %w", err)
	}
	l := a.life(dir, s)
	defer l.announceStop(ctx, "requests")()
	done, err := l.work(a.Console.Hard, &send.Job{
		Input: s.InputIn(dir), Rules: s.Rules, Guard: s.Guard, DryRun: a.DryRun,
		Sender: a.Client, First: a.first, Workers: a.Lanes,
		Journal: filepath.Join(dir, journalName), Settings: options, TempDir: dir,
		Begin:    l.begin,
		Planned:  func(rows int64) { a.foretell(rows, s.Rate) },
		Stop:     ctx.Done(),
		Notice:   l.notice,
		Progress: &l.progress,
	})
	if done == nil {
		return a.fail(ctx, dir, err)
	}
	return l.end(done, err, a.resumeHint(dir))
}

func (a *API) life(dir string, s APISettings) *life {
	l := &life{
		console: a.Console, dir: RelativePath(dir), settings: s.Settings, asJSON: a.JSON,
		title:  "import to " + s.API,
		attrs:  []any{"kind", linker.Import, "api", s.API, "dryRun", a.DryRun},
		phases: []batch.Phase{batch.Staging, batch.Applying, batch.Reporting},
		notes:  a.notes,
		decorate: func(p *reports.Page, _ *batch.Done) {
			if p.Summary.Reason = s.Reason; s.Operator != (linker.Operator{}) {
				p.Summary.Operator = &s.Operator
			}
		},
	}
	if a.DryRun {
		l.title, l.phases = "dry run of an "+l.title, console.PhasesOfValidate
	}
	l.next = func(s linker.Summary) []reports.Step {
		switch {
		case a.wrongAddress:
			return nil
		case s.State == string(linker.StateInterrupted):
			return []reports.Step{{Why: "Continue where it stopped", Command: a.resumeCommand(dir)}}
		}
		return a.Next(s)
	}
	return l
}

func (a *API) notes(done *batch.Done) (list []string) {
	if a.DryRun {
		list = append(list, "The rows were checked, not looked up: which recordings and CRM rows exist "+
			"only the server knows. A dry run that looks them up needs --database.")
	}
	if done.Run.Message != "" && done.Refusal == nil {
		list = append(list, "Stopped: "+done.Run.Message+".")
	}
	return list
}

// foretell announces how long the sending will take: it can be hours.
func (a *API) foretell(rows, rate int64) {
	if rate <= 0 {
		a.Console.Stderr.Notice("%s rows to send", text.Thousands(rows))
		return
	}
	takes := time.Duration(rows) * time.Minute / time.Duration(rate)
	a.Console.Stderr.Notice("%s rows to send, at most %s a minute: about %s", text.Thousands(rows), text.Thousands(rate), roughly(takes))
	if takes > worthAHint {
		a.Console.Stderr.Notice("where the platform's database can be reached, relink import --database does that in minutes")
	}
}

// worthAHint is how long an import may take before a faster way is suggested.
const worthAHint = 5 * time.Minute

// roughly formats a duration as people would say it.
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

func (a *API) resumeCommand(dir string) string {
	return "relink resume " + flags.Quote(RelativePath(dir)) + a.ResumeFlags
}

func (a *API) resumeHint(dir string) string {
	if a.wrongAddress {
		return ""
	}
	return a.resumeCommand(dir) + " continues it"
}

// first sends the first row, and remembers that the address cannot be right.
func (a *API) first(ctx context.Context, row linker.Fields) (linker.Decision, error) {
	d, err := a.Client.First(ctx, row)
	var stop *httpapi.StopError
	a.wrongAddress = errors.As(err, &stop) && stop.WrongAddress
	return d, err
}

// fail ends a run that has no report, and prints how it ended.
func (a *API) fail(ctx context.Context, dir string, err error) error {
	sent := IsFile(filepath.Join(dir, journalName))
	if !sent {
		_ = os.Remove(filepath.Join(dir, StdinCopy))
		folder.Remove(dir) // a folder without a report would only be confusing
	}
	switch {
	case errors.Is(err, send.ErrJournalInUse):
		return exit.WithStatus(exit.Busy, err, "wait for it to end, or interrupt it")
	case ctx.Err() != nil && !sent:
		return exit.WithStatus(exit.Interrupted, errors.New("interrupted before anything was sent"), "start it again")
	case ctx.Err() != nil:
		return exit.WithStatus(exit.Interrupted, errInterrupted(0), a.resumeHint(dir))
	case sent:
		return exit.WithStatus(exit.Error, err, joinHints(exit.Hint(err), a.resumeHint(dir)))
	}
	return err
}
