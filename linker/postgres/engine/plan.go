package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/guard"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
	"relink/linker/postgres/sql"
)

// Plan decides the outcome of every staged row and returns the totals. first
// means that the run has written nothing yet, so that there are no marks to
// look for. The plan depends on the staged rows, the marks of this run and the
// current content of the platform's tables, never on an earlier plan. file,
// when not nil, keeps links from being cleared whose recording occurs in it.
func (x *Session) Plan(ctx context.Context, first bool, file linker.Mentions) (guard.Plan, error) {
	ctx, done := x.during(ctx)
	defer done()
	p := planner{x: x, ctx: ctx}
	if x.oneCurrent, p.err = findOneCurrent(ctx, x.work, x.texts.Platform); p.err != nil {
		return guard.Plan{}, x.cause(fmt.Errorf("looking for the unique index on current links: %w", p.err))
	}
	if first {
		p.err = x.noteStateBefore(ctx)
	}
	if x.opt.Undo != 0 {
		p.revert()
	} else {
		p.rows(first, file)
	}
	p.table("outcomes", x.statement("outcomes"))
	plan := p.totals()
	if p.err == nil && x.opt.Trial {
		plan.Refused, p.err = x.try(ctx)
	}
	if p.err != nil {
		return guard.Plan{}, x.cause(p.err)
	}
	return plan, nil
}

// rows plans the staged rows.
func (p *planner) rows(first bool, file linker.Mentions) {
	p.resolve()
	p.oneEach()
	p.secondLook()
	if p.x.opt.Rules.FollowMerges {
		p.survivors()
	}
	p.marks(first)
	p.findScope()
	p.elsewhere()
	p.conflicts()
	p.nearMisses()
	p.extras()
	p.mentions(file)
	p.workList("changes")
}

// workList makes the table of what is to do by a statement of sql/.
func (p *planner) workList(statement string) {
	p.x.toDo = p.table("changes", p.x.statement(statement))
	p.analyze("changes (link_id)") // lanes read it by place; joins go by link
}

// planner runs the statements of one plan in turn; the first error ends it.
type planner struct {
	x        *Session
	ctx      context.Context
	err      error
	analyzed bool // the planned rows have statistics
	sums     []sum
}

// do runs a statement of sql/ and returns how many rows it touched.
func (p *planner) do(doing, name string, args ...any) int64 {
	return p.exec(doing, p.x.statement(name), args...)
}

// change is do for a statement that changes rows of the plan.
func (p *planner) change(doing, name string, args ...any) {
	p.analyzePlan()
	if p.do(doing, name, args...) > 0 {
		p.sums = nil
	}
}

// analyzePlan gives the planned rows statistics before something is joined
// with them. A plan of which nothing is special needs none.
func (p *planner) analyzePlan() {
	if !p.analyzed {
		p.analyzed = true
		p.analyze("plan")
	}
}

func (p *planner) exec(doing, statement string, args ...any) int64 {
	if p.err != nil {
		return 0
	}
	tag, err := p.x.work.Exec(p.ctx, statement, args...)
	if err != nil {
		p.err = fmt.Errorf("%s: %w", doing, err)
		return 0
	}
	return tag.RowsAffected()
}

// table recreates a working table; create is its whole statement. It returns
// how many rows the statement inserted.
func (p *planner) table(name, create string, args ...any) int64 {
	doing := "planning: table " + name
	p.exec(doing, p.x.texts.Inline("DROP TABLE IF EXISTS run."+name))
	n := p.exec(doing, create, args...)
	if p.err == nil {
		p.err = p.x.handOver(p.ctx, name)
	}
	return n
}

// created makes a table of the result of a query and returns how many rows it
// has.
func (p *planner) created(name, query string, args ...any) int64 {
	as := p.x.texts.Inline("CREATE UNLOGGED TABLE run." + name + " WITH (autovacuum_enabled = off) AS ")
	return p.table(name, as+query, args...)
}

func (p *planner) analyze(name string) {
	p.exec("planning: table "+name, p.x.texts.Inline("ANALYZE run."+name))
}

// resolve runs the rule over all staged rows.
func (p *planner) resolve() {
	p.created("plan", p.x.statement("resolve"), p.x.ruleArgs()...)
	p.table("retry", p.x.texts.Inline("CREATE UNLOGGED TABLE run.retry (LIKE run.staged) WITH (autovacuum_enabled = off)"))
}

// ruleArgs are the parameters of resolve.sql.
func (x *Session) ruleArgs() []any {
	args := append([]any{
		sql.OrNull(x.opt.Rules.Organization),
		x.opt.Rules.KeepExisting,
		x.opt.Rules.KeepTriggers,
	}, x.givenScope().Args()...)
	return append(args, x.mode())
}

// mode is what rows ask for besides links: see resolve.sql.
func (x *Session) mode() *string {
	switch {
	case x.opt.Rules.Unlink:
		return sql.OrNull("unlink")
	case x.opt.Rules.ClearDeleted:
		return sql.OrNull("clear_deleted")
	}
	return nil
}

// secondLook tries the other forms of Salesforce ids that were not found. The
// rule that knows them is linker.Alternatives, so the missed ids come out and
// their other forms go in, both in one stream each.
func (p *planner) secondLook() {
	p.table("alternate_ids", p.x.statement("alternate_ids"))
	if p.count(linker.EntityNotFound) == 0 || p.err != nil || p.x.texts.Platform.Kind(platform.ExternalID) > platform.Citext {
		return
	}
	in, err := p.x.store.Connect(p.ctx, fmt.Sprintf("run %d second look", p.x.opt.Run))
	if err != nil {
		p.err = err
		return
	}
	defer pg.Close(in)
	missed, err := p.x.work.Query(p.ctx, p.x.statement("missed"))
	if err != nil {
		p.err = fmt.Errorf("reading the ids that were not found: %w", err)
		return
	}
	defer missed.Close()
	n, err := postgres.CopyAlternatives(p.ctx, in, fmt.Sprintf("run_%d_alternate_ids", p.x.opt.Run), missed)
	if err != nil {
		p.err = err
		return
	}
	if n == 0 {
		return
	}
	p.analyze("alternate_ids")
	p.retry("retry_alternates")
}

// survivors lets the survivor of a merge take the merged row's place.
func (p *planner) survivors() {
	if p.count("entity_merged") > 0 {
		p.retry("retry_survivors", sql.OrNull(p.x.opt.Rules.Organization))
	}
}

// retry fills the table of requests that are asked a second time, runs the
// same rule over it and puts its answers in the place of the first ones.
func (p *planner) retry(fill string, args ...any) {
	const doing = "planning: resolving rows a second time"
	p.exec(doing, p.x.texts.Inline("TRUNCATE run.retry"))
	if p.do(doing, fill, args...) == 0 {
		return
	}
	p.analyze("retry")
	p.analyzePlan()
	p.sums = nil
	p.exec(doing, p.x.texts.Inline("DELETE FROM run.plan AS p USING run.retry AS a WHERE a.row_no = p.row_no"))
	rule := p.x.texts.Of("resolve", "run.staged", "run.retry")
	p.exec(doing, p.x.texts.Inline("INSERT INTO run.plan ")+rule, p.x.ruleArgs()...)
	// By the statistics from before nearly all rows were rejected: with them
	// the search for repeated recordings became a loop over all of them, for
	// each of them.
	p.analyze("plan")
}

// applied makes a table of what a run did.
func (p *planner) applied(name string, run int64) {
	p.marked(run)
	p.created(name, p.x.statement("applied"))
	p.analyze(name)
}

// marked makes a table of the marks of a run, and returns how many there are.
func (p *planner) marked(run int64) int64 {
	n := p.created("marked", p.x.statement("marked"), run)
	p.analyze("marked")
	return n
}

// checkMarks makes sure that the marks of a run are its own.
func (p *planner) checkMarks(run int64, written bool) {
	if p.err == nil {
		p.err = postgres.CheckMarks(p.ctx, p.x.work, run, written)
	}
}

// marks keeps what this run has already done, whatever has happened to it
// since.
func (p *planner) marks(first bool) {
	p.checkMarks(p.x.opt.Run, !first)
	if p.marked(p.x.opt.Run) == 0 || p.err != nil {
		return
	}
	p.applied("applied", p.x.opt.Run)
	p.change("planning: what rows expect", "expected_before", p.x.mode())
	p.change("planning: rows already applied", "final", p.x.opt.Rules.LastWins)
}

// conflicts decides recordings that several rows ask for.
func (p *planner) conflicts() {
	if p.x.opt.Rules.Unlink { // what is cleared twice is cleared once; rows do not differ
		p.change("planning: recordings with several rows", "repeated_unlinks")
		return
	}
	p.table("repeated", p.x.statement("repeated"))
	if p.exists("repeated") {
		p.analyze("repeated")
		p.change("planning: recordings with several rows", "conflicts", p.x.opt.Rules.LastWins)
	}
}

// exists reports whether a working table has any row.
func (p *planner) exists(name string) (some bool) {
	if p.err != nil {
		return false
	}
	query := p.x.texts.Inline("SELECT EXISTS (SELECT FROM run." + name + ")")
	if err := p.x.work.QueryRow(p.ctx, query).Scan(&some); err != nil {
		p.err = fmt.Errorf("looking into table %s: %w", name, err)
	}
	return some
}

// groups counts the links that the run concerns and what it changes of them.
func (p *planner) groups() (groups []guard.Group) {
	each := func(rows pgx.Rows) error {
		var g guard.Group
		err := rows.Scan(&g.Connection, &g.DataType, &g.Current, &g.Replaced, &g.Cleared)
		groups = append(groups, g)
		return err
	}
	const doing = "counting links by connection"
	switch {
	case p.x.opt.Rules.Scope != nil:
		args := append(p.x.scope.Args(), p.x.prunes(), sql.OrNull(p.x.opt.Rules.Organization))
		var reach []string
		if !p.x.opt.Rules.Scope.TakeOver { // else links outside the scope count, too
			reach = p.reach()
		}
		args = append(args, reach)
		p.query(doing, p.x.statement("groups_scope"), args, each)
	case p.x.opt.CountGroups:
		p.query(doing, p.x.statement("groups_mentioned"), []any{sql.OrNull(p.x.opt.Rules.Organization)}, each)
	}
	return groups
}

// query runs a query and hands each of its rows to each.
func (p *planner) query(doing, query string, args []any, each func(pgx.Rows) error) {
	if p.err != nil {
		return
	}
	rows, err := p.x.work.Query(p.ctx, query, args...)
	if err != nil {
		p.err = fmt.Errorf("%s: %w", doing, err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			p.err = fmt.Errorf("%s: %w", doing, err)
			return
		}
	}
	if err := rows.Err(); err != nil {
		p.err = fmt.Errorf("%s: %w", doing, err)
	}
}
