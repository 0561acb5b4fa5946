package adapt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"relink/linker"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
	"relink/linker/text"
)

// Options are what the caller knows about the platform.
type Options struct {
	// Tables gives the platform's table for one of relink's, as recordings: app.calls.
	Tables map[string]string
	// Columns gives the platform's column for one of relink's, as recordings.id:
	// call_id; "-" for none, "owner_id.org_id" for org_id of the table that the
	// foreign key owner_id leads to.
	Columns map[string]string
	// Words gives relink's word for one of the platform's, "-" for none.
	Words map[string]string
	// Name is what the platform is called, "" for the schema of its recordings, Schema
	// where its views go, "" for relink_NAME, and Role the role that relink works as,
	// "" for no privileges to grant.
	Name, Schema, Role string
}

// InputError says that what the caller knows about the platform cannot be.
type InputError struct{ text, hint string }

func (e *InputError) Error() string { return e.text }

// Hint is what to do about it.
func (e *InputError) Hint() string { return e.hint }

// statementTimeout bounds each look into the database.
const statementTimeout = 10 * time.Second

// Plan is what was found, and what will stand in the file.
type Plan struct {
	options   Options
	parts     []part
	current   string // as the profile says it
	whyNow    string
	flag      *column
	unique    bool // whether an index keeps one current link
	dataTypes []word
	triggers  []word
	extra     []extra
	todo      []todo
}

// part is one of the four views.
type part struct {
	role string
	choice
	columns []found
}

func (p *part) column(name string) *found {
	at := slices.IndexFunc(p.columns, func(f found) bool { return f.name == name })
	if at < 0 {
		return nil
	}
	return &p.columns[at]
}

// extra is a column of the links that relink does not know and that needs a value.
type extra struct {
	column *column
	value  string // as SQL writes it, "" for unknown
}

// todo is what somebody must settle before the file can be applied.
type todo struct{ what, hint string }

// Look finds the platform's tables in the catalog. It writes nothing and reads rows
// only for words, a bounded number. It returns an *InputError when the options name
// what is not there, and an error when the tables cannot be found.
func Look(ctx context.Context, conn *pgx.Conn, o Options) (*Plan, error) {
	p := &Plan{options: o}
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", statementTimeout.Milliseconds())); err != nil {
			return err
		}
		c, err := readCatalog(ctx, tx, o.Schema)
		if err != nil {
			return err
		}
		given, err := c.given(o.Tables)
		if err != nil {
			return err
		}
		choices := c.choose(given)
		if len(choices) < len(roles) {
			return &InputError{
				fmt.Sprintf("the database has %d tables that this role can see, too few for the four that relink needs", len(c.tables)),
				"is it the right database? relink help database describes the four",
			}
		}
		p.name(choices[platform.Recordings].table)
		if err := p.checkSchema(ctx, tx); err != nil {
			return err
		}
		if err := p.checkRole(ctx, tx); err != nil {
			return err
		}
		if err := p.findColumns(choices); err != nil {
			return err
		}
		return p.findWords(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	p.findWhatIsMissing()
	return p, nil
}

// name fills in what the platform is called, and where its views go.
func (p *Plan) name(recordings *table) {
	name := recordings.Schema
	if name == pg.DefaultSchema {
		name = "platform"
	}
	p.options.Name = cmp.Or(p.options.Name, name)
	p.options.Schema = cmp.Or(p.options.Schema, "relink_"+p.options.Name)
}

// Schema is where the views go.
func (p *Plan) Schema() string { return p.options.Schema }

func (p *Plan) checkRole(ctx context.Context, tx pgx.Tx) error {
	if p.options.Role == "" {
		return nil
	}
	var there bool
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", p.options.Role).Scan(&there)
	if err == nil && !there {
		return &InputError{fmt.Sprintf("--role: there is no role %q", p.options.Role), "make it first: CREATE ROLE … LOGIN"}
	}
	return err
}

// checkSchema makes sure that the schema of the views is ours or empty.
func (p *Plan) checkSchema(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `
		SELECT c.relname::text || CASE WHEN c.relkind = 'v' THEN '' ELSE ' (no view)' END
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
		ORDER BY c.relname COLLATE "C"`, p.options.Schema)
	if err != nil {
		return err
	}
	there, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("looking into schema %s: %w", p.options.Schema, err)
	}
	for _, name := range there {
		if !slices.ContainsFunc(roles, func(r role) bool { return r.name == name }) {
			return &InputError{
				fmt.Sprintf("schema %q holds %s already", p.options.Schema, text.OneOf(there)),
				"give --into-schema the name of a schema that is not there yet",
			}
		}
	}
	return nil
}

// given finds the tables that the caller names.
func (c *catalog) given(names map[string]string) (map[string]*table, error) {
	given := map[string]*table{}
	for _, role := range slices.Sorted(maps.Keys(names)) {
		found := c.named(names[role])
		switch {
		case len(found) == 0:
			return nil, &InputError{
				fmt.Sprintf("--table %s=%s: there is no such table that this role can see", role, names[role]),
				"write the schema before it, as in --table " + role + "=app.calls",
			}
		case len(found) > 1:
			return nil, &InputError{
				fmt.Sprintf("--table %s=%s: there are several, in %s and %s", role, names[role], found[0].Schema, found[1].Schema),
				"write the schema before it, as in --table " + role + "=" + found[0].Schema + "." + found[0].Name,
			}
		}
		for other, t := range given {
			if t == found[0] {
				return nil, &InputError{fmt.Sprintf("--table: %s is given for %s and for %s", names[role], other, role), "one table plays one part"}
			}
		}
		given[role] = found[0]
	}
	return given, nil
}

// findColumns finds the columns of the four tables.
func (p *Plan) findColumns(choices map[string]choice) error {
	recordings, connections := choices[platform.Recordings].table, choices[platform.Connections].table
	entities, links := choices[platform.Entities].table, choices[platform.Links].table
	toRecording, toEntity, toConnection := between(links, recordings), between(links, entities), between(entities, connections)
	toRecording.name, toEntity.name, toConnection.name = "recording_id", "entity_id", "integration_connection_id"
	keys := map[string][]found{
		platform.Recordings:  {idOf(recordings, toRecording)},
		platform.Connections: {idOf(connections, toConnection)},
		platform.Entities:    {idOf(entities, toEntity), toConnection, mergedInto(entities)},
		platform.Links:       {idOf(links, found{}), toRecording, toEntity},
	}
	for _, r := range roles {
		columns, err := columnsOf(r.name, choices[r.name].table, keys[r.name], below(p.options.Columns, r.name))
		if err != nil {
			return err
		}
		p.parts = append(p.parts, part{r.name, choices[r.name], columns})
	}
	for name := range p.options.Columns {
		role, column, _ := strings.Cut(name, ".")
		if !slices.ContainsFunc(p.parts, func(x part) bool { return x.role == role && x.column(column) != nil }) {
			return &InputError{fmt.Sprintf("--column %s: relink has no such column", name), "relink help database lists them"}
		}
	}
	p.findOrganizations()
	p.findCurrent(links)
	return nil
}

// below are the options about the columns of one table.
func below(all map[string]string, role string) map[string]string {
	some := map[string]string{}
	for name, as := range all {
		if column, is := strings.CutPrefix(name, role+"."); is {
			some[column] = as
		}
	}
	return some
}

// idOf is the id of a table: the column that key, of another table, refers to, else
// its own primary key.
func idOf(t *table, key found) found {
	f := found{name: "id", confidence: High, why: "primary key"}
	if f.column = t.id(); f.column == nil {
		f.missing = fmt.Sprintf("%s has no key of one column whose type relink knows for ids", t.Name)
	}
	if key.column != nil && key.column.refersTo == t && key.column.referred != nil {
		f.column, f.missing = key.column.referred, ""
		if f.column != t.id() {
			f.why = "a foreign key refers to it"
		}
	}
	return f
}

// between is the column of one table that refers to another.
func between(from, to *table) found {
	c, declared := reference(from, to)
	f := found{column: c, confidence: High, why: "foreign key to " + to.Name}
	switch {
	case c == nil:
		f.missing = fmt.Sprintf("%s has no column that refers to %s", from.Name, to.Name)
	case !declared:
		f.confidence, f.why = Medium, "its name and type are those of a key to "+to.Name
	}
	return f
}

// mergedInto is the column of CRM rows that says into which other one a row was
// merged. A key to a parent or an owner is none.
func mergedInto(entities *table) found {
	f := found{name: "merged_into_id"}
	id := entities.id()
	if id == nil {
		return f
	}
	f.constant = "NULL::" + id.Type
	w := want{
		kind:  func(name string) bool { return family(name) == family(id.Type) },
		exact: []string{"mergedintoid", "mergedinto", "survivorid", "mergedtoid", "masterid", "intoid", "zusammengefuehrtin", "zusammengefuehrtmit", "mergetargetid", "duplicateof", "duplicateofid"},
		stems: []string{"merge", "surviv", "zusammengef", "into", "fusion", "duplicate"},
	}
	if c, sure := w.find(entities, []*column{id}); c != nil {
		f.column, f.confidence, f.why = c, Medium, "its name and type"
		if sure || c.refersTo == entities {
			f.confidence = High
		}
	}
	return f
}

// findOrganizations settles the organization of recordings and connections: in
// columns of both, in tables that foreign keys lead to, or one for all.
func (p *Plan) findOrganizations() {
	parts := []*part{p.part(platform.Recordings), p.part(platform.Connections)}
	for _, x := range parts {
		f := x.column("organization_id")
		if f.column == nil && f.confidence != Given {
			if f.through, f.column = organizationBeyond(x.table); f.column != nil {
				f.confidence, f.why = Medium, "by the foreign key "+f.through.Name
			}
		}
	}
	a, b := parts[0].column("organization_id"), parts[1].column("organization_id")
	one := literal(p.options.Name) + "::text"
	switch {
	case a.column == nil && b.column == nil:
		a.constant, b.constant = one, one
	case a.column == nil || b.column == nil:
		x, other := parts[0], b.column
		if a.column != nil {
			x, other = parts[1], a.column
		}
		f := x.column("organization_id")
		f.constant = "NULL::" + other.Type
		f.missing = fmt.Sprintf("nothing in %s says which organization a row is of; without it a link across organizations could not be refused", x.table.Name)
	case family(a.column.Type) != family(b.column.Type):
		a.missing = fmt.Sprintf("%s is %s, and %s of %s is %s", a.column.Name, a.column.Type, b.column.Name, parts[1].table.Name, b.column.Type)
	}
}

func (p *Plan) part(role string) *part {
	at := slices.IndexFunc(p.parts, func(x part) bool { return x.role == role })
	return &p.parts[at]
}

// findCurrent settles how one sees that a link is current.
func (p *Plan) findCurrent(links *table) {
	x := p.part(platform.Links)
	way, why, unique := current(links, x.column("recording_id").column, x.columns)
	p.whyNow, p.unique = why, unique
	cleared := x.column("cleared_at")
	switch flag, isFlag := strings.CutPrefix(way, "flag:"); {
	case isFlag:
		p.current, p.flag = way, links.column(strings.TrimPrefix(flag, "!"))
	case way == "row":
		p.current = way
		if cleared.confidence != Given {
			cleared.column = nil
		}
	default:
		p.current = "cleared_at"
		if c := links.column(way); c != nil && cleared.confidence != Given {
			cleared.column, cleared.confidence, cleared.why = c, High, why
		}
	}
}

// findExtra finds the columns of the links that need a value and get none.
func (p *Plan) findExtra() {
	x := p.part(platform.Links)
	id := x.column("id").column
	for _, c := range x.table.columns {
		written := slices.ContainsFunc(x.columns, func(f found) bool {
			return f.column == c && slices.Contains([]string{"recording_id", "entity_id", "data_type", "linked_at"}, f.name)
		})
		if c.NotNull && !c.FillsItself && !written && c != p.flag {
			p.extra = append(p.extra, extra{c, p.valueFor(c, c == id)})
		}
	}
}

// valueFor is a default for a column that relink gives no value to.
func (p *Plan) valueFor(c *column, isID bool) string {
	switch {
	case isTime(c.Type):
		return "pg_catalog.clock_timestamp()"
	case isID && c.Type == "uuid":
		return "pg_catalog.gen_random_uuid()"
	case p.part(platform.Links).column("trigger").column == c:
		for _, w := range p.triggers {
			if w.own == "EXTERNAL_API_LINK" {
				return literal(w.text)
			}
		}
	}
	return ""
}

// findWords finds the platform's words for data types and triggers.
func (p *Plan) findWords(ctx context.Context, tx pgx.Tx) error {
	for word, own := range p.options.Words {
		if own != "-" && !slices.Contains(linker.DataTypes, own) && !slices.Contains(linker.Triggers, own) {
			return &InputError{fmt.Sprintf("--word %s=%s: relink has no such word", word, own), "give " + text.OneOf(linker.DataTypes) + ", a trigger, or - for none"}
		}
	}
	for _, x := range []*part{p.part(platform.Entities), p.part(platform.Links)} {
		if err := p.findDataTypes(ctx, tx, x); err != nil {
			return err
		}
	}
	links := p.part(platform.Links)
	for _, name := range []string{"trigger", "cleared_trigger"} {
		f := links.column(name)
		if f.column == nil {
			continue
		}
		all, closed, err := wordsOf(ctx, tx, links.table, f.column)
		if err != nil {
			return err
		}
		if len(all) > maxWords && len(f.column.Labels) == 0 {
			if f.confidence != Given {
				f.column = nil // a text that anything stands in
			}
			continue
		}
		ws := understood(all, triggerOf, p.options.Words)
		known := slices.ContainsFunc(ws, func(w word) bool { return w.own != "" })
		if f.confidence != Given && !known && (closed || len(ws) > 0) {
			f.column = nil // other words than triggers, or none that a new link could get
			continue
		}
		p.triggers = append(p.triggers, ws...)
	}
	p.dataTypes, p.triggers = unique(p.dataTypes), unique(p.triggers)
	return nil
}

// findDataTypes finds the words of a column data_type. A column of the links that
// holds something else is not the data type.
func (p *Plan) findDataTypes(ctx context.Context, tx pgx.Tx, x *part) error {
	f := x.column("data_type")
	if f.column == nil {
		return nil
	}
	all, _, err := wordsOf(ctx, tx, x.table, f.column)
	if err != nil {
		return err
	}
	ws := understood(all, dataTypeOf, p.options.Words)
	known := slices.ContainsFunc(ws, func(w word) bool { return w.own != "" })
	if f.confidence != Given && len(ws) > 0 && (!known || len(ws) > maxWords && len(f.column.Labels) == 0) {
		why := fmt.Sprintf("%s.%s holds %s, which are no types of CRM rows", x.table.Name, f.column.Name, text.OneOf(all[:min(len(all), 3)]))
		f.column, f.why = nil, ""
		if x.role == platform.Entities {
			f.missing = why
		}
		return nil
	}
	p.dataTypes = append(p.dataTypes, ws...)
	return nil
}

// unique leaves each word once.
func unique(ws []word) []word {
	slices.SortFunc(ws, func(a, b word) int { return strings.Compare(a.text, b.text) })
	return slices.CompactFunc(ws, func(a, b word) bool { return a.text == b.text })
}

// findWhatIsMissing gathers what keeps the file from being applied.
func (p *Plan) findWhatIsMissing() {
	p.findExtra()
	for _, x := range p.parts {
		for _, f := range x.columns {
			if f.missing != "" {
				p.todo = append(p.todo, todo{f.missing, fmt.Sprintf("give --column %s.%s=COLUMN", x.role, f.name)})
			}
		}
	}
	for _, w := range p.dataTypes {
		if w.own == "" && !w.leftAs {
			p.todo = append(p.todo, todo{
				fmt.Sprintf("the word %q for a type of CRM rows is not known", w.text),
				fmt.Sprintf("give --word '%s=TYPE', with one of %s, or - where recordings are not linked to such rows", w.text, strings.Join(linker.DataTypes, ", ")),
			})
		}
	}
	for _, e := range p.extra {
		if e.value == "" {
			p.todo = append(p.todo, todo{
				fmt.Sprintf("%s.%s needs a value in each new link, and has no default", p.part(platform.Links).table.Name, e.column.Name),
				"set a default for it in the view below, or ask for one on the table",
			})
		}
	}
}

// Apply runs a file of SQL's: all of it, or nothing. What the file itself refuses is
// an *InputError.
func Apply(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.Exec(ctx, sql)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == raised {
		return &InputError{"the file is not applied: " + refused.Message, refused.Hint}
	}
	if refused != nil && refused.Code == otherColumns {
		return &InputError{
			"the file is not applied: a view of an earlier file has other columns (" + refused.Message + ")",
			"drop the view first, when no run that was made through it is to be resumed or reverted, or give another --into-schema and --platform",
		}
	}
	if err != nil {
		return fmt.Errorf("applying the file: %w", err)
	}
	return nil
}

// SQLSTATEs: of RAISE EXCEPTION, and of a view that is to be replaced by one of other
// columns. Views are replaced and not made anew, because runs know the table of links
// that they were made on by its number.
const (
	raised       = "P0001"
	otherColumns = "42P16"
)
