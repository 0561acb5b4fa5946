package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"relink/linker"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/sql"
	"relink/linker/salesforce"
)

// nearMisses finds what the ids that were not found nearly are. It runs once,
// for all failed rows together.
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
		p.say("looking for near misses of recording ids", "near_recordings", sql.OrNull(p.x.opt.Rules.Organization))
	}
}

// say stores what a query for near misses finds. The query is a separate
// statement, because PostgreSQL does not run an UPDATE in parallel.
func (p *planner) say(doing, name string, args ...any) {
	p.created("near", p.x.statement(name), args...)
	p.analyze("near")
	p.exec(doing, p.x.texts.Inline(`
		UPDATE run.plan AS p
		SET detail = concat_ws('; ', p.detail, near.said)
		FROM run.near AS near
		WHERE near.row_no = p.row_no`))
}

// nearTimeout bounds the look for a near miss of one row, should the planner be
// wrong about what it costs (see hints): an answer that only lacks a hint is
// better than a late one.
const nearTimeout = 250 * time.Millisecond

// nearMiss describes what the id of one row that was not found nearly is, ""
// for nothing. It compares ids ignoring letter case and leading zeros. On a
// platform of many rows that needs an index, which only the platform can
// create; without it there are no near misses, since a caller with a list of
// wrong ids would keep the whole database busy.
func (s *Single) nearMiss(ctx context.Context, organization string, code linker.Code, row linker.Fields) (said string, err error) {
	t, err := s.texts(ctx)
	if err != nil {
		return "", err
	}
	var query string
	switch code {
	case linker.EntityNotFound:
		query = t.Of("near_entities_of_one", "run.plan", "miss", "run.staged", "miss", "run.alternate_ids", "form", "run.asked", "asked")
	case linker.RecordingNotFound:
		query = t.Of("near_recordings_of_one", "run.plan", "miss", "run.staged", "miss")
	default:
		return "", nil
	}
	leave, ok := s.hints.take(ctx, organization)
	if !ok {
		return "", nil
	}
	defer leave()
	ids := idsOf(t.Platform, row)
	forms := salesforce.Alternatives(cmp.Or(row.ID, row.ExternalID))
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)", fmt.Sprintf("%dms", nearTimeout.Milliseconds())); err != nil {
			return err
		}
		args := append([]any{organization, code, ids.recording, row.DataType, ids.entity, ids.external, ids.connection, forms}, ids.unfit()...)
		if ok, err := cheap(ctx, tx, query, args...); err != nil || !ok {
			return err
		}
		err := tx.QueryRow(ctx, query, args...).Scan(&said)
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
