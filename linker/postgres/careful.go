package postgres

import (
	"context"

	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker"
)

const (
	// maxRounds is how often rows that are neither done nor found done are
	// tried again in one transaction. Three were the most ever needed, with
	// thirty clients writing to the same recordings.
	maxRounds = 10
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
	entity    string
	trigger   *string
	link      int64 // the current link as planned, 0 for none
	restores  int64 // revert: the link that the new one brings back, 0 for none
}

// applied is what became of a change.
type applied struct {
	change
	outcome      linker.Outcome
	code         linker.Code
	detail       string
	link         int64 // the link that was current, 0 for none
	previous     string
	previousType string
}

// careful applies changes that the fast form could not. Whatever stands in
// their way alone is found by halving, so that one row somebody else has
// locked does not fail its neighbours.
func (l *lane) careful(ctx context.Context, changes []change) error {
	return l.tryCareful(ctx, changes, 1)
}

func (l *lane) tryCareful(ctx context.Context, changes []change, try int) error {
	if len(changes) == 0 {
		return nil
	}
	err := pgx.BeginFunc(ctx, l.conn, func(tx pgx.Tx) error {
		form := l.x.relink
		if l.x.opt.Undo != 0 {
			form = l.x.undo
		}
		done, err := form(ctx, tx, changes)
		if err != nil {
			return err
		}
		return l.note(ctx, tx, done)
	})
	switch {
	case err == nil || !isRefusal(err):
		return err
	case len(changes) > 1 && try >= 2:
		half := len(changes) / 2
		if err := l.tryCareful(ctx, changes[:half], try+1); err != nil {
			return err
		}
		return l.tryCareful(ctx, changes[half:], try+1)
	case try >= maxTries:
		return l.giveUp(ctx, changes, err)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(try) * tryPause):
	}
	return l.tryCareful(ctx, changes, try+1)
}

// giveUp notes changes that the database did not let be made.
func (l *lane) giveUp(ctx context.Context, changes []change, why error) error {
	code, detail := linker.Locked, ""
	if !isContention(why) {
		code, detail = linker.DatabaseRefused, refusal(why)
	}
	return pgx.BeginFunc(ctx, l.conn, func(tx pgx.Tx) error {
		now, err := l.x.current(ctx, tx, changes)
		if err != nil {
			return err
		}
		done := make([]applied, 0, len(changes))
		for _, c := range changes {
			a := now[c.row]
			a.change, a.outcome, a.code, a.detail = c, linker.Failed, code, detail
			done = append(done, a)
		}
		return l.note(ctx, tx, done)
	})
}

// note writes down what ended otherwise than planned, in the transaction in
// which it did.
func (l *lane) note(ctx context.Context, tx pgx.Tx, done []applied) error {
	var odd [][]any
	for _, a := range done {
		if a.outcome != l.x.planned(a.change) || a.link != a.change.link {
			odd = append(odd, []any{
				a.row, string(a.outcome), orNull(string(a.code)), orNull(a.detail),
				orNull(a.previous), orNull(a.previousType),
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

// planned is the outcome that a change has when all goes as planned.
func (x *Session) planned(c change) linker.Outcome {
	switch {
	case x.opt.Undo != 0:
		return linker.Reverted
	case c.link != 0:
		return linker.Replaced
	}
	return linker.Created
}

// errHalfDone says that a link was cleared and its successor not made.
var errHalfDone = errors.New("a link was cleared without a new one in its place")

// relink is the careful form: it makes every change that can be made, in the
// caller's transaction, and says what became of each. A row is done only when
// the database returned its new link, or when a later statement saw the
// target current. READ COMMITTED is assumed: each statement needs its fresh
// snapshot.
func (x *Session) relink(ctx context.Context, tx pgx.Tx, changes []change) ([]applied, error) {
	done := make([]applied, 0, len(changes))
	left, gone, err := x.lockTargets(ctx, tx, changes)
	if err != nil {
		return nil, err
	}
	for round := 0; len(left) > 0 && round < maxRounds; round++ {
		made, err := x.round(ctx, tx, left)
		if err != nil {
			return nil, err
		}
		rest := left[:0:0]
		for _, c := range left {
			if a, ok := made[c.row]; ok {
				a.change = c
				done = append(done, a)
			} else {
				rest = append(rest, c)
			}
		}
		if left = rest; len(left) == 0 {
			break
		}
		now, err := x.current(ctx, tx, left)
		if err != nil {
			return nil, err
		}
		rest = left[:0:0]
		for _, c := range left {
			a, ok := now[c.row]
			if !ok || a.outcome == "" {
				rest = append(rest, c)
				continue
			}
			a.change = c
			done = append(done, a)
		}
		left = rest
	}
	lost, err := x.fail(ctx, tx, left, linker.LostRace)
	if err != nil {
		return nil, err
	}
	missing, err := x.fail(ctx, tx, gone, linker.TargetGone)
	if err != nil {
		return nil, err
	}
	return append(append(done, lost...), missing...), nil
}

// fail gives changes up with a code, and says what is current in their place.
func (x *Session) fail(ctx context.Context, tx pgx.Tx, changes []change, code linker.Code) ([]applied, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	now, err := x.current(ctx, tx, changes)
	if err != nil {
		return nil, err
	}
	failed := make([]applied, 0, len(changes))
	for _, c := range changes {
		a := now[c.row]
		a.change, a.outcome, a.code = c, linker.Failed, code
		failed = append(failed, a)
	}
	return failed, nil
}

// lockTargets keeps the CRM rows of changes from being deleted until the
// transaction ends, and parts the changes whose CRM row is already gone from
// the rest, before anything of theirs is cleared.
func (x *Session) lockTargets(ctx context.Context, tx pgx.Tx, changes []change) (left, gone []change, err error) {
	statement := sqlFile("careful_exists")
	if x.canLock {
		statement = sqlFile("careful_lock")
	}
	entities := make([]string, len(changes))
	for i, c := range changes {
		entities[i] = c.entity
	}
	rows, err := tx.Query(ctx, statement, entities)
	if err != nil {
		return nil, nil, fmt.Errorf("locking CRM rows: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, nil, fmt.Errorf("locking CRM rows: %w", err)
	}
	there := make(map[string]bool, len(ids))
	for _, id := range ids {
		there[id] = true
	}
	for _, c := range changes {
		if there[c.entity] {
			left = append(left, c)
		} else {
			gone = append(gone, c)
		}
	}
	return left, gone, nil
}

// round clears and inserts once, and returns the rows it did.
func (x *Session) round(ctx context.Context, tx pgx.Tx, changes []change) (map[int64]applied, error) {
	n := len(changes)
	numbers, recordings, entities, triggers := make([]int64, n), make([]string, n), make([]string, n), make([]*string, n)
	for i, c := range changes {
		numbers[i], recordings[i], entities[i], triggers[i] = c.row, c.recording, c.entity, c.trigger
	}
	args := []any{x.opt.Run, numbers, recordings, entities, triggers, x.opt.Rules.KeepExisting, x.opt.Rules.KeepTriggers}
	rows, err := tx.Query(ctx, sqlFile("careful_round"), append(args, x.clearable().args()...)...)
	if err != nil {
		return nil, fmt.Errorf("relinking with care: %w", err)
	}
	made, err := collectMade(rows, linker.Created, linker.Replaced)
	if err != nil {
		return nil, fmt.Errorf("relinking with care: %w", err)
	}
	return made, nil
}

// collectMade reads which rows a round did. The outcome is bare where no link
// was cleared and over where one was.
func collectMade(rows pgx.Rows, bare, over linker.Outcome) (map[int64]applied, error) {
	made := map[int64]applied{}
	var row int64
	var isMade bool
	var a applied
	_, err := pgx.ForEachRow(rows, []any{&row, &isMade, &a.link, &a.previous, &a.previousType}, func() error {
		if !isMade {
			return errHalfDone
		}
		a.outcome = bare
		if a.link != 0 {
			a.outcome = over
		}
		made[row] = a
		return nil
	})
	return made, err
}

// current tells what is current now for rows that are not done. The outcome
// is "" where that is a link which the next round may clear.
func (x *Session) current(ctx context.Context, tx pgx.Tx, changes []change) (map[int64]applied, error) {
	numbers, recordings := make([]int64, len(changes)), make([]string, len(changes))
	targets := make(map[int64]string, len(changes))
	for i, c := range changes {
		numbers[i], recordings[i] = c.row, c.recording
		targets[c.row] = c.entity
	}
	rows, err := tx.Query(ctx, sqlFile("careful_now"), append([]any{numbers, recordings}, x.clearable().args()...)...)
	if err != nil {
		return nil, fmt.Errorf("looking for current links: %w", err)
	}
	now := make(map[int64]applied, len(changes))
	var row int64
	var trigger string
	var elsewhere bool
	var a applied
	_, err = pgx.ForEachRow(rows, []any{&row, &a.link, &a.previous, &a.previousType, &trigger, &elsewhere}, func() error {
		a.outcome, a.code = x.standing(a.previous == targets[row], trigger, elsewhere)
		now[row] = a
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for current links: %w", err)
	}
	return now, nil
}

// standing is the outcome of a row in whose way a current link stands.
func (x *Session) standing(isTarget bool, trigger string, elsewhere bool) (linker.Outcome, linker.Code) {
	switch {
	case isTarget:
		return linker.Unchanged, ""
	case x.opt.Rules.KeepExisting:
		return linker.Kept, ""
	case trigger != "" && slices.Contains(x.opt.Rules.KeepTriggers, trigger):
		return linker.Kept, ""
	case elsewhere:
		return linker.Rejected, linker.LinkedElsewhere
	}
	return "", ""
}
