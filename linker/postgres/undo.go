package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker"
)

// undo plans the taking back of a run: its rows are that run's marks.
func (p *planner) undo() {
	p.did("undone", p.x.opt.Undo)
	p.did("did", p.x.opt.Run)
	p.created("plan", p.x.statement("undo"))
	p.analyze("plan")
	p.workList("undo_changes")
}

// undo is the careful form of a revert, in the caller's transaction. It never
// touches a link but the one that the plan names: whatever else is current
// was made by somebody since, and stays.
func (x *Session) undo(ctx context.Context, tx pgx.Tx, changes []change) ([]applied, error) {
	n := len(changes)
	numbers, recordings, entities, triggers := make([]int64, n), make([]string, n), make([]string, n), make([]*string, n)
	links, restores := make([]int64, n), make([]int64, n)
	for i, c := range changes {
		numbers[i], recordings[i], entities[i], triggers[i] = c.row, c.recording, c.entity, c.trigger
		links[i], restores[i] = c.link, c.restores
	}
	rows, err := tx.Query(ctx, sqlFile("undo_round"), x.opt.Run, numbers, recordings, entities, triggers, links, restores)
	if err != nil {
		return nil, fmt.Errorf("reverting with care: %w", err)
	}
	made, err := collectMade(rows, linker.Reverted, linker.Reverted)
	if err != nil {
		return nil, fmt.Errorf("reverting with care: %w", err)
	}
	var left []change
	done := make([]applied, 0, n)
	for _, c := range changes {
		a, ok := made[c.row]
		if !ok {
			left = append(left, c)
			continue
		}
		a.change = c
		done = append(done, a)
	}
	if len(left) == 0 {
		return done, nil
	}
	now, err := x.relinker().current(ctx, tx, left)
	if err != nil {
		return nil, err
	}
	for _, c := range left {
		a := now[c.row]
		a.change, a.outcome, a.code = c, linker.Kept, ""
		done = append(done, a)
	}
	return done, nil
}
