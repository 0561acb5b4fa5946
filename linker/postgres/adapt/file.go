package adapt

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/platform"
)

//go:embed sql/file.sql.tmpl
var fileText string

var file = template.Must(template.New("file").Funcs(template.FuncMap{"literal": literal, "comment": comment}).Parse(fileText))

// SQL is the file: one transaction that psql can run, too. It makes the schema and
// the four views, writes the profile and grants privileges.
func (p *Plan) SQL() (string, error) {
	profile, err := p.profile()
	if err != nil {
		return "", err
	}
	links := p.part(platform.Links)
	data := map[string]any{
		"Name": p.options.Name, "Schema": p.options.Schema, "Into": quoted(p.options.Schema), "Role": quoted(p.options.Role), "HasRole": p.options.Role != "",
		"Views": p.views(), "Todo": p.todos(), "Profile": profile,
		"Defaults": p.defaults(), "Insert": strings.Join(p.insertColumns(), ", "), "Update": strings.Join(p.updateColumns(), ", "),
		"Deletes": p.current == "row", "Sequences": links.sequences(), "Schemas": p.typeSchemas(), "Notes": p.Notes(),
	}
	var b bytes.Buffer
	if err := file.Execute(&b, data); err != nil {
		return "", fmt.Errorf("writing the file: %w", err)
	}
	return sealed(b.String()), nil
}

// seal is the first line of a file as SQL wrote it: what is below has this digest.
const seal = "-- relink db adapt "

func sealed(text string) string {
	digest := sha256.Sum256([]byte(text))
	return seal + hex.EncodeToString(digest[:8]) + "\n" + text
}

// Untouched tells whether a file is as SQL wrote it. One that somebody has edited
// must not be written over.
func Untouched(text string) bool {
	_, below, _ := strings.Cut(text, "\n")
	return text == sealed(below)
}

// Unsettled is what must be settled before the file can be applied, a sentence each.
func (p *Plan) Unsettled() []string {
	var lines []string
	for _, t := range p.todo {
		lines = append(lines, t.what+": "+t.hint)
	}
	return lines
}

// todos are statements that refuse what is not settled, a line each.
func (p *Plan) todos() []string {
	var lines []string
	for _, t := range p.todo {
		lines = append(lines, fmt.Sprintf("DO %s; -- TODO: settle this, then delete the line",
			literal(fmt.Sprintf("BEGIN RAISE EXCEPTION USING MESSAGE = %s, HINT = %s; END", literal(t.what), literal(t.hint)))))
	}
	return lines
}

// view is one of the four, ready to be written.
type view struct {
	Name    string
	Columns []string
	From    string
	Joins   []string
}

func (p *Plan) views() []view {
	var views []view
	for _, x := range p.parts {
		v := view{Name: x.role, From: x.table.Quoted + " AS t"}
		joins := map[*column]string{}
		for _, f := range x.columns {
			expression := p.expression(x, f, joins, &v)
			if expression == "" {
				continue
			}
			v.Columns = append(v.Columns, expression)
		}
		if x.role == platform.Links {
			if p.flag != nil {
				v.Columns = append(v.Columns, "t."+p.flag.Quoted)
			}
			for _, e := range p.extra {
				if f := x.column("id"); f.column != e.column { // which the view shows as id
					v.Columns = append(v.Columns, "t."+e.column.Quoted)
				}
			}
		}
		views = append(views, v)
	}
	return views
}

// expression is a column of a view, "" for one that is left out.
func (p *Plan) expression(x part, f found, joins map[*column]string, v *view) string {
	as := func(expression string) string { return expression + " AS " + f.name }
	switch {
	case f.column == nil && x.role == platform.Links && f.name == "data_type":
		return "" // a link has the type of its CRM row
	case f.column == nil:
		return as(cmp.Or(f.constant, "NULL::text"))
	case f.through != nil:
		alias := joins[f.through]
		if alias == "" {
			alias = fmt.Sprintf("j%d", len(joins)+1)
			joins[f.through] = alias
			v.Joins = append(v.Joins, fmt.Sprintf("LEFT JOIN %s AS %s ON %s.%s = t.%s",
				f.through.refersTo.Quoted, alias, alias, f.through.referred.Quoted, f.through.Quoted))
		}
		return as(alias + "." + f.column.Quoted)
	case isBool(f.column.Type) && f.name == "deleted_at":
		return as("CASE WHEN t." + f.column.Quoted + " THEN 'epoch'::timestamptz END")
	case p.onlyRead(x, f):
		return as("coalesce(t." + f.column.Quoted + ", NULL)")
	case f.column.Name == f.name:
		return "t." + f.column.Quoted
	}
	return as("t." + f.column.Quoted)
}

// onlyRead tells whether a column is shown as an expression, so that relink does not
// write it: the platform lets it not be NULL, as triggers are in relink.
func (p *Plan) onlyRead(x part, f found) bool {
	return x.role == platform.Links && (f.name == "trigger" || f.name == "cleared_trigger") && f.column.NotNull
}

// insertColumns and updateColumns are those of the view of links that relink writes.
func (p *Plan) insertColumns() []string {
	x := p.part(platform.Links)
	var names []string
	for _, name := range []string{"recording_id", "data_type", "entity_id", "trigger", "linked_at"} {
		if f := x.column(name); f.column != nil && !p.onlyRead(*x, *f) {
			names = append(names, name)
		}
	}
	if p.flag != nil {
		names = append(names, p.flag.Quoted)
	}
	return names
}

func (p *Plan) updateColumns() []string {
	x := p.part(platform.Links)
	var names []string
	for _, name := range []string{"cleared_at", "cleared_trigger"} {
		if f := x.column(name); f.column != nil && !p.onlyRead(*x, *f) {
			names = append(names, name)
		}
	}
	if p.flag != nil {
		names = append(names, p.flag.Quoted)
	}
	return names
}

// defaults are the columns of the view of links that get a value of the view's own.
func (p *Plan) defaults() []string {
	x := p.part(platform.Links)
	var lines []string
	for _, e := range p.extra {
		name := e.column.Quoted
		if x.column("id").column == e.column {
			name = "id"
		}
		line := fmt.Sprintf("ALTER VIEW %s.recording_links ALTER COLUMN %s SET DEFAULT %s;", quoted(p.options.Schema), name, cmp.Or(e.value, "NULL"))
		lines = append(lines, line)
	}
	return lines
}

// sequences are those that the columns of a table take their values from.
func (x *part) sequences() []string {
	var names []string
	for _, c := range x.table.columns {
		if c.Sequence != "" && c.FillsItself {
			names = append(names, c.Sequence)
		}
	}
	return names
}

// typeSchemas are those of the types that statements name, and so need the right to
// look into.
func (p *Plan) typeSchemas() []string {
	var names []string
	for _, x := range p.parts {
		for _, f := range x.columns {
			if f.column != nil && f.column.TypeSchema != "" {
				names = append(names, f.column.TypeSchema)
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// profile is what relink.platforms says of the platform.
func (p *Plan) profile() (string, error) {
	var profile struct {
		DataTypes map[string]string `json:"dataTypes,omitempty"`
		Triggers  map[string]string `json:"triggers,omitempty"`
		Writes    map[string]string `json:"writes,omitempty"`
		Current   string            `json:"current,omitempty"`
	}
	var writes map[string]string
	profile.DataTypes, profile.Writes = mapping(p.dataTypes)
	profile.Triggers, writes = mapping(p.triggers)
	for own, word := range writes {
		profile.Writes[own] = word
	}
	profile.Current = p.current
	text, err := json.MarshalIndent(profile, "    ", "    ")
	if err != nil {
		return "", fmt.Errorf("writing the profile: %w", err)
	}
	return string(text), nil
}

// Notes say what the platform lacks and what its owners should know, a sentence
// each.
func (p *Plan) Notes() []string {
	var notes []string
	links := p.part(platform.Links)
	if !p.unique {
		where := ""
		switch {
		case p.flag != nil:
			where = " where " + strings.TrimPrefix(p.current, "flag:")
		case p.current != "row":
			where = " where " + links.column("cleared_at").column.Name + " is null"
		}
		recording := links.column("recording_id").column
		if recording != nil {
			notes = append(notes, fmt.Sprintf("%s has no unique index on (%s)%s, which keeps a recording from having two current links: "+
				"its administrators should make one CONCURRENTLY", links.table.Quoted, recording.Name, where))
		}
	}
	if p.current == "row" {
		notes = append(notes, fmt.Sprintf("a link of %s is current while its row is there: clearing deletes it, and relink.marks keeps what a revert needs", links.table.Quoted))
	}
	if len(links.table.Triggers) > 0 {
		notes = append(notes, fmt.Sprintf("%s has triggers, which run with the rights of relink's role and may need privileges of their own: %s",
			links.table.Quoted, strings.Join(links.table.Triggers, ", ")))
	}
	if x := links.column("data_type"); x.column == nil {
		notes = append(notes, "a link has the type of its CRM row: "+links.table.Quoted+" has no column for it")
	}
	for _, w := range p.dataTypes {
		if w.leftAs {
			notes = append(notes, fmt.Sprintf("CRM rows of the type %q are never linked", w.text))
		}
	}
	for _, x := range p.parts {
		var lacks []string
		for _, f := range x.columns {
			if f.column == nil && f.missing == "" && (x.role != platform.Links || f.name != "data_type") {
				lacks = append(lacks, f.name)
			}
		}
		if len(lacks) > 0 {
			notes = append(notes, fmt.Sprintf("%s has nothing for %s: the view has constants", x.table.Quoted, strings.Join(lacks, ", ")))
		}
	}
	return notes
}

func quoted(name string) string {
	plain := name != "" && !slices.ContainsFunc([]rune(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_'
	})
	if plain && (name[0] < '0' || name[0] > '9') && !reserved[name] {
		return name
	}
	return pgx.Identifier{name}.Sanitize()
}

// reserved are the words of SQL that a schema or role is likeliest to be called by.
var reserved = map[string]bool{"user": true, "order": true, "group": true, "table": true, "default": true, "all": true, "analyse": true, "public": false}

// literal is text as SQL writes it.
func literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// comment is text that stays on the line of a comment.
func comment(text string) string {
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
}
