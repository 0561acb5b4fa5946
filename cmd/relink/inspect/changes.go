package inspect

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/cmd/relink/runner"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/webhook"
	"relink/reports"
)

type changesOptions struct {
	app.DatabaseOptions
	organization string
	format       string
	webhook      string
	secretFile   string
	insecure     bool
	batch        int64
	timeout      time.Duration // of one attempt
	retryTimeout time.Duration
}

// defaultBatch is how many changes one message has: some 25 KB.
const defaultBatch = 100

func (a *commands) changesCommand() *cobra.Command {
	o := changesOptions{format: formatText, batch: defaultBatch, timeout: webhook.DefaultTimeout, retryTimeout: webhook.DefaultRetryTimeout}
	cmd := &cobra.Command{
		Use:     "changes RUN",
		Short:   "Print or deliver what a run did to each recording",
		GroupID: "more",
		Long: `Print or deliver what a run did to each recording.

A line for each recording that the run changed: the link before and the link after,
the trigger, the row, and when. It is read from the marks that the run left, so it
is what was done, whatever has happened since; rows that changed nothing are not in
it. With --format jsonl each line is an event; "relink help changes" describes it.

With --webhook the events are delivered in batches, signed by the scheme of the
Standard Webhooks with the secret in --secret-file. What the receiver has confirmed
is written down in the database: run again after an interruption of any kind, the
command goes on behind it. A batch whose confirmation got lost is delivered twice,
with the same ids.`,
		Example: `  relink changes 42
  relink changes --format jsonl 42 > changes.jsonl
  relink changes --webhook https://example.com/hooks/links --secret-file secret 42`,
		Args: app.Positional("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := app.RunID(args[0])
			if err != nil {
				return err
			}
			if err := o.check(cmd); err != nil {
				return err
			}
			return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
				return a.changes(ctx, cfg, n, o)
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.DatabaseOptions.Register(fs)
	fs.StringVar(&o.organization, "organization", "", "`ID` of the caller's organization; recordings of others do not exist")
	fs.Var(flags.Word(&o.format, []string{formatText, formatJSONL}), "format", "what is printed")
	flags.OnlyTyped(fs, "format") // RELINK_FORMAT is that of an input
	fs.StringVar(&o.webhook, "webhook", "", "deliver the events to the receiver at `URL` instead of printing them")
	flags.MarkSecret(fs, "webhook")
	fs.StringVar(&o.secretFile, "secret-file", "", "`FILE` with the secret that signs them, as base64, which only you can read")
	fs.BoolVar(&o.insecure, "insecure-plaintext", false, "deliver to another machine without TLS, for an http URL")
	fs.Var(flags.Whole(&o.batch, 1), "batch", "events in one message")
	fs.Var(flags.Period(&o.timeout), "answer-timeout", "how long the receiver may take to answer")
	fs.Var(flags.Period(&o.retryTimeout), "retry-timeout", "how long to try to deliver one message")
	exit.List(cmd, map[int]string{
		exit.OK:          "everything is printed or delivered",
		exit.Error:       "wrong usage, or the receiver refused a message or did not answer; the command goes on behind what was delivered",
		exit.Busy:        "the run is still running, or another process delivers the same",
		exit.Interrupted: "interrupted; the command goes on behind what was delivered",
	}, exit.OK, exit.Error, exit.Busy, exit.Interrupted)
	return cmd
}

const formatJSONL = "jsonl"

// check refuses options that do not go together.
func (o *changesOptions) check(cmd *cobra.Command) error {
	if o.webhook == "" {
		return nil
	}
	switch {
	case cmd.Flags().Changed("format"):
		return exit.Usage("keep one of them", "--webhook and --format are both given: what is delivered is not printed")
	case o.secretFile == "":
		return exit.Usage(`make one with: (umask 077; echo "whsec_$(openssl rand -base64 32)" > secret)`, "--webhook needs --secret-file: the receiver must be able to tell who sent it")
	}
	return nil
}

func (a *commands) changes(ctx context.Context, cfg pg.Config, n int64, o changesOptions) error {
	store, run, err := runner.LoadRun(ctx, a.Console, cfg, n, runner.DeathTimeout)
	if err != nil {
		return err
	}
	switch {
	case run.Alive:
		return runner.StillRunning(run, "wait for its end")
	case run.DryRun:
		return exit.Usage("name the run that did it", "run %d is a dry run and changed nothing", n)
	}
	if err := store.CheckNames(ctx, linker.Rules{Organization: o.organization}); err != nil {
		return err
	}
	if o.webhook != "" {
		return a.deliver(ctx, store, run, o)
	}
	if !run.State.Ended() {
		a.Stderr.Notice("run %d is %s: these are its changes so far", n, run.State)
	}
	lines := reports.NewChanges(a.Stdout, o.format == formatJSONL)
	err = store.Changes(ctx, n, postgres.ChangesOptions{Organization: o.organization}, lines.Write)
	return errors.Join(err, lines.Close())
}
