package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/pg"
)

// Unchanged reports whether all that a reconciliation by the rules looks at in
// the database is as run r, one of the same rules, has left it. It reads the
// current links once. Times play no part in it: what a transaction wrote that was
// open when the run ended is found, and a clock may be set back.
func (s *Store) Unchanged(ctx context.Context, r linker.Run, rules linker.Rules) (bool, error) {
	conn, err := s.connect(ctx, "look")
	if err != nil {
		return false, err
	}
	defer pg.Close(conn)
	var left string
	err = conn.QueryRow(ctx, "SELECT coalesce(scope_state, '') FROM relink.runs WHERE id = $1", r.ID).Scan(&left)
	if err != nil {
		return false, fmt.Errorf("reading what run %d has left: %w", r.ID, err)
	}
	if left == "" {
		return false, nil // others wrote while it did
	}
	t, err := s.texts(ctx, conn)
	if err != nil {
		return false, err
	}
	now, _, err := scopeState(ctx, conn, t, rules)
	return now == left, err
}

// scopeState returns the state as it is, and as it was before the run of the
// texts made and cleared links, if nobody else did.
func scopeState(ctx context.Context, conn *pgx.Conn, t *texts, rules linker.Rules) (now, before string, err error) {
	var scope limits
	// What is kept depends on links wherever they lead, and which
	// connections an implied scope has only the file knows.
	if x := rules.Scope; x != nil && !x.Implied && !rules.KeepExisting && len(rules.KeepTriggers) == 0 {
		scope = limits{x.Connections, x.DataTypes, x.Organizations}
	}
	args := append(scope.args(), orNull(rules.Organization), t.run)
	if err := conn.QueryRow(ctx, t.of("scope_state"), args...).Scan(&now, &before); err != nil {
		return "", "", fmt.Errorf("looking at the state of the scope: %w", err)
	}
	return now, before, nil
}

// noteStateBefore remembers the state that a reconciliation begins with.
func (x *Session) noteStateBefore(ctx context.Context) (err error) {
	x.stateBefore, x.stateAfter = "", ""
	if x.opt.Rules.Scope != nil && x.opt.Writing {
		x.stateBefore, _, err = scopeState(ctx, x.work, newTexts(x.texts.platform, 0), x.opt.Rules)
	}
	return err
}

// noteStateAfter remembers the state that a reconciliation leaves behind, if it
// is made of the one before and of what the run did alone. Where somebody else
// wrote meanwhile, nobody knows whether the plan has seen that.
func (x *Session) noteStateAfter(ctx context.Context) error {
	if x.stateBefore == "" {
		return nil
	}
	now, before, err := scopeState(ctx, x.work, x.texts, x.opt.Rules)
	if err == nil && before == x.stateBefore {
		x.stateAfter = now
	}
	return err
}
