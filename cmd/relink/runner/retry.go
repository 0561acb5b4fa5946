package runner

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"relink/batch/source"
	"relink/cmd/relink/exit"
	"relink/linker"
	"relink/linker/explain"
	"relink/linker/guard"
	"relink/linker/text"
	"relink/reports"
	"relink/reports/folder"
)

// Retry identifies the origin of the rows of a run that sends rows again.
type Retry struct {
	// Of is the run whose refused rows these are.
	Of int64 `json:"of"`
	// First is the run that refused them first, at Since: Of itself, or the run
	// that Of sent the rows of again. Path is the file of that run.
	First int64     `json:"first"`
	Since time.Time `json:"since"`
	Path  string    `json:"path"`
}

// Retriable is what can be sent again from a run. The caller closes it.
type Retriable struct {
	Settings Settings
	Input    source.Input
	// Rows is how many rows time can heal, out of Refused that were rejected or
	// failed.
	Rows, Refused int64
	records       *os.File
}

// Close removes the copy of the rows.
func (r *Retriable) Close() error {
	if r.records == nil {
		return nil
	}
	return r.records.Close()
}

// checkRetriable refuses a run that has no rows to send again, whatever the
// reason.
func checkRetriable(run linker.Run) error {
	refuse := func(hint, format string, args ...any) error {
		return exit.Usage(hint, "run %d %s", run.ID, fmt.Sprintf(format, args...))
	}
	switch {
	case run.Alive:
		return StillRunning(run, "wait for its end")
	case run.Kind != linker.Import && run.Kind != linker.Reconcile:
		return refuse(fmt.Sprintf("relink revert %d does what is left of it", run.OfRun), "is a %s and has no file", run.Kind)
	case run.DryRun:
		return refuse("run it for real first", "is a dry run and linked nothing")
	case run.State == linker.StateRefused:
		return refuse("run its file again: its good rows were not applied either", "was refused")
	case run.State == linker.StateAbandoned:
		return refuse("run its file again", "was abandoned before its end")
	case run.State != linker.StateDone:
		return refuse(fmt.Sprintf("relink resume %d takes it to its end", run.ID), "is %s", run.State)
	}
	return checkVersion(run)
}

// FindRetriable collects the rows of a run that were refused and that time can
// heal, as they stand in its rejects file, and the settings of the run that sends
// them again: those of the run itself, but for its limits, which are made for a
// whole file.
func FindRetriable(ctx context.Context, run linker.Run) (*Retriable, error) {
	if err := checkRetriable(run); err != nil {
		return nil, err
	}
	s, err := readSettings(run)
	if err != nil {
		return nil, err
	}
	r := &Retriable{Refused: run.Outcomes[linker.Rejected] + run.Outcomes[linker.Failed]}
	if r.Refused == 0 {
		return r, nil
	}
	in := s.InputIn(run.OutDir)
	if in.Path, err = standing(run, "rejects", "the rows as they were stood in its source, which was lost before its end"); err != nil {
		return nil, err
	}
	in.Format = formatOfName(in.Path)
	report, err := standing(run, "report", fmt.Sprintf("relink report %d writes it again", run.ID))
	if err != nil {
		return nil, err
	}
	if r.records, err = os.CreateTemp("", "relink-retry-"); err != nil {
		return nil, fmt.Errorf("collecting the rows to retry: %w", err)
	}
	err = os.Remove(r.records.Name()) // it is open, which is enough
	if err == nil {
		r.Rows, err = copyHealing(ctx, in, report, r.records)
	}
	if err != nil {
		return nil, errors.Join(err, r.records.Close())
	}
	r.settle(run, s, in)
	return r, nil
}

// settle sets the input and the settings of the run that sends the rows again.
func (r *Retriable) settle(run linker.Run, s Settings, in source.Input) {
	retry := &Retry{Of: run.ID, First: run.ID, Since: run.StartedAt, Path: s.Path}
	if s.Retry != nil {
		retry.First, retry.Since, retry.Path = s.Retry.First, s.Retry.Since, s.Retry.Path
	}
	s.Retry, s.Guard, s.Expect, s.Version = retry, guard.Guard{}, "", ""
	s.Format = in.Format
	s.Path, s.Name = "-", fmt.Sprintf("the rejects of run %d", run.ID) // it is kept as standard input is
	if s.Rules.Scope != nil {
		scope := *s.Rules.Scope
		scope.Partial, scope.Prune = true, false
		s.Rules.Scope = &scope
	}
	in.Path, in.Name, in.Version = s.Path, s.Name, ""
	in.Fetch = func(_ context.Context, to *os.File) error {
		if _, err := r.records.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := io.Copy(to, r.records)
		return err
	}
	r.Settings, r.Input = s, in
}

// Told describes the rows in a sentence: how many, from which run, how old.
func (r *Retriable) Told(now time.Time) string {
	retry := r.Settings.Retry
	return fmt.Sprintf("retrying %s of run %d that time can heal, of %s refused; run %d refused them first, %s ago (%s)",
		text.Plural(r.Rows, "row", "rows"), retry.Of, text.Thousands(r.Refused), retry.First, age(now.Sub(retry.Since)), retry.Since.Format("2006-01-02 15:04 UTC"))
}

// age formats d in its largest unit, for a person.
func age(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return text.Plural(int64(d/(24*time.Hour)), "day", "days")
	case d >= 2*time.Hour:
		return text.Plural(int64(d/time.Hour), "hour", "hours")
	case d >= time.Minute:
		return text.Plural(int64(d/time.Minute), "minute", "minutes")
	}
	return "less than a minute"
}

// standing finds a file of a run's folder, report or rejects, in whichever
// format and compression it has. hint is what to do when it is missing.
func standing(run linker.Run, name, hint string) (string, error) {
	for _, format := range []string{".csv", ".jsonl"} {
		for _, packed := range append([]string{""}, folder.Compressions...) {
			path := filepath.Join(run.OutDir, name+format)
			if packed != "" {
				path += "." + packed
			}
			if IsFile(path) {
				return path, nil
			}
		}
	}
	if _, err := os.Stat(run.OutDir); run.OutDir == "" || err != nil {
		hint = fmt.Sprintf("the run was made on %s: retry it there, or bring its folder back", run.Host)
	}
	return "", exit.Usage(hint, "run %d has %s refused rows, but %s.csv (or .jsonl, .gz, .zst) is missing in its folder %s",
		run.ID, text.Thousands(run.Outcomes[linker.Rejected]+run.Outcomes[linker.Failed]), name, RelativePath(run.OutDir))
}

// formatOfName returns the format of a rejects file.
func formatOfName(path string) string {
	if filepath.Ext(path) == ".jsonl" || filepath.Ext(trimExt(path)) == ".jsonl" {
		return "jsonl"
	}
	return "csv"
}

func trimExt(path string) string { return path[:len(path)-len(filepath.Ext(path))] }

// copyHealing copies the records of a rejects file that time can heal to w,
// under its header, and returns how many there are. The report decides which
// they are: its refused lines and the records have the same order. A record
// that is not in the report was changed by a person, who will send it; a
// healing line without its record is an error.
func copyHealing(ctx context.Context, in source.Input, report string, w io.Writer) (rows int64, err error) {
	lines, err := reports.OpenLines(report)
	if err != nil {
		return 0, err
	}
	defer lines.Close() // only read from
	src, err := source.OpenContext(ctx, in)
	if err != nil {
		return 0, err
	}
	defer src.Close() // only read from
	out := bufio.NewWriter(w)
	if _, err := out.Write(src.Header()); err != nil {
		return 0, err
	}
	var line reports.Line
	next := func() error { return nextRefused(lines, &line) }
	ended := next()
	var record source.Record
	for ended == nil {
		if err := src.Next(&record); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return 0, err
		}
		for ended == nil && !line.Shows(&record.Fields) && !heals(line) {
			ended = next()
		}
		if ended != nil || !line.Shows(&record.Fields) {
			continue
		}
		if heals(line) {
			rows++
			if _, err := out.Write(record.Raw); err != nil {
				return 0, err
			}
		}
		ended = next()
	}
	var missing int64
	for ; ended == nil; ended = next() {
		if heals(line) {
			missing++
		}
	}
	switch {
	case !errors.Is(ended, io.EOF):
		return 0, ended
	case missing > 0:
		return 0, exit.Usage("send it again yourself with relink import, or bring the file of the run back",
			"%s was changed since the run: %s that time can heal, by the report beside it, cannot be found in it",
			in.Path, text.Plural(missing, "row", "rows"))
	}
	return rows, out.Flush()
}

// nextRefused reads on to the next line of a row that was rejected or failed.
func nextRefused(lines *reports.Lines, line *reports.Line) error {
	for {
		if err := lines.Next(line); err != nil || reports.NeedsRetry(line.Outcome) {
			return err
		}
	}
}

func heals(line reports.Line) bool {
	e, _ := explain.Explain(line.Code)
	return e.Heals
}

// NewestOfJobs returns the runs whose refused rows are still open: of each job the
// newest run that wrote to its end. runs are records, newest first. A job whose
// newest run waits to be resumed is left out, and named in waiting.
func NewestOfJobs(runs []linker.Run, schema string) (newest, waiting []linker.Run) {
	seen := map[string]bool{}
	for _, run := range runs {
		if run.Kind != linker.Import && run.Kind != linker.Reconcile || run.DryRun || run.Database.Schema != schema ||
			run.State == linker.StateRefused || run.State == linker.StateAbandoned {
			continue
		}
		s, err := readSettings(run)
		if err != nil {
			continue // made by a newer relink, which retries it itself
		}
		key := jobOf(s)
		switch {
		case seen[key]:
		case run.State == linker.StateDone:
			newest = append(newest, run)
		default:
			waiting = append(waiting, run)
		}
		seen[key] = true
	}
	slices.Reverse(newest) // what was refused first is sent first
	return newest, waiting
}
