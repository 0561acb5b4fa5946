package engine

import (
	"context"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/sql"
)

// revert plans the taking back of a run: its rows are that run's marks.
func (p *planner) revert() {
	p.checkMarks(p.x.opt.Undo, true)
	p.applied("to_revert", p.x.opt.Undo)
	p.applied("applied", p.x.opt.Run)
	p.created("plan", p.x.statement("revert"), p.x.opt.Run, sql.OrNull(p.x.opt.Rules.Organization))
	p.oneEach()
	p.analyze("plan")
	p.workList("revert_changes")
}

// revert is the slow path of a revert, in the caller's transaction. It never
// touches a link other than the one that the plan names: any other current link
// was made later by someone else, and stays.
func (x *Session) revert(ctx context.Context, tx pgx.Tx, changes []change) ([]applied, error) {
	s := x.slowPath()
	ready, err := s.readyToRevert(ctx, tx, changes)
	if err != nil {
		return nil, err
	}
	made, err := s.write(ctx, tx, ready.changes, ready.locked)
	if err != nil {
		return nil, err
	}
	var left []change
	done := make([]applied, 0, len(changes))
	for _, c := range changes {
		a, ok := made[c.row]
		if !ok {
			left = append(left, c)
			continue
		}
		a.change, a.Outcome = c, linker.Reverted
		done = append(done, a)
	}
	if len(left) == 0 {
		return done, nil
	}
	now, err := s.current(ctx, tx, left)
	if err != nil {
		return nil, err
	}
	for _, c := range left {
		a := now[c.row]
		a.change, a.Outcome, a.Code = c, linker.Kept, ""
		done = append(done, a)
	}
	return done, nil
}

// revertible are changes that can be taken back, and the links they clear.
type revertible struct {
	changes []change
	locked  map[int64]currentLink
}

// readyToRevert locks the links that the plan names and returns the changes
// whose link is still current and whose CRM row is still there.
func (s *slowPath) readyToRevert(ctx context.Context, tx pgx.Tx, changes []change) (r revertible, err error) {
	if err := s.lockRecordings(ctx, tx, changes); err != nil {
		return r, err
	}
	clearing, restoring := parted(changes)
	restoring, _, err = s.lockTargets(ctx, tx, restoring)
	if err != nil {
		return r, err
	}
	var linked []change
	candidates := append(clearing, restoring...)
	for _, c := range candidates {
		if c.link != "" {
			linked = append(linked, c)
		}
	}
	r.locked, err = lockedLinks(tx.Query(ctx, s.texts.Of("lock_planned"),
		each(linked, func(c change) int64 { return c.row }),
		each(linked, func(c change) string { return c.recording }),
		each(linked, func(c change) string { return c.link })))
	if err != nil {
		return r, err
	}
	for _, c := range candidates {
		if _, current := r.locked[c.row]; current || c.link == "" {
			r.changes = append(r.changes, c)
		}
	}
	return r, nil
}
