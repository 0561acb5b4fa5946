package postgres

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"relink/linker/text"
)

// limits is a scope as statements take it: nil does not limit.
type limits struct {
	connections, dataTypes, organizations []string
}

func (l limits) args() []any {
	return []any{l.connections, l.dataTypes, l.organizations}
}

// givenScope is the scope that the caller gave: rows with a target outside are
// rejected. An implied scope rejects none, since it is made of the rows.
func (x *Session) givenScope() limits {
	s := x.opt.Rules.Scope
	if s == nil || s.Implied {
		return limits{}
	}
	return limits{s.Connections, s.DataTypes, s.Organizations}
}

// clearable is the scope outside which no link is cleared: none when links
// elsewhere may be taken over.
func (x *Session) clearable() limits {
	if s := x.opt.Rules.Scope; s == nil || s.TakeOver {
		return limits{}
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
	x.scope.connections = []string{} // a file that names none has no extras
	p.query("looking for the connections that the file names", x.statement("implied_scope"), []any{orNull(x.opt.Rules.Organization)}, func(rows pgx.Rows) error {
		var id string
		err := rows.Scan(&id)
		x.scope.connections = append(x.scope.connections, id)
		return err
	})
}

// elsewhere rejects rows whose recording has a link outside the scope.
func (p *planner) elsewhere() {
	if s := p.x.opt.Rules.Scope; s != nil && !s.TakeOver {
		p.change("planning: links outside the scope", "linked_elsewhere", p.x.scope.args()...)
	}
}

// extras finds the links in scope that the file does not mention, and whether
// they may be cleared.
func (p *planner) extras() {
	x := p.x
	if x.opt.Rules.Scope == nil {
		return
	}
	args := append(x.scope.args(), orNull(x.opt.Rules.Organization), x.opt.Rules.KeepTriggers, x.opt.Run)
	p.table("extras", x.statement("extras"), args...)
	p.analyze("extras")
	x.withheld = ""
	if !x.opt.Rules.Scope.Prune || p.err != nil {
		return
	}
	reasons := p.untrusted()
	p.query("reading what speaks against the file", x.texts.inline("SELECT reason FROM run.doubts"), nil, func(rows pgx.Rows) error {
		var reason string
		err := rows.Scan(&reason)
		reasons = append(reasons, reason)
		return err
	})
	x.withheld = strings.Join(reasons, "; ")
}

// untrusted says which rows have no recording id that can be trusted.
func (p *planner) untrusted() []string {
	var (
		count int64
		lines []int64
		first *string
	)
	query := p.x.statement("untrusted")
	if err := p.x.work.QueryRow(p.ctx, query, orNull(p.x.opt.Rules.Organization)).Scan(&count, &lines, &first); err != nil {
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
