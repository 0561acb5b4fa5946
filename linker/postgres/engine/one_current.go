package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
)

// oneCurrent describes what keeps a recording from having two current links.
// With a unique index, the database does. Without one, as on some partitioned
// tables, everything in relink that changes links first locks their recordings,
// always in the same order: the rows or, where this role may not lock them,
// advisory locks in their place. That keeps relink's runs and HTTP operation
// from conflicting. An application that inserts links itself is covered only if
// it locks the recording's row first, too.
type oneCurrent struct {
	byIndex  bool
	lockRows bool
}

// findOneCurrent determines which of these a platform has. It runs outside a
// transaction.
func findOneCurrent(ctx context.Context, conn *pgx.Conn, p *platform.Platform) (o oneCurrent, err error) {
	if o.byIndex, err = p.KeepsOneCurrent(ctx, conn); err != nil || o.byIndex {
		return o, err
	}
	const query = `
		SELECT has_any_column_privilege(c.oid, 'UPDATE')
		    AND (c.relkind IN ('r', 'p') OR c.relkind = 'v' AND pg_relation_is_updatable(c.oid, false) & 4 = 4)
		FROM pg_class AS c
		WHERE c.oid = $1::text::regclass`
	err = conn.QueryRow(ctx, query, p.Base(platform.Recordings)).Scan(&o.lockRows)
	return o, err
}

// lockKeys is how many advisory locks all recordings share: the server has
// space for some thousands.
const lockKeys = 1 << 10

// lockRecordings keeps all that respects it from changing links of the recordings
// of changes until the transaction ends. The statements after it see what others
// have committed before.
func (s *slowPath) lockRecordings(ctx context.Context, tx pgx.Tx, changes []change) (err error) {
	if s.oneCurrent.byIndex {
		return nil
	}
	recordings := each(changes, func(c change) string { return c.recording })
	if s.oneCurrent.lockRows {
		_, err = tx.Exec(ctx, s.texts.Of("lock_recordings"), recordings)
	} else {
		_, err = tx.Exec(ctx, s.texts.Of("lock_recordings_by_key"), recordings, int32(lock.Recordings), s.texts.Platform.Schema, lockKeys)
	}
	if err != nil {
		return fmt.Errorf("locking recordings: %w", err)
	}
	return nil
}

// severalCurrent reports that a recording has more than one current link.
func severalCurrent(recording string) error {
	return pg.NewError(
		recording+" has several current links",
		"relink keeps one current link of a recording; a platform that shows several at once, such as one of each data type, is not one that it can work on",
	)
}

// oneEach makes sure, where no index does, that no planned recording has more than
// one current link.
func (p *planner) oneEach() {
	if p.err != nil || p.x.oneCurrent.byIndex {
		return
	}
	query := p.x.texts.Inline("SELECT coalesce(min(recording_id::text), '') FROM run.plan GROUP BY row_no HAVING count(*) > 1 LIMIT 1")
	p.query("looking for recordings with several links", query, nil, func(rows pgx.Rows) error {
		var recording string
		if err := rows.Scan(&recording); err != nil {
			return err
		}
		return severalCurrent(fmt.Sprintf("recording %q", recording))
	})
}
