package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"relink/batch"
	"relink/batch/source"
	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
	"relink/reports"
)

type validateOptions struct {
	input flags.InputOptions
	guard flags.GuardOptions
	flags.OutputOptions
}

func (a *app) validateCommand() *cobra.Command {
	var o validateOptions
	cmd := &cobra.Command{
		Use:     "validate FILE",
		Short:   "Check a file without a database",
		GroupID: "rows",
		Long: `Check a file without a database.

Finds everything that can be found without one: records that cannot be read,
missing and impossible fields, ids that a spreadsheet has damaged, and rows of
one recording that ask for different targets. Writes the report that an import
would write, with the outcomes valid and rejected. FILE may be - for standard
input.`,
		Example: `  relink validate links.csv
  relink validate --set dataType=OPPORTUNITY --map 'SFDC Id=externalId' export.csv
  zcat links.jsonl.gz | relink validate --max-rejects 1% -`,
		Args: positional("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.validate(cmd, args[0], o)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.input.Register(fs)
	o.guard.RegisterFile(fs)
	o.OutputOptions.Register(fs)
	exit.List(cmd, map[int]string{
		exit.OK:          "every row is valid",
		exit.Rejected:    "some rows are rejected",
		exit.Budget:      "more rows rejected than --max-rejects allows",
		exit.Interrupted: "interrupted",
	}, exit.OK, exit.Error, exit.Rejected, exit.Budget, exit.Interrupted)
	return cmd
}

func (a *app) validate(cmd *cobra.Command, path string, o validateOptions) error {
	input, err := a.input(cmd.Context(), path, o.input)
	if err != nil {
		return err
	}
	started := time.Now()
	// What is wrong with the file as a whole is said before a folder is made.
	if runner.IsRegular(path) {
		if err := runner.Readable(cmd.Context(), input); err != nil {
			return err
		}
	}
	dir, err := reports.CreateValidateFolder(o.Out, started)
	if err != nil {
		return err
	}
	if err := reports.Share(dir, o.OutGroup); err != nil {
		return err
	}
	page, err := a.validateInto(cmd.Context(), dir, input, o)
	if err != nil {
		// A folder without a report would only raise questions.
		reports.RemoveFolder(dir)
		return err
	}
	summary := &page.Summary
	summary.StartedAt, summary.FinishedAt = started, time.Now()
	page.Next = runner.NextAfterValidate(cmd, input.Path, *summary)
	if err := runner.WriteBeside(dir, page); err != nil {
		return err
	}
	if err := a.Show(*summary, o.JSON, reports.TextOptions{Next: page.Next, Notices: page.Notices}); err != nil {
		return err
	}
	return exit.Done(summary.ExitStatus)
}

// validateInto validates the input and leaves report and rejects in dir.
func (a *app) validateInto(ctx context.Context, dir string, input source.Input, o validateOptions) (*reports.Page, error) {
	work, err := os.MkdirTemp(dir, ".work-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	if input, err = source.Spool(ctx, input, work); err != nil {
		return nil, err
	}

	var files *runner.ReportFiles
	var progress batch.Progress
	stop := a.Stderr.Watch(&progress, console.PhasesOfValidate)
	done, err := batch.Validate(ctx, batch.Validation{
		Input:   input,
		Guard:   o.guard.Guard,
		TempDir: work,
		Begin: func(src *source.Reader) (batch.Report, error) {
			var err error
			files, err = runner.NewReportFiles(dir, o.Extension(), input.Set, src)
			return files, err
		},
		Notice:   func(text string) { a.Stderr.Notice("%s", text) },
		Progress: &progress,
	})
	stop()
	if err != nil {
		return nil, err
	}
	rows := done.Tally.Rows()
	host, _ := os.Hostname()
	page := &reports.Page{
		Sample: &files.Sample, Phases: runner.PhasesTook(progress.Took, console.PhasesOfValidate, rows, 0), Host: host, Version: runner.Version(),
	}
	s, err := runner.NewSettings(input, linker.Rules{Set: input.Set}, o.guard.Guard, o.OutputOptions)
	if err != nil {
		return nil, err
	}
	page.Options = s.Listed()
	page.Summary = linker.Summary{
		Kind: string(linker.Validate), State: string(linker.StateDone),
		Source: done.Source, Rows: rows, Outcomes: done.Tally.Outcomes(),
		Reasons: done.Tally.Reasons(), Files: files.Names(),
	}
	summary := &page.Summary
	switch {
	case done.Refusal != nil:
		summary.State = string(linker.StateRefused)
		summary.ExitStatus = done.Refusal.Kind.ExitStatus()
		page.Notices = append(page.Notices, done.Refusal.Message)
		a.Stderr.Fail(done.Refusal.Message, done.Refusal.Hint)
	case summary.Outcomes[linker.Rejected] > 0:
		summary.ExitStatus = exit.Rejected
	}
	return page, nil
}
