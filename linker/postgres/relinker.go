package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/pg"
)

// maxRounds is how often rows that are neither done nor found done are tried
// again in one transaction. Three were the most ever needed, with thirty
// clients writing to the same recordings.
const maxRounds = 10

// errHalfDone says that a link was cleared and its successor not made.
var errHalfDone = errors.New("a link was cleared without a new one in its place")

// isContention and isRefusal are those of the database's errors, and
// errHalfDone, which is one of both.
func isContention(err error) bool { return errors.Is(err, errHalfDone) || pg.IsContention(err) }
func isRefusal(err error) bool    { return errors.Is(err, errHalfDone) || pg.IsRefusal(err) }

// relinker relinks recordings one by one as it were, whatever else happens to
// them meanwhile. The lanes of a run and the HTTP operation share it.
type relinker struct {
	run     *int64 // marks what is done; nil leaves no marks
	rules   linker.Rules
	scope   limits // outside which no link is cleared
	canLock bool   // this role may lock CRM rows against deletion
}

// relink is the careful form: it makes every change that can be made, in the
// caller's transaction, and says what became of each. A row is done only when
// the database returned its new link, or when a later statement saw the
// target current. READ COMMITTED is assumed: each statement needs its fresh
// snapshot.
func (k *relinker) relink(ctx context.Context, tx pgx.Tx, changes []change) ([]applied, error) {
	done := make([]applied, 0, len(changes))
	left, gone, err := k.lockTargets(ctx, tx, changes)
	if err != nil {
		return nil, err
	}
	for round := 0; len(left) > 0 && round < maxRounds; round++ {
		made, err := k.round(ctx, tx, left)
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
		now, err := k.current(ctx, tx, left)
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
	lost, err := k.fail(ctx, tx, left, linker.LostRace)
	if err != nil {
		return nil, err
	}
	missing, err := k.fail(ctx, tx, gone, linker.TargetGone)
	if err != nil {
		return nil, err
	}
	return append(append(done, lost...), missing...), nil
}

// fail gives changes up with a code, and says what is current in their place.
func (k *relinker) fail(ctx context.Context, tx pgx.Tx, changes []change, code linker.Code) ([]applied, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	now, err := k.current(ctx, tx, changes)
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
func (k *relinker) lockTargets(ctx context.Context, tx pgx.Tx, changes []change) (left, gone []change, err error) {
	statement := sqlFile("careful_exists")
	if k.canLock {
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
func (k *relinker) round(ctx context.Context, tx pgx.Tx, changes []change) (map[int64]applied, error) {
	n := len(changes)
	numbers, recordings, entities, triggers := make([]int64, n), make([]string, n), make([]string, n), make([]*string, n)
	for i, c := range changes {
		numbers[i], recordings[i], entities[i], triggers[i] = c.row, c.recording, c.entity, c.trigger
	}
	args := []any{k.run, numbers, recordings, entities, triggers, k.rules.KeepExisting, k.rules.KeepTriggers}
	rows, err := tx.Query(ctx, sqlFile("careful_round"), append(args, k.scope.args()...)...)
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
func (k *relinker) current(ctx context.Context, tx pgx.Tx, changes []change) (map[int64]applied, error) {
	numbers, recordings := make([]int64, len(changes)), make([]string, len(changes))
	targets := make(map[int64]string, len(changes))
	for i, c := range changes {
		numbers[i], recordings[i] = c.row, c.recording
		targets[c.row] = c.entity
	}
	rows, err := tx.Query(ctx, sqlFile("careful_now"), append([]any{numbers, recordings}, k.scope.args()...)...)
	if err != nil {
		return nil, fmt.Errorf("looking for current links: %w", err)
	}
	now := make(map[int64]applied, len(changes))
	var row int64
	var trigger string
	var elsewhere bool
	var a applied
	_, err = pgx.ForEachRow(rows, []any{&row, &a.link, &a.previous, &a.previousType, &trigger, &elsewhere}, func() error {
		a.outcome, a.code = k.standing(a.previous == targets[row], trigger, elsewhere)
		now[row] = a
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for current links: %w", err)
	}
	return now, nil
}

// standing is the outcome of a row in whose way a current link stands.
func (k *relinker) standing(isTarget bool, trigger string, elsewhere bool) (linker.Outcome, linker.Code) {
	switch {
	case isTarget:
		return linker.Unchanged, ""
	case k.rules.KeepExisting:
		return linker.Kept, ""
	case trigger != "" && slices.Contains(k.rules.KeepTriggers, trigger):
		return linker.Kept, ""
	case elsewhere:
		return linker.Rejected, linker.LinkedElsewhere
	}
	return "", ""
}
