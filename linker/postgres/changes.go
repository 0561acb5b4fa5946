package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/sql"
)

// ChangesOptions choose the changes of a run. The zero value means all.
type ChangesOptions struct {
	// Organization is the caller's: recordings of others do not exist. "" for any.
	Organization string
	// After is the last change that is not wanted any more, nil for none.
	After *linker.Change
}

// Changes gives each what a run did to links, in the order of its rows; what it
// pruned comes last. The change is valid until each returns; an error of each ends
// it and is returned as it is.
func (s *Store) Changes(ctx context.Context, run int64, o ChangesOptions, each func(*linker.Change) error) error {
	conn, t, err := s.connectTexts(ctx, "changes")
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	if err := CheckMarks(ctx, conn, run, true); err != nil {
		return err
	}
	var row *int64
	var recording *string
	if o.After != nil {
		row, recording = o.After.Row, &o.After.RecordingID
	}
	rows, err := conn.Query(ctx, t.Of("changes_of_run"), run, sql.OrNull(o.Organization), row, recording)
	if err != nil {
		return pg.Explain(fmt.Errorf("reading the changes of run %d: %w", run, err))
	}
	c := linker.Change{Run: run}
	var previous, current struct{ dataType, entity *string }
	into := []any{&c.RecordingID, &previous.dataType, &previous.entity, &current.dataType, &current.entity, &c.Trigger, &c.Row, &c.At}
	var failed error
	_, err = pgx.ForEachRow(rows, into, func() error {
		c.Previous, c.Current, c.At = changedLink(previous.dataType, previous.entity), changedLink(current.dataType, current.entity), c.At.UTC()
		c.Name()
		failed = each(&c)
		return failed
	})
	if failed != nil || err == nil {
		return failed
	}
	return pg.Explain(fmt.Errorf("reading the changes of run %d: %w", run, err))
}

func changedLink(dataType, entity *string) *linker.ChangedLink {
	if entity == nil {
		return nil
	}
	return &linker.ChangedLink{DataType: orEmpty(dataType), EntityID: *entity}
}

// ErrDelivering reports that another process delivers the same changes to the
// same receiver.
var ErrDelivering = errors.New("another process is delivering these changes to this receiver")

// Delivery is how far the changes of a run have been delivered to a receiver. While
// it is open no other process delivers them. It holds a connection, and no
// transaction.
type Delivery struct {
	// Delivered is how many changes the receiver has confirmed, After the last of
	// them, nil for none; of it RecordingID and Row alone are known.
	Delivered int64
	After     *linker.Change
	conn      *pgx.Conn
	key       deliveryKey
	host      string
}

// deliveryKey identifies a delivery.
type deliveryKey struct {
	run               int64
	url, organization string // url is its SHA-256: it may hold a secret
}

// OpenDelivery finds out how far the changes of a run, of an organization or ""
// for all, have been delivered to a URL. host is what people know it by.
func (s *Store) OpenDelivery(ctx context.Context, run int64, url, host, organization string) (*Delivery, error) {
	conn, err := s.Connect(ctx, "delivery")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(url))
	d := &Delivery{conn: conn, host: host, key: deliveryKey{run, hex.EncodeToString(sum[:]), organization}}
	if err := d.open(ctx); err != nil {
		pg.Close(conn)
		return nil, err
	}
	return d, nil
}

func (d *Delivery) open(ctx context.Context) error {
	sum := sha256.Sum256(fmt.Append(nil, d.key))
	err := lock.Try(ctx, d.conn, lock.Delivery, int64(binary.BigEndian.Uint32(sum[:])))
	var locked *lock.LockedError
	if errors.As(err, &locked) {
		return ErrDelivering
	}
	if err != nil {
		return err
	}
	var row *int64
	var recording string
	const query = `
		SELECT delivered, after_row, after_recording
		FROM relink.deliveries
		WHERE run = $1 AND url_sha256 = $2 AND organization = $3`
	err = d.conn.QueryRow(ctx, query, d.key.run, d.key.url, d.key.organization).Scan(&d.Delivered, &row, &recording)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
	case err != nil:
		return fmt.Errorf("reading how far the changes of run %d are delivered: %w", d.key.run, err)
	default:
		d.After = &linker.Change{RecordingID: recording, Row: row}
	}
	return nil
}

// Confirm writes down that the receiver has n changes more, up to last.
func (d *Delivery) Confirm(ctx context.Context, n int64, last *linker.Change) error {
	const upsert = `
		INSERT INTO relink.deliveries (run, url_sha256, organization, host, delivered, after_row, after_recording)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (run, url_sha256, organization) DO UPDATE
		SET delivered = excluded.delivered, after_row = excluded.after_row, after_recording = excluded.after_recording,
		    host = excluded.host, delivered_at = clock_timestamp()`
	err := pgx.BeginFunc(ctx, d.conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit = on"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, upsert, d.key.run, d.key.url, d.key.organization, d.host, d.Delivered+n, last.Row, last.RecordingID)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing down how far the changes of run %d are delivered: %w", d.key.run, err)
	}
	d.Delivered += n
	d.After = last
	return nil
}

// Close ends the delivery.
func (d *Delivery) Close() { pg.Close(d.conn) }
