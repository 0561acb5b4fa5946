package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres"
	"relink/linker/postgres/sql"
	"relink/linker/text"
)

// givenScope is the scope that the caller gave: rows with a target outside are
// rejected. An implied scope rejects none, since it is made of the rows.
func (x *Session) givenScope() postgres.Limits {
	s := x.opt.Rules.Scope
	if s == nil || s.Implied {
		return postgres.Limits{}
	}
	return postgres.Limits{Connections: s.Connections, DataTypes: s.DataTypes, Organizations: s.Organizations}
}

// clearable is the scope outside which no link is cleared: none when links
// elsewhere may be taken over.
func (x *Session) clearable() postgres.Limits {
	if s := x.opt.Rules.Scope; s == nil || s.TakeOver {
		return postgres.Limits{}
	}
	return x.scope
}

// prunes reports whether extras are to be cleared.
func (x *Session) prunes() bool {
	s := x.opt.Rules.Scope
	return s != nil && s.Prune && x.withheld == ""
}

// findScope settles what the scope is.
func (p *planner) findScope() {
	x := p.x
	if x.opt.Rules.Scope == nil {
		return
	}
	x.scope = x.givenScope()
	if !x.opt.Rules.Scope.Implied {
		return
	}
	x.scope.Connections = []string{} // a file that names none has no extras
	p.query("looking for the connections that the file names", x.statement("implied_scope"), []any{sql.OrNull(x.opt.Rules.Organization)}, func(rows pgx.Rows) error {
		var id string
		err := rows.Scan(&id)
		x.scope.Connections = append(x.scope.Connections, id)
		return err
	})
}

// reach is the connections whose links can be in the scope, nil for all.
func (p *planner) reach() []string {
	if p.err != nil {
		return nil
	}
	reach, err := p.x.scope.Reach(p.ctx, p.x.work, p.x.texts, p.x.opt.Rules.Organization)
	p.err = err
	return reach
}

// elsewhere rejects rows whose recording has a link outside the scope.
func (p *planner) elsewhere() {
	if s := p.x.opt.Rules.Scope; s != nil && !s.TakeOver {
		p.change("planning: links outside the scope", "linked_elsewhere", p.x.scope.Args()...)
	}
}

// extras finds the links in scope that the file does not mention, and whether
// they may be cleared.
func (p *planner) extras() {
	x := p.x
	if x.opt.Rules.Scope == nil {
		return
	}
	reach := p.reach()
	if x.opt.Rules.Scope.Partial {
		reach = []string{}
	}
	args := append(x.scope.Args(), sql.OrNull(x.opt.Rules.Organization), x.opt.Rules.KeepTriggers, x.opt.Run, reach)
	p.table("extras", x.statement("extras"), args...)
	p.analyze("extras")
	x.withheld = ""
	if !x.opt.Rules.Scope.Prune || p.err != nil {
		return
	}
	reasons := p.untrusted()
	p.query("reading what speaks against the file", x.texts.Inline("SELECT reason FROM run.doubts"), nil, func(rows pgx.Rows) error {
		var reason string
		err := rows.Scan(&reason)
		reasons = append(reasons, reason)
		return err
	})
	x.withheld = strings.Join(reasons, "; ")
}

// untrusted finds the rows whose recording id cannot be trusted.
func (p *planner) untrusted() []string {
	var (
		count int64
		lines []int64
		first *string
	)
	query := p.x.statement("untrusted")
	if err := p.x.work.QueryRow(p.ctx, query, sql.OrNull(p.x.opt.Rules.Organization)).Scan(&count, &lines, &first); err != nil {
		p.err = fmt.Errorf("looking for rows without a recording: %w", err)
		return nil
	}
	if count == 0 {
		return nil
	}
	has, value := "has", ""
	if count > 1 {
		has = "have"
	}
	if first != nil {
		value = fmt.Sprintf(" (line %d has %s)", lines[0], text.Quote(*first))
	}
	return []string{fmt.Sprintf("%s %s no recording id that can be trusted%s, so nobody knows which recordings the file leaves out",
		text.Lines(lines, count-int64(len(lines))), has, value)}
}

// noteStateBefore remembers the state that a reconciliation begins with.
func (x *Session) noteStateBefore(ctx context.Context) (err error) {
	x.stateBefore, x.stateAfter = "", ""
	if x.opt.Rules.Scope != nil && x.opt.Writing {
		x.stateBefore, _, err = postgres.ScopeState(ctx, x.work, sql.New(x.texts.Platform, 0), x.opt.Rules)
	}
	return err
}

// noteStateAfter records the state that a reconciliation leaves behind, if it
// results from the previous state and this run alone. If another session wrote
// in between, it is unknown whether the plan has seen that.
func (x *Session) noteStateAfter(ctx context.Context) error {
	if x.stateBefore == "" {
		return nil
	}
	now, before, err := postgres.ScopeState(ctx, x.work, x.texts, x.opt.Rules)
	if err == nil && before == x.stateBefore {
		x.stateAfter = now
	}
	return err
}
