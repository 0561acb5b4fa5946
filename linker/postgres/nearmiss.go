package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"relink/linker"
	"relink/linker/postgres/pg"
)

// nearMisses says of ids that were not found what they nearly are. It looks
// once at the failed rows only, all of them together.
func (p *planner) nearMisses() {
	if p.count(linker.EntityNotFound)+p.count(linker.RecordingNotFound) == 0 {
		return
	}
	p.analyzePlan()
	if p.count(linker.EntityNotFound) > 0 {
		const doing = "looking for near misses of CRM ids"
		p.created("asked", p.x.statement("near_asked"))
		p.analyze("asked")
		p.say(doing, "near_entities")
	}
	if p.count(linker.RecordingNotFound) > 0 {
		p.say("looking for near misses of recording ids", "near_recordings", orNull(p.x.opt.Rules.Organization))
	}
}

// say writes down what a query for near misses finds. The query has a statement
// of its own, because PostgreSQL does not run an UPDATE in parallel.
func (p *planner) say(doing, name string, args ...any) {
	p.created("near", p.x.statement(name), args...)
	p.analyze("near")
	p.exec(doing, forRun(`
		UPDATE relink.run_0_plan AS p
		SET detail = concat_ws('; ', p.detail, near.said)
		FROM relink.run_0_near AS near
		WHERE near.row_no = p.row_no`, p.x.opt.Run))
}

// nearTimeout bounds the look for a near miss of one row. It compares ids
// without regard to letter case and leading zeros, for which there is no index
// unless the platform has made one, and an answer that only lacks a hint is
// better than a late one.
const nearTimeout = 250 * time.Millisecond

// oneMiss is the row that was not found, as the queries for near misses expect
// to find it, with other forms of its id.
const oneMiss = `
WITH miss (row_no, code, organization_id, recording_id, data_type, entity_id, external_id, connection_id) AS MATERIALIZED (
    SELECT 1::bigint, $2::text, $1::text, $3::text, t.data_type, $5::text, $6::text, $7::text
    FROM (
        SELECT e.data_type FROM crm_entities AS e WHERE false
        UNION ALL
        SELECT $4
    ) AS t
),
form (row_no, external_id) AS (
    SELECT 1::bigint, f.external_id FROM unnest($8::text[]) AS f (external_id)
),
asked AS MATERIALIZED (
    %s
)
SELECT near.said
FROM (
    %s
) AS near`

// nearMiss says of one row what the id that was not found nearly is, "" for
// nothing.
func (o *Single) nearMiss(ctx context.Context, organization string, code linker.Code, row linker.Fields) (said string, err error) {
	var name string
	switch code {
	case linker.EntityNotFound:
		name = "near_entities"
	case linker.RecordingNotFound:
		name = "near_recordings"
	default:
		return "", nil
	}
	query := strings.NewReplacer(
		"relink.run_0_plan", "miss", "relink.run_0_staged", "miss",
		"relink.run_0_alternatives", "form", "relink.run_0_asked", "asked",
	).Replace(fmt.Sprintf(oneMiss, sqlFile("near_asked"), sqlFile(name)))
	forms := linker.Alternatives(cmp.Or(row.ID, row.ExternalID))
	err = pgx.BeginFunc(ctx, o.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true)", fmt.Sprintf("%dms", nearTimeout.Milliseconds())); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, query, organization, code, row.RecordingID, row.DataType,
			orNull(row.ID), orNull(row.ExternalID), orNull(row.IntegrationConnectionID), forms).Scan(&said)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	var late *pgconn.PgError
	if errors.As(err, &late) && late.Code == pg.StateQueryCanceled {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("looking for near misses: %w", err)
	}
	return said, nil
}
