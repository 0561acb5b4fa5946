package engine

import (
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/guard"
)

// sum is the number of planned rows that are alike.
type sum struct {
	outcome    linker.Outcome
	code       linker.Code
	connection string  // of the CRM row found, "" for none
	previous   *string // the trigger of the links replaced or cleared, "" for none; nil of other rows
	rows       int64
}

// added adds the planned rows up, unless nothing has changed since.
func (p *planner) added() []sum {
	if p.sums != nil {
		return p.sums
	}
	p.sums = []sum{}
	p.query("adding up the plan", p.x.statement("totals"), []any{linker.Triggers}, func(rows pgx.Rows) error {
		var s sum
		var code, connection *string
		if err := rows.Scan(&s.outcome, &code, &connection, &s.previous, &s.rows); err != nil {
			return err
		}
		if code != nil {
			s.code = linker.Code(*code)
		}
		if connection != nil {
			s.connection = *connection
		}
		p.sums = append(p.sums, s)
		return nil
	})
	return p.sums
}

// count returns how many planned rows have a code.
func (p *planner) count(code linker.Code) (n int64) {
	for _, s := range p.added() {
		if s.code == code {
			n += s.rows
		}
	}
	return n
}

// totals adds the plan up for the guard.
func (p *planner) totals() guard.Plan {
	plan := guard.Plan{Outcomes: linker.Counts{}}
	changed := map[string]int64{}
	for _, s := range p.added() {
		plan.Rows += s.rows
		plan.Outcomes[s.outcome] += s.rows
		switch s.outcome {
		case linker.Created, linker.Replaced, linker.Cleared, linker.Reverted:
			changed[s.connection] += s.rows
		}
	}
	for _, n := range p.faults() {
		plan.Rows += n
		plan.Outcomes[linker.Rejected] += n
	}
	plan.Touched = p.touched(changed)
	plan.Groups = p.groups()
	plan.Triggers = p.triggers()
	plan.Strays = p.x.strays
	plan.PruneWithheld = p.x.withheld
	return plan
}

// triggers adds the links that the run replaces or clears up by the trigger that
// made them.
func (p *planner) triggers() []linker.TriggerCount {
	if p.x.opt.Undo != 0 {
		return nil
	}
	counts := map[string]*linker.TriggerCount{}
	of := func(trigger string) *linker.TriggerCount {
		if counts[trigger] == nil {
			counts[trigger] = &linker.TriggerCount{Trigger: trigger, ByPerson: linker.MadeByPerson(trigger)}
		}
		return counts[trigger]
	}
	for _, s := range p.added() {
		switch {
		case s.previous == nil:
		case s.outcome == linker.Cleared:
			of(*s.previous).Cleared += s.rows
		default:
			of(*s.previous).Replaced += s.rows
		}
	}
	if p.x.opt.Rules.Scope != nil {
		p.query("counting extra links by trigger", p.x.statement("extras_triggers"), []any{linker.Triggers, p.x.prunes()}, func(rows pgx.Rows) error {
			var trigger string
			var n int64
			err := rows.Scan(&trigger, &n)
			of(trigger).Cleared += n
			return err
		})
	}
	var list []linker.TriggerCount
	for _, c := range counts {
		list = append(list, *c)
	}
	linker.SortTriggers(list)
	return list
}

// faults counts the rows that Check refused. A session that staged them knows;
// one that found them staged asks.
func (p *planner) faults() map[linker.Code]int64 {
	if p.x.opt.Undo != 0 || p.x.faults != nil {
		return p.x.faults
	}
	faults, strays := map[linker.Code]int64{}, int64(0)
	p.query("counting the rows that were refused", p.x.statement("faults"), nil, func(rows pgx.Rows) error {
		var code linker.Code
		var n, stray int64
		err := rows.Scan(&code, &n, &stray)
		faults[code] = n
		strays += stray
		return err
	})
	p.x.strays = strays
	return faults
}

// touched is how many recordings change, by the organization that has the
// connection of their CRM row.
func (p *planner) touched(byConnection map[string]int64) []guard.OrganizationCount {
	byOrganization := map[string]int64{}
	ids := slices.Collect(maps.Keys(byConnection))
	p.query("counting organizations", p.x.statement("organizations"), []any{ids}, func(rows pgx.Rows) error {
		var id, organization string
		err := rows.Scan(&id, &organization)
		byOrganization[organization] += byConnection[id]
		return err
	})
	var counts []guard.OrganizationCount
	for _, organization := range slices.Sorted(maps.Keys(byOrganization)) {
		counts = append(counts, guard.OrganizationCount{Organization: organization, Recordings: byOrganization[organization]})
	}
	return counts
}
