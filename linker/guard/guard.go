package guard

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"relink/linker"
	"relink/linker/text"
)

// Guard holds the limits that a plan must keep. It is judged once, before the
// first write, and is kept with the run so that a resumed run is judged by the
// same limits. The zero value lets every import pass.
type Guard struct {
	// MaxRejects is the error budget: rows rejected, percent of rows read.
	// Not given means no limit.
	MaxRejects Limit `json:"maxRejects,omitzero"`
	// MaxNewRejects limits the refused rows that the last run of the same scope
	// did not refuse too, percent of rows read. Not given means that rows are
	// not compared.
	MaxNewRejects Limit `json:"maxNewRejects,omitzero"`
	// MaxChanges limits links replaced + cleared, percent of the current
	// links, for each connection and for the whole. Not given means no limit
	// for an import and DefaultMaxChanges for a reconciliation.
	MaxChanges Limit `json:"maxChanges,omitzero"`
	// MinRows refuses a file with fewer rows.
	MinRows int64 `json:"minRows,omitempty"`
	// Force lets a plan pass MaxChanges when it changes exactly this many
	// links. nil forces nothing.
	Force *int64 `json:"force,omitempty"`
	// Reconcile means that the file is the desired state: the default limit
	// holds, and a file without a good row is refused.
	Reconcile bool `json:"reconcile,omitempty"`
}

// What a reconciliation may change when MaxChanges is not given.
const (
	// DefaultMaxChanges is in percent.
	DefaultMaxChanges = 20
	// Where there are fewer than SmallGroup links, SmallChanges pass: a fifth
	// of a handful would refuse every ordinary day of a small connection.
	SmallGroup   = 100
	SmallChanges = 10
)

// Judge returns nil when the plan may be carried out.
func (g Guard) Judge(p Plan) *Refusal {
	if rows := p.Rows - p.Strays; rows < g.MinRows {
		return &Refusal{
			Kind:    TooShort,
			Message: fmt.Sprintf("the file has %s, fewer than the %s that --min-rows asks for", text.Plural(rows, "row", "rows"), text.Thousands(g.MinRows)),
			Hint:    "check that the export is complete; lower --min-rows if it is",
		}
	}
	if r := g.judgeRejects(p); r != nil {
		return r
	}
	return g.judgeChanges(p)
}

func (g Guard) judgeRejects(p Plan) *Refusal {
	rejected := p.Outcomes[linker.Rejected]
	if g.MaxRejects.Exceeded(rejected, p.Rows) {
		return &Refusal{
			Kind: TooManyRejects,
			Message: fmt.Sprintf("%s of %s are rejected (%s), more than the %s that --max-rejects allows",
				text.Thousands(rejected), text.Plural(p.Rows, "row", "rows"), share(rejected, p.Rows), g.MaxRejects),
			Hint: "fix the rows in the rejects file, or raise --max-rejects",
		}
	}
	if g.Reconcile && p.Rows == 0 {
		return &Refusal{
			Kind:    NoGoodRow,
			Message: "the file has no row: it cannot be what the links should be",
			Hint:    "check that the export is complete",
		}
	}
	if g.Reconcile && rejected >= p.Rows {
		return &Refusal{
			Kind:    NoGoodRow,
			Message: fmt.Sprintf("none of %s is good: the file cannot be what the links should be", text.Plural(p.Rows, "row", "rows")),
			Hint:    "look at the reasons in the report; often one column or one connection id is wrong",
		}
	}
	return nil
}

// JudgeNewRejects judges MaxNewRejects: of rows read, refused would not go
// through, known of which the last run of the same scope refused too.
func (g Guard) JudgeNewRejects(refused, known, rows int64) *Refusal {
	unknown := refused - known
	if !g.MaxNewRejects.Exceeded(unknown, rows) {
		return nil
	}
	return &Refusal{
		Kind: TooManyNew,
		Message: fmt.Sprintf("%s of %s are rejected and were not in the last run (%s known, %s new), more than the %s that --max-new-rejects allows",
			text.Thousands(unknown), text.Plural(rows, "row", "rows"), text.Thousands(known), text.Thousands(unknown), g.MaxNewRejects),
		Hint: "fix the new rows in the rejects file, or raise --max-new-rejects",
	}
}

// part is what MaxChanges is held against: one connection, or the whole.
type part struct {
	name             string
	changes, current int64
}

func (g Guard) judgeChanges(p Plan) *Refusal {
	whole := part{name: "all connections"}
	connections := map[string]part{}
	for _, group := range p.Groups {
		c := connections[group.Connection]
		c.name = fmt.Sprintf("connection %q", group.Connection)
		c.add(group)
		connections[group.Connection] = c
		whole.add(group)
	}
	if g.Force != nil && *g.Force == whole.changes {
		return nil
	}
	parts := append([]part{whole}, slices.SortedFunc(maps.Values(connections), func(a, b part) int {
		return cmp.Or(cmp.Compare(b.changes, a.changes), cmp.Compare(a.name, b.name))
	})...)
	over := slices.DeleteFunc(parts, func(p part) bool { return !g.tooMany(p) })
	if len(over) == 0 {
		return nil
	}
	return g.refuseChanges(p, over, whole.changes)
}

func (p *part) add(g Group) {
	p.changes += g.Replaced + g.Cleared
	p.current += g.Current
}

func (g Guard) tooMany(p part) bool {
	if !g.MaxChanges.IsZero() {
		return g.MaxChanges.Exceeded(p.changes, p.current)
	}
	if !g.Reconcile || p.current < SmallGroup && p.changes <= SmallChanges {
		return false
	}
	return Percent(DefaultMaxChanges).Exceeded(p.changes, p.current)
}

// refuseChanges names the first part that is over, and how many more there are.
func (g Guard) refuseChanges(p Plan, over []part, changes int64) *Refusal {
	limit := g.MaxChanges
	if limit.IsZero() {
		limit = Percent(DefaultMaxChanges)
	}
	first := over[0]
	message := fmt.Sprintf("the plan replaces or clears %s of %s of %s (%s), more than the %s that --max-changes allows",
		text.Thousands(first.changes), text.Plural(first.current, "current link", "current links"), first.name, share(first.changes, first.current), limit)
	if len(over) > 1 {
		message += "; so does " + over[1].name
	}
	if more := len(over) - 2; more > 0 {
		message += fmt.Sprintf(", and so do %s more", text.Thousands(int64(more)))
	}
	message += byPerson(p.Triggers)
	if g.Force != nil {
		message += fmt.Sprintf("; --force %d does not allow it, since the plan changes %d", *g.Force, changes)
	}
	return &Refusal{
		Kind:    TooManyChanges,
		Message: message,
		Hint:    fmt.Sprintf("read the plan's report, and if it is what you want, repeat the command with --force %d", changes),
		Groups:  largest(p.Groups),
	}
}

// byPerson describes how many of the links were made by a person and how to
// exclude them, "" when none was.
func byPerson(counts []linker.TriggerCount) string {
	var n int64
	var triggers []string
	for _, c := range counts {
		if c.ByPerson && c.Links() > 0 {
			n += c.Links()
			triggers = append(triggers, c.Trigger)
		}
	}
	if n == 0 {
		return ""
	}
	were, them := "were", "them"
	if n == 1 {
		were, them = "was", "it"
	}
	return fmt.Sprintf("; %s of these links %s made by a person; --keep-trigger %s leaves %s", text.Thousands(n), were, strings.Join(triggers, ","), them)
}

// largest returns the groups with most changes, without those that have none.
func largest(groups []Group) []Group {
	groups = slices.DeleteFunc(slices.Clone(groups), func(g Group) bool { return g.Replaced+g.Cleared == 0 })
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(
			cmp.Compare(b.Replaced+b.Cleared, a.Replaced+a.Cleared),
			cmp.Compare(a.Connection, b.Connection),
			cmp.Compare(a.DataType, b.DataType),
		)
	})
	return groups[:min(len(groups), RefusalGroups)]
}

// share formats n of total in percent. Two decimals distinguish what a limit in
// whole percents does.
func share(n, total int64) string {
	if total == 0 {
		return "all of them new here"
	}
	return strconv.FormatFloat(100*float64(n)/float64(total), 'f', 2, 64) + "%"
}
