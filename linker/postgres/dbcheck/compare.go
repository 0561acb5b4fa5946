package dbcheck

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/platform"
)

// onlyCurrent is the predicate of the indexes of current links, as PostgreSQL
// writes it.
const onlyCurrent = "(cleared_at IS NULL)"

// qualified is a table of the platform as SQL writes it.
func (c *contract) qualified(table string) string { return c.server.Schema + "." + table }

func (c *contract) checkTable(t table) {
	r, there := c.relation(c.schema, t.name)
	if !there {
		c.add(Finding{
			Object:  t.name,
			Problem: "is missing in schema " + c.server.Schema,
			Label:   Safe,
			Command: CommandAdapt,
			Stops:   true,
		})
		return
	}
	if !r.IsTable && !t.mayBeView && !(r.Writable || c.platform.Deletes() && r.Deletable) {
		c.add(Finding{Object: t.name, Label: Safe, Command: CommandAdapt, Stops: true, Problem: "is a view that cannot be written to; " +
			"relink needs a table, or a view of one table's columns under other names"})
		return
	}
	for _, col := range t.columns {
		c.checkColumn(t, r, col)
	}
	c.checkGrants(t, r)
	if r.RowSecurity {
		c.add(Finding{
			Object:  t.name,
			Problem: fmt.Sprintf("row security hides rows from role %s, and what is hidden is reported as not found", c.server.Role),
			Label:   Touches,
			Ask:     fmt.Sprintf("give role %s BYPASSRLS, or a policy that shows it every row of %s", c.server.Role, c.qualified(t.name)),
			Warning: true,
			Stops:   true,
		})
	}
	if !r.IsTable {
		return // checkRows looks at what a table's keys promise
	}
	if !r.Permanent {
		c.add(Finding{
			Object:  t.name,
			Problem: "is unlogged, so that a crash of the server empties it",
			Label:   Rewrites,
			Ask:     fmt.Sprintf("make %s a logged table, which writes it anew under a lock", c.qualified(t.name)),
			Warning: true,
		})
	}
	c.checkKeys(t, r)
	if !t.mayBeView {
		c.checkWritable(t, r)
	}
}

func (c *contract) checkColumn(t table, r relation, want column) {
	object := t.name + "." + want.name
	have, there := c.column(r, want.name)
	adapted := c.platform.Name != ""
	if adapted && !(there && isID(want)) && (there || !c.platform.Profile.Needs(object)) {
		return // the profile defines what it means
	}
	if !there {
		c.add(Finding{Object: object, Problem: "is missing", Label: Safe, Command: CommandAdapt, Stops: true})
		return
	}
	switch {
	case want.words && have.Words != nil:
		for _, w := range linker.DataTypes {
			if !slices.Contains(have.Words, w) {
				c.add(Finding{
					Object: object, Label: Safe, Command: CommandAdapt, Warning: true,
					Problem: fmt.Sprintf("type %s lacks %s: nothing of that type can be linked, unless the platform has another word for it", have.Type, w),
				})
			}
		}
	case isID(want) && !isIDType(have.Type):
		// The platform's ids keep the type they have: there is no statement.
		c.add(Finding{Object: object, Label: Rewrites, Stops: true, Problem: fmt.Sprintf(
			"is %s; relink knows ids that are text, varchar, citext, uuid, bigint or integer", have.Type)})
	case isID(want):
		if of, known := c.columnOf(want.refersTo, "id"); known && family(of.Type) != family(have.Type) {
			c.add(Finding{Object: object, Label: Rewrites, Stops: true, Problem: fmt.Sprintf(
				"is %s, and %s.id, to which it refers, is %s: they must be of one type", have.Type, want.refersTo, of.Type)})
		}
	case !slices.Contains(want.types, have.Type):
		c.add(Finding{Object: object, Problem: fmt.Sprintf("is %s, not %s", have.Type, want.types[0]), Label: Safe, Command: CommandAdapt})
	}
	if r.IsTable && want.required && !have.NotNull {
		c.add(Finding{
			Object: object, Problem: "may be NULL: rows in which it is are never linked", Label: Rewrites, Warning: true,
			Ask: fmt.Sprintf("where no row lacks it, make %s.%s NOT NULL, which reads the table under a lock", c.qualified(t.name), want.name),
		})
	}
}

func isID(c column) bool { return slices.Equal(c.types, idTypes) }

func isIDType(name string) bool { return slices.Contains(idTypes, name) || family(name) == "citext" }

// family is what a type can be compared with by an index: the two kinds of text
// with one another, and the two of numbers.
func family(name string) string {
	switch {
	case slices.Contains(textTypes, name):
		return "text"
	case name == "integer":
		return "bigint"
	case name == "citext" || strings.HasSuffix(name, ".citext"):
		return "citext"
	}
	return name
}

// columnOf returns a column of one of the platform's tables.
func (c *contract) columnOf(table, name string) (columnFacts, bool) {
	r, there := c.relation(c.schema, table)
	if !there {
		return columnFacts{}, false
	}
	return c.column(r, name)
}

// checkGrants asks for each privilege once a table, with the columns that lack
// it: a role may well have only what relink needs.
func (c *contract) checkGrants(t table, r relation) {
	for _, p := range []struct {
		privilege string
		wanted    func(column) bool
		has       func(columnFacts) bool
		purpose   string
	}{
		{"SELECT", func(column) bool { return true }, func(f columnFacts) bool { return f.MaySelect }, "to read it"},
		{"INSERT", func(w column) bool { return w.insert }, func(f columnFacts) bool { return f.MayInsert }, "to make links"},
		{"UPDATE", func(w column) bool { return w.update && !c.platform.Deletes() }, func(f columnFacts) bool { return f.MayUpdate }, "to clear links"},
	} {
		var wanted, lacking []string
		for _, want := range c.withFlag(t) {
			have, there := c.column(r, want.name)
			if !there || !p.wanted(want) || p.privilege != "SELECT" && !have.Writable {
				continue
			}
			wanted = append(wanted, want.name)
			if !p.has(have) {
				lacking = append(lacking, want.name)
			}
		}
		switch {
		case len(lacking) == 0:
		case len(lacking) == len(wanted):
			c.grant(p.privilege, c.qualified(t.name), t.name, p.purpose)
		default:
			names := strings.Join(lacking, ", ")
			c.grant(fmt.Sprintf("%s (%s)", p.privilege, names), c.qualified(t.name), t.name, p.purpose)
		}
	}
	for _, want := range t.columns {
		if have, there := c.column(r, want.name); there && have.ClosedSchema != nil {
			c.grant("USAGE", "SCHEMA "+*have.ClosedSchema, t.name+"."+want.name, "to name the column's type")
		}
	}
	if t.name == "recording_links" && c.platform.Deletes() && !r.MayDelete {
		c.grant("DELETE", c.qualified(t.name), t.name, "to clear links")
	}
}

// withFlag returns the columns of a table, with the one that marks a link as
// current where the profile names one.
func (c *contract) withFlag(t table) []column {
	flag := c.platform.Flag()
	if flag == "" || t.name != platform.Links {
		return t.columns
	}
	return append(slices.Clone(t.columns), column{name: flag, insert: true, update: true})
}

// checkOneCurrent asks for the unique index where the links are a view: whether the
// table beneath has it, the server knows when it plans an insert.
func (c *contract) checkOneCurrent(ctx context.Context, conn *pgx.Conn) error {
	const name = "recording_links"
	r, there := c.relation(c.schema, name)
	if !there || c.mustHaveIndex(r) || !r.Writable && !c.platform.Deletes() {
		return nil
	}
	keeps, err := c.platform.KeepsOneCurrent(ctx, conn)
	if err != nil || keeps {
		return err
	}
	table := "the table"
	if !r.IsTable {
		table = "the table beneath"
	}
	c.add(Finding{
		Object: name, Label: Safe, Warning: true,
		Problem: table + " has no unique index on the recording among current links, which keeps a recording from having two; " + withoutIndex,
		Ask:     "make it CONCURRENTLY on the column that is shown as recording_id, for the rows that are current links; a partitioned table can have it where recording_id is its partition key",
	})
	return nil
}

// mustHaveIndex reports whether links are a table that can have a unique index
// on current links and is not described by a profile: checkKeys asks for it.
func (c *contract) mustHaveIndex(r relation) bool {
	return r.IsTable && !r.IsPartitioned && c.platform.Name == ""
}

// withoutIndex describes what keeps one current link per recording where no
// index does.
const withoutIndex = "without it relink locks the recordings of each batch, in order: that keeps its own runs and its HTTP operation apart, " +
	"and the application where it locks the recording's row before it changes links; where it does not, two links made at the same moment both stay"

// checkKeys looks at what a table itself keeps: unique keys, foreign keys,
// indexes.
func (c *contract) checkKeys(t table, r relation) {
	for _, key := range t.keys {
		if c.keeps(r, key) {
			continue
		}
		names := strings.Join(key, ", ")
		c.add(Finding{
			Object:  t.name,
			Problem: fmt.Sprintf("(%s) has no unique key, by which relink finds a row and of which there must be one", names),
			Label:   Safe,
			Warning: true, // checkRows looks for values that are there twice
			Ask:     fmt.Sprintf("make a unique index CONCURRENTLY on %s (%s)", c.qualified(t.name), names),
		})
	}
	for _, want := range t.indexes {
		if c.platform.Name != "" || want.unique && !c.mustHaveIndex(r) || c.hasIndex(r, want.matches) {
			continue // for an adapted platform, ask the server: see checkOneCurrent
		}
		kind := "index"
		if want.unique {
			kind = "unique index"
		}
		on := want.key
		if want.partial {
			on += " where cleared_at is null"
		}
		ask := fmt.Sprintf("make one CONCURRENTLY: %s", fmt.Sprintf(want.form, c.qualified(t.name)))
		for _, i := range c.indexes {
			if i.Relation == r.OID && want.matches(i) { // so it is not valid
				ask = fmt.Sprintf("drop index %s, whose making failed, and %s", i.Name, ask)
			}
		}
		c.add(Finding{
			Object:  t.name,
			Problem: fmt.Sprintf("has no valid %s on %s, %s", kind, on, want.purpose),
			Label:   Safe,
			Ask:     ask,
			Warning: !want.unique,
			Stops:   want.unique,
		})
	}
	for _, ref := range t.references {
		c.checkReference(t, r, ref)
	}
}

func (c *contract) hasIndex(r relation, matches func(indexFacts) bool) bool {
	return slices.ContainsFunc(c.indexes, func(i indexFacts) bool {
		return i.Relation == r.OID && i.IsValid && matches(i)
	})
}

// matches reports whether an index serves the purpose of this one.
func (want index) matches(have indexFacts) bool {
	if len(have.Keys) == 0 || have.Keys[0] != want.key {
		return false
	}
	if want.unique {
		return have.IsUnique && len(have.Keys) == 1 && have.Predicate == onlyCurrent
	}
	return have.Predicate == "" ||
		want.partial && have.Predicate == onlyCurrent ||
		have.Predicate == "("+want.key+" IS NOT NULL)"
}

// checkReference asks for a foreign key where the other side is a table, too.
// Without one, relink makes sure by itself that a CRM row exists, but nothing
// keeps it from being deleted a moment later.
func (c *contract) checkReference(t table, r relation, ref reference) {
	target, there := c.relation(c.schema, ref.table)
	if !there || !target.IsTable {
		return
	}
	object := t.name + "." + ref.column
	for _, k := range c.foreignKeys {
		if k.Relation != r.OID || k.RefersTo != target.OID || !slices.Equal(k.Columns, []string{ref.column}) {
			continue
		}
		if !k.IsValid {
			c.add(Finding{
				Object:  object,
				Problem: "its foreign key was never validated",
				Label:   Touches,
				Ask:     fmt.Sprintf("validate constraint %s of %s, which reads the table and locks nothing that writers need", k.Name, c.qualified(t.name)),
				Warning: true,
			})
		}
		return
	}
	c.add(Finding{
		Object:  object,
		Problem: "has no foreign key to " + ref.table + ": nothing keeps a row from being deleted while it is referred to",
		Label:   Touches,
		Ask:     fmt.Sprintf("add one to %s, NOT VALID first and validated after, if the application allows", c.qualified(t.name)),
		Warning: true,
	})
}

// checkWritable looks for what would refuse the rows that relink inserts: a
// column that needs a value and gets none.
func (c *contract) checkWritable(t table, r relation) {
	for _, have := range c.columns {
		if have.Relation != r.OID {
			continue
		}
		object := t.name + "." + have.Name
		if have.ClosedSequence != nil {
			c.grant("USAGE", "SEQUENCE "+*have.ClosedSequence, object, "to number new links")
		}
		if have.Name == c.platform.Flag() {
			continue
		}
		at := slices.IndexFunc(t.columns, func(w column) bool { return w.name == have.Name })
		switch {
		case at >= 0 && t.columns[at].required:
			if !t.columns[at].insert && !have.FillsItself {
				c.add(Finding{
					Object:  object,
					Problem: "has no default that numbers new rows",
					Label:   Safe,
					Command: CommandAdapt,
					Stops:   true,
					Ask:     fmt.Sprintf("or give %s.%s a default", c.qualified(t.name), have.Name),
				})
			}
		case have.NotNull && !(at < 0 && have.FillsItself):
			c.add(Finding{
				Object:  object,
				Problem: "may not be NULL, and relink gives it no value in every row",
				Label:   Safe,
				Command: CommandAdapt,
				Stops:   true,
				Ask:     fmt.Sprintf("or give %s.%s a default", c.qualified(t.name), pgx.Identifier{have.Name}.Sanitize()),
			})
		}
	}
}

// checkSameWords compares the types of the two data_type columns: relink
// copies one into the other.
func (c *contract) checkSameWords() {
	var types []columnFacts
	for _, name := range []string{"crm_entities", "recording_links"} {
		if r, ok := c.relation(c.schema, name); ok {
			if f, ok := c.column(r, "data_type"); ok {
				types = append(types, f)
			}
		}
	}
	if len(types) < 2 || types[0].Type == types[1].Type || c.platform.Name != "" {
		return
	}
	if slices.Contains(textTypes, types[0].Type) && slices.Contains(textTypes, types[1].Type) {
		return
	}
	c.add(Finding{
		Object:  "recording_links.data_type",
		Problem: fmt.Sprintf("is %s, and crm_entities.data_type is %s: they must be of one type", types[1].Type, types[0].Type),
		Label:   Safe,
		Command: CommandAdapt,
	})
}
