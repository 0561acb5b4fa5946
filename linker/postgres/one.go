package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"relink/linker"
	"relink/linker/postgres/pg"
)

// Single relinks single recordings, for callers that wait for each: the HTTP
// operation. It decides by the statement that decides the rows of a run, and
// writes in the careful form of a run, without marks. It is safe for
// concurrent use.
type Single struct {
	pool *pgxpool.Pool
}

// singleTries is how often one request is begun again after it met a lock, a
// deadlock or a key of somebody else's.
const singleTries = 3

// NewSingle returns a Single with a pool of at most max connections. The
// caller closes it.
func NewSingle(ctx context.Context, cfg pg.Config, max int32) (*Single, error) {
	pool, err := pg.NewPool(ctx, cfg, max)
	if err != nil {
		return nil, err
	}
	return &Single{pool: pool}, nil
}

// Close waits for the requests in hand and closes the pool.
func (o *Single) Close() { o.pool.Close() }

// Ping tells whether the database answers, and its tables are there.
func (o *Single) Ping(ctx context.Context) error {
	_, err := o.pool.Exec(ctx, "SELECT FROM recording_links LIMIT 0")
	return err
}

// Put links the recording of a checked row, for a caller of one organization,
// to whom nothing of any other exists. The decision has an outcome and, when it
// is rejected or failed, a code; the CRM row comes with the others.
func (o *Single) Put(ctx context.Context, organization string, c linker.Checked) (linker.Decision, linker.Entity, error) {
	var r linker.Decision
	var e linker.Entity
	err := o.try(ctx, func(tx pgx.Tx) (err error) {
		planned, err := o.plan(ctx, tx, organization, c)
		if err != nil {
			return err
		}
		r = planned.Decision
		if r.Outcome == linker.Created || r.Outcome == linker.Replaced {
			if r, err = o.relink(ctx, tx, planned, c.Fields.Trigger); err != nil {
				return err
			}
		}
		if r.Outcome == linker.Rejected || r.Outcome == linker.Failed {
			return nil
		}
		e, err = entity(ctx, tx, r.EntityID)
		return err
	})
	r, err = o.conclude(ctx, organization, c, r, err)
	return r, e, err
}

// conclude makes an answer of what a transaction came to.
func (o *Single) conclude(ctx context.Context, organization string, c linker.Checked, r linker.Decision, err error) (linker.Decision, error) {
	switch {
	case isContention(err):
		return linker.Decision{Outcome: linker.Failed, Code: linker.Locked}, nil
	case err != nil && isRefusal(err):
		return linker.Decision{Outcome: linker.Failed, Code: linker.DatabaseRefused, Detail: pg.Refusal(err)}, nil
	case err != nil || r.Outcome != linker.Rejected:
		return r, err
	}
	near, err := o.nearMiss(ctx, organization, r.Code, c.Fields)
	if r.Detail != "" && near != "" {
		r.Detail += "; "
	}
	r.Detail += near
	return r, err
}

// Delete clears the recording's current link if it is to the CRM row that the
// checked row names. removed is false when there was no such link. The result
// is rejected, with a code, when the recording or the CRM row is not there. A
// link to a CRM row that is deleted or merged can be removed: often that is
// why it should be.
func (o *Single) Delete(ctx context.Context, organization string, c linker.Checked) (removed bool, r linker.Decision, err error) {
	err = o.try(ctx, func(tx pgx.Tx) error {
		planned, err := o.plan(ctx, tx, organization, c)
		if err != nil {
			return err
		}
		r = planned.Decision
		switch {
		case r.Code == linker.EntityDeleted || r.Code == linker.EntityMerged:
			r.Outcome, r.Code, r.Detail = linker.Unchanged, "", ""
		case r.Outcome != linker.Unchanged:
			return nil
		}
		const clear = `
			UPDATE recording_links
			SET cleared_at = greatest(clock_timestamp(), linked_at), cleared_trigger = $3
			WHERE recording_id = $1 AND entity_id = $2 AND cleared_at IS NULL`
		trigger := c.Fields.Trigger
		if trigger == "" {
			trigger = "USER_UNLINK"
		}
		tag, err := tx.Exec(ctx, clear, planned.recording, planned.entity, trigger)
		if err != nil {
			return fmt.Errorf("removing a link: %w", err)
		}
		removed = tag.RowsAffected() > 0
		return nil
	})
	r, err = o.conclude(ctx, organization, c, r, err)
	return removed && err == nil && r.Outcome != linker.Failed, r, err
}

// try runs do in a transaction, again while others are in its way.
func (o *Single) try(ctx context.Context, do func(pgx.Tx) error) error {
	for try := 1; ; try++ {
		err := pgx.BeginFunc(ctx, o.pool, func(tx pgx.Tx) error {
			// One row must reach the tables by index, whatever their
			// statistics say, and wait for others less long than it takes
			// the server to look for a deadlock.
			_, err := tx.Exec(ctx, `
				SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
				    set_config('enable_seqscan', 'off', true), set_config('lock_timeout', '500ms', true)`)
			if err != nil {
				return fmt.Errorf("beginning to relink: %w", err)
			}
			return do(tx)
		})
		if !isContention(err) || try == singleTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * tryPause):
		}
	}
}

// plannedRow is one row as resolve.sql decided it.
type plannedRow struct {
	linker.Decision
	recording string
	entity    string // the CRM row found, also that of a rejected row
	link      int64
}

// plan decides the row, by its external id in all the forms that a file's row
// would be tried in.
func (o *Single) plan(ctx context.Context, tx pgx.Tx, organization string, c linker.Checked) (plannedRow, error) {
	p, err := planOne(ctx, tx, organization, c.Fields)
	if err != nil || p.Code != linker.EntityNotFound || c.Fields.ExternalID == "" {
		return p, err
	}
	for _, form := range linker.Alternatives(c.Fields.ExternalID) {
		row := c.Fields
		row.ExternalID = form
		again, err := planOne(ctx, tx, organization, row)
		if err != nil || again.Code != linker.EntityNotFound {
			again.Detail = "found as " + form
			return again, err
		}
	}
	return p, nil
}

// oneRow stands where resolve.sql reads a run's staged rows. The union gives
// the data type the platform's own type.
const oneRow = `
WITH one (row_no, line, code, recording_id, data_type, entity_id, external_id, connection_id, trigger, doubtful, detail) AS MATERIALIZED (
    SELECT 1::bigint, 0::bigint, NULL::text, $7::text, t.data_type, $9::text, $10::text, $11::text, NULL::text, NULL::boolean, NULL::text
    FROM (
        SELECT e.data_type FROM crm_entities AS e WHERE false
        UNION ALL
        SELECT $8
    ) AS t
)
SELECT r.recording_id, r.outcome, coalesce(r.code, ''), coalesce(r.entity_id, ''), coalesce(r.link_id, 0),
    coalesce(r.previous_entity_id, ''), coalesce(r.previous_data_type::text, '')
FROM (`

func planOne(ctx context.Context, tx pgx.Tx, organization string, row linker.Fields) (p plannedRow, err error) {
	query := oneRow + strings.ReplaceAll(sqlFile("resolve"), "relink.run_0_staged", "one") + ") AS r"
	none := []string(nil)
	err = tx.QueryRow(ctx, query, organization, false, none, none, none, none,
		row.RecordingID, row.DataType, orNull(row.ID), orNull(row.ExternalID), orNull(row.IntegrationConnectionID)).
		Scan(&p.recording, &p.Outcome, &p.Code, &p.EntityID, &p.link, &p.PreviousEntityID, &p.PreviousDataType)
	if err != nil {
		return p, fmt.Errorf("resolving recording %q: %w", row.RecordingID, err)
	}
	p.entity = p.EntityID
	if p.Outcome == linker.Rejected {
		p.EntityID, p.PreviousEntityID, p.PreviousDataType = "", "", ""
	}
	return p, nil
}

// relink carries a planned change out.
func (o *Single) relink(ctx context.Context, tx pgx.Tx, p plannedRow, trigger string) (linker.Decision, error) {
	// One row needs no lock on its CRM row: the foreign key takes it.
	k := &relinker{}
	c := change{row: 1, recording: p.recording, entity: p.EntityID, trigger: orNull(trigger), link: p.link}
	done, err := k.relink(ctx, tx, []change{c})
	if err != nil {
		return linker.Decision{}, err
	}
	if len(done) != 1 {
		return linker.Decision{}, fmt.Errorf("relinking recording %q: %d answers for one row", p.recording, len(done))
	}
	a := done[0]
	return linker.Decision{
		Outcome: a.outcome, Code: a.code, Detail: p.Detail + a.detail,
		EntityID: p.EntityID, PreviousEntityID: a.previous, PreviousDataType: a.previousType,
	}, nil
}

func entity(ctx context.Context, tx pgx.Tx, id string) (e linker.Entity, err error) {
	const query = `
		SELECT id, external_id, data_type::text, name, last_activity_at
		FROM crm_entities
		WHERE id = $1`
	err = tx.QueryRow(ctx, query, id).Scan(&e.ID, &e.ExternalID, &e.DataType, &e.Name, &e.LastActivityAt)
	if errors.Is(err, pgx.ErrNoRows) {
		// It went between the link and this look; the link keeps its id.
		return linker.Entity{ID: id}, nil
	}
	if err != nil {
		return e, fmt.Errorf("reading CRM row %q: %w", id, err)
	}
	return e, nil
}
