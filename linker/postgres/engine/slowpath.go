package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/sql"
)

// maxRounds is how often rows that are neither done nor found done are tried
// again in one transaction. Three were the most ever needed, with thirty
// clients writing to the same recordings.
const maxRounds = 10

// errHalfDone reports that a link was cleared and its successor not made.
var errHalfDone = errors.New("a link was cleared without a new one in its place")

// isContention and isRefusal are those of the database's errors, and
// errHalfDone, which is one of both.
func isContention(err error) bool { return errors.Is(err, errHalfDone) || pg.IsContention(err) }
func isRefusal(err error) bool    { return errors.Is(err, errHalfDone) || pg.IsRefusal(err) }

// slowPath links recordings whatever other sessions do to them at the same
// time. The lanes of a run and the HTTP operation share it.
type slowPath struct {
	texts   *sql.Texts
	run     *int64 // marks what is done; nil leaves no marks
	rules   linker.Rules
	scope   postgres.Limits // outside which no link is cleared
	canLock bool            // this role may lock CRM rows against deletion
	// oneCurrent is what keeps a recording from having two current links.
	oneCurrent oneCurrent
}

// link makes every change that can be made, in the caller's transaction, and
// returns what became of each. A row is done only when the database returned its
// new link, or when a later statement saw the target current. READ COMMITTED is
// assumed: each statement needs its fresh snapshot.
func (s *slowPath) link(ctx context.Context, tx pgx.Tx, changes []change) ([]applied, error) {
	done := make([]applied, 0, len(changes))
	if err := s.lockRecordings(ctx, tx, changes); err != nil {
		return nil, err
	}
	clearing, linking := parted(changes)
	left, gone, err := s.lockTargets(ctx, tx, linking)
	if err != nil {
		return nil, err
	}
	left = append(left, clearing...)
	for round := 0; len(left) > 0 && round < maxRounds; round++ {
		inTheWay, err := s.lockLinks(ctx, tx, left)
		if err != nil {
			return nil, err
		}
		made, err := s.write(ctx, tx, asExpected(left, inTheWay), inTheWay)
		if err != nil {
			return nil, err
		}
		done, left = sortOut(done, left, made)
		if len(left) == 0 {
			break
		}
		now, err := s.current(ctx, tx, left)
		if err != nil {
			return nil, err
		}
		done, left = sortOut(done, left, now)
	}
	lost, err := s.fail(ctx, tx, left, linker.LostRace)
	if err != nil {
		return nil, err
	}
	missing, err := s.fail(ctx, tx, gone, linker.TargetGone)
	if err != nil {
		return nil, err
	}
	return append(append(done, lost...), missing...), nil
}

// parted parts the changes that only clear a link from those that make one.
func parted(changes []change) (clearing, linking []change) {
	for _, c := range changes {
		if c.entity == "" {
			clearing = append(clearing, c)
		} else {
			linking = append(linking, c)
		}
	}
	return clearing, linking
}

// asExpected are the changes that may be made: all but those whose recording must
// have a link that is not there.
func asExpected(changes []change, locked map[int64]currentLink) []change {
	return slices.DeleteFunc(slices.Clone(changes), func(c change) bool {
		_, there := locked[c.row]
		return c.expected != nil && *c.expected != "" && !there
	})
}

// sortOut moves the changes that have an outcome from left to done.
func sortOut(done []applied, left []change, outcomes map[int64]applied) ([]applied, []change) {
	rest := left[:0:0]
	for _, c := range left {
		a, ok := outcomes[c.row]
		if !ok || a.Outcome == "" {
			rest = append(rest, c)
			continue
		}
		a.change = c
		done = append(done, a)
	}
	return done, rest
}

// fail gives up changes with a code, and records the current link of each.
func (s *slowPath) fail(ctx context.Context, tx pgx.Tx, changes []change, code linker.Code) ([]applied, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	now, err := s.current(ctx, tx, changes)
	if err != nil {
		return nil, err
	}
	failed := make([]applied, 0, len(changes))
	for _, c := range changes {
		a := now[c.row]
		a.change, a.Outcome, a.Code, a.Detail = c, linker.Failed, code, ""
		failed = append(failed, a)
	}
	return failed, nil
}

// lockTargets keeps the CRM rows of changes from being deleted until the
// transaction ends, and parts the changes whose CRM row is already gone from
// the rest, before anything of theirs is cleared. Those that are left know the
// type of their CRM row.
func (s *slowPath) lockTargets(ctx context.Context, tx pgx.Tx, changes []change) (left, gone []change, err error) {
	statement := s.texts.Of("find_targets")
	if s.canLock {
		statement = s.texts.Of("lock_targets")
	}
	rows, err := tx.Query(ctx, statement, each(changes, func(c change) string { return c.entity }))
	if err != nil {
		return nil, nil, fmt.Errorf("locking CRM rows: %w", err)
	}
	types := map[string]string{}
	var id, dataType string
	_, err = pgx.ForEachRow(rows, []any{&id, &dataType}, func() error {
		types[id] = dataType
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("locking CRM rows: %w", err)
	}
	for _, c := range changes {
		var there bool
		if c.dataType, there = types[c.entity]; there {
			left = append(left, c)
		} else {
			gone = append(gone, c)
		}
	}
	return left, gone, nil
}

// currentLink is a link that is locked and current.
type currentLink struct {
	id, entity, dataType string
	trigger              *string
	linkedAt             *time.Time
	hidden               bool // to another organization's CRM row: for the caller it is none
}

// lockLinks locks the links that are in the way of changes and may be cleared.
func (s *slowPath) lockLinks(ctx context.Context, tx pgx.Tx, changes []change) (map[int64]currentLink, error) {
	args := []any{
		each(changes, func(c change) int64 { return c.row }),
		each(changes, func(c change) string { return c.recording }),
		each(changes, func(c change) *string { return sql.OrNull(c.entity) }),
		s.rules.KeepExisting, s.rules.KeepTriggers,
	}
	args = append(append(args, s.scope.Args()...), each(changes, func(c change) *string { return c.expected }), sql.OrNull(s.rules.Organization))
	return lockedLinks(tx.Query(ctx, s.texts.Of("lock_links"), args...))
}

func lockedLinks(rows pgx.Rows, err error) (map[int64]currentLink, error) {
	links := map[int64]currentLink{}
	if err == nil {
		var row int64
		var l currentLink
		_, err = pgx.ForEachRow(rows, []any{&row, &l.id, &l.entity, &l.dataType, &l.trigger, &l.linkedAt, &l.hidden}, func() error {
			if other, twice := links[row]; twice {
				return severalCurrent(fmt.Sprintf("the recording of links %s and %s", other.id, l.id))
			}
			links[row] = l
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("locking links: %w", err)
	}
	return links, nil
}

// write clears the links that are locked, makes the new ones and marks what it
// did. It returns the changes that are done: those whose link was made, or that
// only clear. Where a link was cleared and none made in its place it returns
// errHalfDone.
func (s *slowPath) write(ctx context.Context, tx pgx.Tx, changes []change, locked map[int64]currentLink) (map[int64]applied, error) {
	if err := pg.SetPath(ctx, tx, s.texts.Platform.Path); err != nil {
		return nil, err
	}
	if err := s.clear(ctx, tx, changes, locked); err != nil {
		return nil, err
	}
	made, err := s.make(ctx, tx, changes)
	if err != nil {
		return nil, err
	}
	if err := pg.ResetPath(ctx, tx); err != nil {
		return nil, err
	}
	done := make(map[int64]applied, len(changes))
	var marked []change
	for _, c := range changes {
		link, isMade := made[c.recording]
		cleared, isCleared := locked[c.row]
		switch {
		case c.entity != "" && !isMade && isCleared:
			return nil, errHalfDone
		case !isMade && !isCleared:
			continue
		}
		a := applied{link: cleared.id}
		if !cleared.hidden {
			a.PreviousEntityID, a.PreviousDataType = cleared.entity, cleared.dataType
		}
		switch {
		case c.entity == "":
			a.Outcome = linker.Cleared
		case isCleared && !cleared.hidden:
			a.Outcome = linker.Replaced
		default:
			a.Outcome = linker.Created
		}
		done[c.row] = a
		c.made, c.cleared = link, cleared
		marked = append(marked, c)
	}
	return done, s.mark(ctx, tx, marked)
}

func (s *slowPath) clear(ctx context.Context, tx pgx.Tx, changes []change, locked map[int64]currentLink) error {
	if len(locked) == 0 {
		return nil
	}
	var links, recordings []string
	var triggers []*string
	for _, c := range changes {
		if l, ok := locked[c.row]; ok {
			links, recordings, triggers = append(links, l.id), append(recordings, c.recording), append(triggers, c.trigger)
		}
	}
	tag, err := tx.Exec(ctx, s.texts.Of("clear_links"), links, recordings, triggers)
	if err != nil {
		return fmt.Errorf("clearing links: %w", err)
	}
	if tag.RowsAffected() != int64(len(links)) {
		return errHalfDone // a trigger of the platform's own kept one
	}
	return nil
}

// make makes the links of changes that have a CRM row, where no other is
// current, and returns their ids by recording.
func (s *slowPath) make(ctx context.Context, tx pgx.Tx, changes []change) (map[string]string, error) {
	wanted := slices.DeleteFunc(slices.Clone(changes), func(c change) bool { return c.entity == "" })
	if len(wanted) == 0 {
		return nil, nil
	}
	slices.SortFunc(wanted, func(a, b change) int { return cmp.Compare(a.recording, b.recording) })
	statement := "make_links"
	if !s.oneCurrent.byIndex {
		statement = "make_links_locked"
	}
	rows, err := tx.Query(ctx, s.texts.Of(statement),
		each(wanted, func(c change) string { return c.recording }),
		each(wanted, func(c change) string { return c.dataType }),
		each(wanted, func(c change) string { return c.entity }),
		each(wanted, func(c change) *string { return c.trigger }))
	if err != nil {
		return nil, fmt.Errorf("making links: %w", err)
	}
	made := make(map[string]string, len(wanted))
	var recording, link string
	_, err = pgx.ForEachRow(rows, []any{&recording, &link}, func() error {
		made[recording] = link
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("making links: %w", err)
	}
	return made, nil
}

// mark writes the marks of changes that are done.
func (s *slowPath) mark(ctx context.Context, tx pgx.Tx, changes []change) error {
	if s.run == nil || len(changes) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, s.texts.Of("write_marks"), *s.run,
		each(changes, func(c change) int64 { return c.row }),
		each(changes, func(c change) string { return c.recording }),
		each(changes, func(c change) string { return c.made }),
		each(changes, func(c change) string { return c.cleared.id }),
		each(changes, func(c change) string { return c.restores }),
		each(changes, func(c change) string { return c.entity }),
		each(changes, func(c change) string { return c.cleared.entity }),
		each(changes, func(c change) string { return c.cleared.dataType }),
		each(changes, func(c change) *string { return c.cleared.trigger }),
		each(changes, func(c change) *time.Time { return c.cleared.linkedAt }),
		each(changes, func(c change) bool { return c.cleared.hidden }))
	if err != nil {
		return fmt.Errorf("marking what is done: %w", err)
	}
	return nil
}

// each returns one field of every change.
func each[T any](changes []change, field func(change) T) []T {
	values := make([]T, len(changes))
	for i, c := range changes {
		values[i] = field(c)
	}
	return values
}

// current returns what is current now for rows that are not done. The outcome
// is "" where that is a link which the next round may clear.
func (s *slowPath) current(ctx context.Context, tx pgx.Tx, changes []change) (map[int64]applied, error) {
	byRow := make(map[int64]change, len(changes))
	for _, c := range changes {
		byRow[c.row] = c
	}
	args := []any{
		each(changes, func(c change) int64 { return c.row }),
		each(changes, func(c change) string { return c.recording }),
	}
	args = append(append(args, s.scope.Args()...), sql.OrNull(s.rules.Organization))
	rows, err := tx.Query(ctx, s.texts.Of("current_links"), args...)
	if err != nil {
		return nil, fmt.Errorf("looking for current links: %w", err)
	}
	now := make(map[int64]applied, len(changes))
	for _, c := range changes {
		if c.expected != nil && *c.expected != "" { // and no link is, unless one is found
			now[c.row] = s.unexpected(applied{})
		}
	}
	var row int64
	var trigger string
	var elsewhere, hidden bool
	var a applied
	_, err = pgx.ForEachRow(rows, []any{&row, &a.link, &a.PreviousEntityID, &a.PreviousDataType, &trigger, &elsewhere, &hidden}, func() error {
		if hidden { // and the next round clears it
			now[row] = applied{link: a.link}
			return nil
		}
		now[row] = s.standing(a, byRow[row], trigger, elsewhere)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for current links: %w", err)
	}
	return now, nil
}

// standing decides a change that has a current link in its way.
func (s *slowPath) standing(a applied, c change, trigger string, elsewhere bool) applied {
	switch {
	case a.PreviousEntityID == c.entity:
		a.Outcome = linker.Unchanged
	case c.expected != nil && *c.expected != a.PreviousEntityID:
		return s.unexpected(a)
	case s.rules.KeepExisting, trigger != "" && slices.Contains(s.rules.KeepTriggers, trigger):
		a.Outcome = linker.Kept
	case elsewhere:
		a.Outcome, a.Code = linker.Rejected, linker.LinkedElsewhere
	}
	return a
}

// unexpected is what becomes of a change whose recording is not linked as it must
// be. It was when the run decided.
func (s *slowPath) unexpected(a applied) applied {
	if s.rules.Unlink { // the link that was to be cleared is gone
		a.Outcome = linker.Unchanged
		return a
	}
	a.Outcome, a.Detail = linker.Kept, "the link was changed while the run wrote, and is not what the row expects any more"
	return a
}
