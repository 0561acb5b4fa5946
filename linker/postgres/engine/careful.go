package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/sql"
)

const (
	// maxTries is how often a batch that meets a lock or a deadlock is begun
	// again, halved from the third time on, before its row is given up.
	maxTries = 10
	// tryPause times the number of tries is the pause before the next one.
	tryPause = 50 * time.Millisecond
)

// change is one row of the work list.
type change struct {
	row       int64
	recording string
	entity    string // "" for a revert that only clears
	dataType  string // of the CRM row, once it is locked
	trigger   *string
	link      string      // the current link as planned, "" for none
	made      string      // the new link, once it is made
	cleared   currentLink // the link that was current, once it is cleared
	expected  *string     // the CRM row that the link must be to, "" for no link, nil for any
	restores  string      // revert: the link that the new one brings back, "" for none
}

// applied is what became of a change.
type applied struct {
	change
	linker.Decision        // except for the CRM row, which is change's
	link            string // the link that was current, "" for none
}

// slow applies changes that the fast path could not. A change that fails by
// itself is found by halving, so that one row locked by another session does
// not make its neighbours fail.
func (l *lane) slow(ctx context.Context, changes []change) error {
	return l.trySlow(ctx, changes, 1)
}

func (l *lane) trySlow(ctx context.Context, changes []change, try int) error {
	if len(changes) == 0 {
		return nil
	}
	made := false
	err := l.inTransaction(ctx, func(tx pgx.Tx) error {
		done, err := l.form()(ctx, tx, changes)
		if err != nil {
			return err
		}
		made = slices.ContainsFunc(done, func(a applied) bool { return a.Outcome != linker.Failed })
		return l.note(ctx, tx, done)
	})
	switch {
	case err == nil:
		if made {
			l.x.breaker.made()
		}
		return nil
	case !isRefusal(err):
		return err
	case len(changes) > 1 && try >= min(2, triesFor(err)):
		half := len(changes) / 2
		if err := l.trySlow(ctx, changes[:half], try+1); err != nil {
			return err
		}
		return l.trySlow(ctx, changes[half:], try+1)
	case try >= triesFor(err):
		return l.giveUp(ctx, changes, err)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(try) * tryPause):
	}
	return l.trySlow(ctx, changes, try+1)
}

// form is the slow path of this run: what is linked, or taken back.
func (l *lane) form() func(context.Context, pgx.Tx, []change) ([]applied, error) {
	if l.x.opt.Undo != 0 {
		return l.x.revert
	}
	return l.x.slowPath().link
}

// inTransaction runs a function in its own transaction, once no other session
// has the table of links locked.
func (l *lane) inTransaction(ctx context.Context, do func(pgx.Tx) error) error {
	return l.waitForTable(ctx, func() error {
		return pgx.BeginFunc(ctx, l.conn, func(tx pgx.Tx) error {
			if err := do(tx); err != nil {
				return err
			}
			// For triggers and constraints that wait for the commit.
			return pg.SetPath(ctx, tx, l.x.texts.Platform.Path)
		})
	})
}

// triesFor is how often a change that ended with err is tried. Waiting helps
// only against locks; a key that the slow path hits may belong to a CRM row
// that was just deleted, which a second attempt finds out; what the platform's
// own rules refuse once, they will refuse again.
func triesFor(err error) int {
	switch {
	case pg.IsLocked(err) || errors.Is(err, errHalfDone):
		return maxTries
	case isContention(err):
		return 2
	}
	return 1
}

// giveUp notes changes that the database did not let be made.
func (l *lane) giveUp(ctx context.Context, changes []change, why error) error {
	code, detail := linker.Locked, ""
	if !pg.IsLocked(why) {
		code, detail = linker.DatabaseRefused, pg.Refusal(why)
	}
	err := l.inTransaction(ctx, func(tx pgx.Tx) error {
		now, err := l.x.slowPath().current(ctx, tx, changes)
		if err != nil {
			return err
		}
		done := make([]applied, 0, len(changes))
		for _, c := range changes {
			a := now[c.row]
			a.change, a.Outcome, a.Code, a.Detail = c, linker.Failed, code, detail
			done = append(done, a)
		}
		return l.note(ctx, tx, done)
	})
	if err != nil || code != linker.DatabaseRefused {
		return err
	}
	return l.x.breaker.refuse(why, len(changes))
}

// note writes down what ended otherwise than planned, in the transaction in
// which it did.
func (l *lane) note(ctx context.Context, tx pgx.Tx, done []applied) error {
	var odd [][]any
	for _, a := range done {
		if a.Outcome != l.x.planned(a.change) || a.link != a.change.link {
			odd = append(odd, []any{
				a.row, string(a.Outcome), sql.OrNull(string(a.Code)), sql.OrNull(a.Detail),
				sql.OrNull(a.PreviousEntityID), sql.OrNull(a.PreviousDataType),
			})
		}
	}
	if len(odd) == 0 {
		return nil
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"relink", fmt.Sprintf("run_%d_outcomes", l.x.opt.Run)},
		[]string{"row_no", "outcome", "code", "detail", "previous_entity_id", "previous_data_type"}, pgx.CopyFromRows(odd))
	if err != nil {
		return fmt.Errorf("noting what ended otherwise than planned: %w", err)
	}
	return nil
}

// slowPath is the slow path under the rules of this run.
func (x *Session) slowPath() *slowPath {
	return &slowPath{texts: x.texts, run: &x.opt.Run, rules: x.opt.Rules, scope: x.clearable(), canLock: x.canLock, oneCurrent: x.oneCurrent}
}

// planned is the outcome that a change has when all goes as planned.
func (x *Session) planned(c change) linker.Outcome {
	switch {
	case x.opt.Undo != 0:
		return linker.Reverted
	case c.entity == "":
		return linker.Cleared
	case c.link != "":
		return linker.Replaced
	}
	return linker.Created
}
