package runner

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/linker/private"
	"relink/linker/webhook"
	"relink/reports"
)

// noticeOptions say where people are told how a run ended.
type noticeOptions struct {
	urlFile string
	format  string
	when    string
}

// The values of the flags.
const (
	noticeSlack  = "slack"
	noticeJSON   = "json"
	noticeChange = "change"
	noticeAlways = "always"
)

// noticeTimeout is how long a notice may hold up the end of a command.
const noticeTimeout = 10 * time.Second

func (o *noticeOptions) register(fs *pflag.FlagSet) {
	o.when = noticeChange
	fs.StringVar(&o.urlFile, "notify-url-file", "", "`FILE` with the https URL that is told how the run ended, which only you can read")
	fs.Var(flags.Word(&o.format, []string{noticeSlack, noticeJSON}), "notify-format", "what is sent; default: slack to hooks.slack.com, else json")
	fs.Var(flags.Word(&o.when, []string{noticeChange, noticeAlways}), "notify", "when: on an exit status other than that of the last run of the job, recovery included, or always")
}

// with does what a command is for and sends a notice of how it ended. What is wrong
// with the address is said before; a notice that cannot be delivered is a warning.
func (o *noticeOptions) with(c *console.Console, command string, do func() error) error {
	if o.urlFile == "" {
		return do()
	}
	sender, format, err := o.sender(c.Hard)
	if err != nil {
		return err
	}
	c.Shown, c.Skipped, c.Previous, c.Compare = linker.Summary{}, false, nil, true
	err = do()
	n := &reports.Notice{Status: exit.StatusOf(err), Previous: c.Previous, Command: command, Skipped: c.Skipped}
	n.Host, _ = os.Hostname()
	if c.Shown.Kind != "" && !c.Skipped {
		n.Summary = &c.Shown
	}
	if o.when == noticeAlways || n.Changed() {
		if sendErr := sendNotice(c.Hard, sender, format, n); sendErr != nil {
			c.Stderr.Warn("the notice was not delivered: " + sendErr.Error())
		}
	}
	return err
}

// sender reads the URL and returns what sends to it, and in which format.
func (o *noticeOptions) sender(ctx context.Context) (*webhook.Sender, string, error) {
	address, err := private.Read(ctx, o.urlFile)
	if err != nil {
		return nil, "", fmt.Errorf("reading --notify-url-file: %w", err)
	}
	sender, err := webhook.New(webhook.Config{URL: address, Timeout: noticeTimeout / 2, RetryTimeout: noticeTimeout})
	if err != nil {
		return nil, "", exit.Usage("write the URL on one line; http is for this machine only", "--notify-url-file: %w", err)
	}
	format := o.format
	if u, err := url.Parse(strings.TrimSpace(address)); format == "" && err == nil {
		if format = noticeJSON; u.Hostname() == "hooks.slack.com" {
			format = noticeSlack
		}
	}
	return sender, format, nil
}

func sendNotice(ctx context.Context, sender *webhook.Sender, format string, n *reports.Notice) error {
	ctx, cancel := context.WithTimeoutCause(ctx, noticeTimeout, fmt.Errorf("%s has not taken it within %s", sender.Host(), noticeTimeout))
	defer cancel()
	write := n.JSON
	if format == noticeSlack {
		write = n.Slack
	}
	body, err := write()
	if err != nil {
		return err
	}
	return sender.Send(ctx, webhook.Message{Body: body})
}

// notePrevious looks up how the last run of the same job ended, where a notice is
// to compare with it: for a run that is resumed, how it was interrupted itself.
func (r *Runner) notePrevious(ctx context.Context, run linker.Run, s Settings, resumed bool) error {
	if !r.Console.Compare || r.Rewrite {
		return nil
	}
	r.Console.Previous = nil
	if resumed {
		r.Console.Previous = statusOf(run)
		return nil
	}
	earlier, err := r.earlierRuns(ctx)
	if err != nil {
		return err
	}
	for _, e := range earlier {
		other, err := readSettings(e)
		if e.ID < run.ID && e.Kind == run.Kind && e.DryRun == run.DryRun && !e.Alive && err == nil && jobOf(other) == jobOf(s) {
			r.Console.Previous = statusOf(e)
			return nil
		}
	}
	return nil
}

// statusOf is how a run ended. One that was killed could not write that down.
func statusOf(run linker.Run) *linker.ExitStatus {
	status := run.ExitStatus
	if run.State == linker.StateInterrupted {
		status = exit.Interrupted
	}
	return &status
}
