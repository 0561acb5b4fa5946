package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"relink/batch"
	"relink/batch/source"
	"relink/linker"
	"relink/reports"
)

type validateOptions struct {
	input inputOptions
	guard guardOptions
	outputOptions
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
	flags := cmd.Flags()
	flags.SortFlags = false
	o.input.register(flags)
	o.guard.registerFile(flags)
	o.outputOptions.register(flags)
	exits(cmd, map[int]string{
		statusOK:          "every row is valid",
		statusRejected:    "some rows are rejected",
		statusBudget:      "more rows rejected than --max-rejects allows",
		statusInterrupted: "interrupted",
	}, statusOK, statusError, statusRejected, statusBudget, statusInterrupted)
	return cmd
}

func (a *app) validate(cmd *cobra.Command, path string, o validateOptions) error {
	input, err := a.input(path, o.input)
	if err != nil {
		return err
	}
	started := time.Now()
	// What is wrong with the file as a whole is said before a folder is made.
	if rereadable(path) {
		src, err := source.Open(input)
		if err != nil {
			return err
		}
		src.Close()
	}
	dir, err := reports.CreateValidateFolder(o.out, started)
	if err != nil {
		return err
	}
	page, err := a.validateInto(cmd.Context(), dir, input, o)
	if err != nil {
		// A folder without a report would only raise questions.
		_ = os.Remove(dir)
		return err
	}
	summary := &page.Summary
	summary.StartedAt, summary.FinishedAt = started, time.Now()
	page.Next = nextAfterValidate(cmd, path, *summary)
	if err := writeBeside(dir, page); err != nil {
		return err
	}
	if err := a.show(*summary, o.json, reports.TextOptions{Next: page.Next, Notices: page.Notices}); err != nil {
		return err
	}
	return outcome(summary.ExitStatus)
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

	var files *reportFiles
	var progress batch.Progress
	stop := a.stderr.watch(&progress, phasesOfValidate)
	done, err := batch.Validate(ctx, batch.Validation{
		Input:   input,
		Guard:   o.guard.Guard,
		TempDir: work,
		Begin: func(src *source.Reader) (batch.Report, error) {
			var err error
			files, err = newReportFiles(dir, o.reportFormat, input.Set, src)
			return files, err
		},
		Notice:   func(text string) { a.stderr.notice("%s", text) },
		Progress: &progress,
	})
	stop()
	if err != nil {
		return nil, err
	}
	rows := done.Tally.Rows()
	host, _ := os.Hostname()
	page := &reports.Page{
		Sample: &files.sample, Phases: phasesTook(progress.Took, phasesOfValidate, rows, 0), Host: host, Version: version(),
	}
	s, err := newSettings(input, linker.Rules{Set: input.Set}, o.guard.Guard, o.outputOptions)
	if err != nil {
		return nil, err
	}
	page.Options = s.listed()
	page.Summary = linker.Summary{
		Kind: string(linker.Validate), State: string(linker.StateDone),
		Source: done.Source, Rows: rows, Outcomes: done.Tally.Outcomes(),
		Reasons: done.Tally.Reasons(), Files: files.names(),
	}
	summary := &page.Summary
	switch {
	case done.Refusal != nil:
		summary.State = string(linker.StateRefused)
		summary.ExitStatus = done.Refusal.Kind.ExitStatus()
		page.Notices = append(page.Notices, done.Refusal.Message)
		a.stderr.fail(done.Refusal.Message, done.Refusal.Hint)
	case summary.Outcomes[linker.Rejected] > 0:
		summary.ExitStatus = statusRejected
	}
	return page, nil
}

// input is the file at path as the options say it is to be read.
func (a *app) input(path string, o inputOptions) (source.Input, error) {
	in := source.Input{Path: path, Stdin: a.stdin, Format: o.format, Encoding: o.encoding, Values: o.values}
	if path == "-" {
		in.Name = "standard input"
	}
	var err error
	if in.Set, err = o.set(); err != nil {
		return in, err
	}
	if in.Map, err = o.columns(); err != nil {
		return in, err
	}
	in.Delimiter, err = o.separator()
	return in, err
}
