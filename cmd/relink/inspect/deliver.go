package inspect

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"relink/cmd/relink/exit"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/private"
	"relink/linker/text"
	"relink/linker/webhook"
	"relink/reports"
)

// deliver sends the changes of a run that its receiver has not confirmed yet.
func (a *commands) deliver(ctx context.Context, store *postgres.Store, run linker.Run, o changesOptions) error {
	if !run.State.Ended() {
		return exit.Usage(fmt.Sprintf("relink resume %d takes it to its end, relink runs abandon %d ends it as it is", run.ID, run.ID),
			"run %d is %s: what it changes is not settled", run.ID, run.State)
	}
	sender, err := a.sender(ctx, o)
	if err != nil {
		return err
	}
	d, err := store.OpenDelivery(ctx, run.ID, o.webhook, sender.Host(), o.organization)
	if errors.Is(err, postgres.ErrDelivering) {
		return exit.WithStatus(exit.Busy, err, "wait for its end")
	}
	if err != nil {
		return deliveryError(err)
	}
	defer d.Close()
	before := d.Delivered
	// No transaction may last as long as a receiver takes.
	left, err := spoolChanges(ctx, store, run.ID, postgres.ChangesOptions{Organization: o.organization, After: d.After})
	if err != nil {
		return err
	}
	defer left.Close() // only read from
	err = a.deliverAll(ctx, d, sender, &batches{run: run, lines: bufio.NewReader(left), most: int(o.batch)})
	said := fmt.Sprintf("%s of run %d delivered to %s", text.Plural(d.Delivered-before, "change", "changes"), run.ID, sender.Host())
	if before > 0 {
		said += fmt.Sprintf(", %s before", text.Thousands(before))
	}
	const hint = "the same command goes on behind what was delivered"
	switch {
	case ctx.Err() != nil:
		a.Stderr.Notice("%s", said)
		return exit.WithStatus(exit.Interrupted, errors.New("the delivery was interrupted"), hint)
	case err != nil:
		a.Stderr.Notice("%s", said)
		return exit.WithStatus(exit.Error, deliveryError(err), joined(exit.Hint(err), hint))
	case a.Quiet:
		return nil
	}
	return a.Printf("%s\n", said)
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// sender reads the secret and makes a sender of it.
func (a *commands) sender(ctx context.Context, o changesOptions) (*webhook.Sender, error) {
	secret, err := private.Read(ctx, o.secretFile)
	if err != nil {
		return nil, fmt.Errorf("reading --secret-file: %w", err)
	}
	retry := o.retryTimeout
	if retry == 0 {
		retry = -1
	}
	sender, err := webhook.New(webhook.Config{
		URL: o.webhook, Secret: secret, Plaintext: o.insecure, Timeout: o.timeout, RetryTimeout: retry,
		Notice: func(text string) { a.Stderr.Notice("%s", text) },
	})
	if err != nil {
		return nil, exit.Usage("", "--webhook: %w", err)
	}
	return sender, nil
}

// deliveryError names the privilege that is missing where that is the reason.
func deliveryError(err error) error {
	if pg.SQLState(err) == pg.StateNoPrivilege {
		return exit.Usage("GRANT SELECT, INSERT, UPDATE ON relink.deliveries", "%w", pg.Explain(err))
	}
	return pg.Explain(err)
}

// spoolChanges copies changes, a line of JSON each, into an unnamed temporary file.
func spoolChanges(ctx context.Context, store *postgres.Store, run int64, o postgres.ChangesOptions) (*os.File, error) {
	file, err := os.CreateTemp("", "relink-changes-")
	if err != nil {
		return nil, fmt.Errorf("copying the changes: %w", err)
	}
	err = os.Remove(file.Name()) // it is open, and that is enough
	if err == nil {
		lines := reports.NewChanges(file, true)
		err = errors.Join(store.Changes(ctx, run, o, lines.Write), lines.Close())
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func (a *commands) deliverAll(ctx context.Context, d *postgres.Delivery, sender *webhook.Sender, left *batches) error {
	for {
		b, err := left.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := sender.Send(ctx, b.message); err != nil {
			return err
		}
		// What the receiver has confirmed is written down also when this
		// process is to stop.
		if err := d.Confirm(a.Hard, b.changes, &b.last); err != nil {
			return err
		}
	}
}

// batches makes messages of the lines of a file.
type batches struct {
	run   linker.Run
	lines *bufio.Reader
	most  int // changes in a message
}

// maxMessage is how large a message gets, roughly: receivers refuse larger ones.
const maxMessage = 256 << 10

type batch struct {
	message webhook.Message
	changes int64
	last    linker.Change
}

// next makes the next message; it returns io.EOF when there is none. The same
// changes always make the same message.
func (r *batches) next() (b batch, err error) {
	var data [][]byte
	var first linker.Change
	size := 0
	for len(data) < r.most && size < maxMessage {
		line, err := r.lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return b, fmt.Errorf("reading the changes: %w", err)
		}
		b.last = linker.Change{}
		if err := json.Unmarshal(line, &b.last); err != nil {
			return b, fmt.Errorf("reading the changes: %w", err)
		}
		if len(data) == 0 {
			first = b.last
		}
		data = append(data, bytes.TrimSuffix(line, []byte("\n")))
		size += len(line)
	}
	if len(data) == 0 {
		return b, io.EOF
	}
	b.changes = int64(len(data))
	sum := sha256.Sum256(fmt.Append(nil, first.ID, " ", b.last.ID, " ", len(data)))
	b.message.ID = fmt.Sprintf("relink_%d_%s", r.run.ID, hex.EncodeToString(sum[:12]))
	b.message.Body = fmt.Appendf(nil, `{"type":"recording.links.changed","timestamp":%q,"data":{"run":%d,"changes":[%s]}}`,
		r.run.FinishedAt.Format(time.RFC3339Nano), r.run.ID, bytes.Join(data, []byte(",")))
	return b, nil
}
