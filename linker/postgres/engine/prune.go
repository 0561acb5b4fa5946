package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/pg"
)

// prune clears the extras, last of all, over one lane: there are few of them,
// or the guard has been asked.
func (x *Session) prune(ctx context.Context, stop <-chan struct{}) error {
	blocks, err := x.workBlocks(ctx, "extras")
	if err != nil {
		return err
	}
	l, err := x.openLane(ctx, stop, 0)
	if err != nil {
		return err
	}
	defer l.close()
	batches := newBatches(blockRange{0, blocks}, x.batchRows())
	for {
		if err := x.pace.wait(ctx, stop); err != nil {
			return err
		}
		from, to, more := batches.next()
		if !more {
			return nil
		}
		began := time.Now()
		n, err := l.prune(ctx, from, to)
		if err != nil {
			return err
		}
		x.pace.took(n)
		batches.took(time.Since(began))
	}
}

// prune clears one batch of extras. Those that another session keeps locked
// stay, and the report, which reads the marks, shows it.
func (l *lane) prune(ctx context.Context, from, to pgTID) (int64, error) {
	for try := 1; ; try++ {
		name := "prune"
		if try > 2 {
			name = "prune_unlocked"
		}
		n, err := l.clearExtras(ctx, name, from, to)
		switch {
		case err == nil:
			return n, nil
		case isRefusal(err) && !isContention(err):
			return l.pruneEach(ctx, from, to)
		case !isContention(err) || try >= maxTries:
			return 0, fmt.Errorf("clearing links that the file does not mention: %w", err)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(time.Duration(try) * tryPause):
		}
	}
}

// clearExtras runs one of the statements that clear a range of the extras.
func (l *lane) clearExtras(ctx context.Context, statement string, from, to pgTID) (n int64, err error) {
	err = l.waitForTable(ctx, func() error {
		return pgx.BeginFunc(ctx, l.conn, func(tx pgx.Tx) error {
			if err := pg.SetPath(ctx, tx, l.x.texts.Platform.Path); err != nil {
				return err
			}
			tag, err := tx.Exec(ctx, l.x.statement(statement), l.x.opt.Run, from, to)
			n = tag.RowsAffected()
			return err
		})
	})
	return n, err
}

// pruneEach clears a batch of extras one by one, because the platform's own
// rules refuse one of them. The report shows which one, and the database's
// message.
func (l *lane) pruneEach(ctx context.Context, from, to pgTID) (cleared int64, err error) {
	const doing = "clearing single links that the file does not mention"
	rows, err := l.conn.Query(ctx, l.x.statement("prune_each"), from, to)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	each, err := pgx.CollectRows(rows, pgx.RowTo[pgTID])
	if err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	for _, at := range each {
		next := tid(int64(at.BlockNumber), int(at.OffsetNumber)+1)
		n, err := l.clearExtras(ctx, "prune_unlocked", at, next)
		if err != nil && isRefusal(err) {
			_, err = l.conn.Exec(ctx, l.x.statement("prune_refused"), at, pg.Refusal(err))
		}
		if err != nil {
			return cleared, fmt.Errorf("%s: %w", doing, err)
		}
		cleared += n
	}
	return cleared, nil
}

// extraResults gives the lines that a reconciliation adds.
func (x *Session) extraResults(ctx context.Context, each func(*linker.Result) error) error {
	rows, err := x.work.Query(ctx, x.statement("results_extras"), x.opt.Run, x.prunes(), x.applied)
	if err != nil {
		return x.cause(fmt.Errorf("reading the extra links: %w", err))
	}
	defer rows.Close()
	var r linker.Result
	for rows.Next() {
		if err := rows.Scan(&r.RecordingID, &r.Outcome, &r.Detail, &r.PreviousEntityID, &r.PreviousDataType, &r.Missed); err != nil {
			return fmt.Errorf("reading the extra links: %w", err)
		}
		if err := each(&r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return x.cause(fmt.Errorf("reading the extra links: %w", err))
	}
	return nil
}
