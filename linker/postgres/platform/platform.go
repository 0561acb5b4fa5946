package platform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/template"

	"github.com/jackc/pgx/v5"
)

// The platform's tables, as statements call them after "platform.".
const (
	Recordings  = "recordings"
	Connections = "integration_connections"
	Entities    = "crm_entities"
	Links       = "recording_links"
)

// The columns that hold the ids of a row of the input.
const (
	RecordingID  = Recordings + ".id"
	EntityID     = Entities + ".id"
	ExternalID   = Entities + ".external_id"
	ConnectionID = Connections + ".id"
	// ConnectionOfEntity refers to it.
	ConnectionOfEntity = Entities + ".integration_connection_id"
)

var tables = []string{Recordings, Connections, Entities, Links}

// Platform is one platform of a database.
type Platform struct {
	// Schema holds its tables. A run is made in one.
	Schema string
	// Path is the search_path with which its own triggers run.
	Path string
	// Profile is what the catalog does not tell.
	Profile Profile
	// types of columns, "table.column", as SQL names them.
	types map[string]string
	// readOnly are columns that a view shows and that nothing can be written to,
	// because the table beneath has none of their like.
	readOnly map[string]bool
}

// Load reads from the catalog what the tables in schema hold.
func Load(ctx context.Context, conn *pgx.Conn, schema, path string) (*Platform, error) {
	p := &Platform{Schema: schema, Path: path, types: map[string]string{}, readOnly: map[string]bool{}}
	// A domain counts as the type beneath it.
	const query = `
		WITH RECURSIVE base AS (
		    SELECT oid, oid AS type FROM pg_type WHERE typtype <> 'd'
		    UNION ALL
		    SELECT d.oid, b.type FROM pg_type AS d JOIN base AS b ON b.oid = d.typbasetype WHERE d.typtype = 'd'
		)
		SELECT c.relname || '.' || a.attname, format('%I.%I', tn.nspname, t.typname),
		    c.relkind = 'v' AND NOT pg_column_is_updatable(c.oid, a.attnum, false)
		FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		JOIN base AS b ON b.oid = a.atttypid
		JOIN pg_type AS t ON t.oid = b.type
		JOIN pg_namespace AS tn ON tn.oid = t.typnamespace
		WHERE n.nspname = $1 AND c.relname = ANY ($2)`
	rows, err := conn.Query(ctx, query, schema, tables)
	if err != nil {
		return nil, fmt.Errorf("reading the platform's columns: %w", err)
	}
	var column, kind string
	var readOnly bool
	_, err = pgx.ForEachRow(rows, []any{&column, &kind, &readOnly}, func() error {
		p.types[column], p.readOnly[column] = kind, readOnly
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the platform's columns: %w", err)
	}
	if p.Profile, err = loadProfile(ctx, conn, schema); err != nil {
		return nil, err
	}
	return p, nil
}

// loadProfile reads the profile of the platform in schema. Before the first
// migration there is none.
func loadProfile(ctx context.Context, conn *pgx.Conn, schema string) (Profile, error) {
	var there bool
	err := conn.QueryRow(ctx, "SELECT to_regclass('relink.platforms') IS NOT NULL").Scan(&there)
	if err != nil || !there {
		return Profile{}, err
	}
	var data []byte
	err = conn.QueryRow(ctx, "SELECT profile FROM relink.platforms WHERE schema = $1", schema).Scan(&data)
	if errors.Is(err, pgx.ErrNoRows) {
		return Profile{}, nil
	}
	if err != nil {
		return Profile{}, fmt.Errorf("reading table relink.platforms: %w", err)
	}
	profile, err := ParseProfile(data)
	if err != nil {
		return Profile{}, fmt.Errorf("relink.platforms, the row of schema %q: %w", schema, err)
	}
	return profile, nil
}

// Base returns the table itself, as statements name it.
func (p *Platform) Base(name string) string { return pgx.Identifier{p.Schema, name}.Sanitize() }

// Table returns a table as statements name it. It panics for a name that is
// none of the platform's tables.
func (p *Platform) Table(name string) string {
	switch name {
	case Recordings, Connections, Entities, Links:
		return p.Base(name)
	}
	panic("the platform has no table " + name)
}

// textType is the type of a column that is not there, or not known.
const textType = "pg_catalog.text"

// typeOf is the type of a column, "table.column", with its schema.
func (p *Platform) typeOf(column string) string {
	if p == nil || p.types[column] == "" {
		return textType
	}
	return p.types[column]
}

// Kind is what the ids in a column, "table.column", are.
func (p *Platform) Kind(column string) Kind {
	switch t := p.typeOf(column); {
	case t == "pg_catalog.uuid":
		return UUID
	case t == "pg_catalog.int8":
		return Bigint
	case t == "pg_catalog.int4":
		return Integer
	case strings.HasSuffix(t, ".citext"):
		return Citext
	}
	return Text
}

// idType is the type of a working table's column for ids of a column.
func (p *Platform) idType(column string) string { return p.Kind(column).column(p.typeOf(column)) }

// inOrder sorts ids of the type of a column: text by bytes, whatever the
// database's locale, other types in their own order, which is that of their index.
func (p *Platform) inOrder(column, id string) string {
	switch p.typeOf(column) {
	case textType, "pg_catalog.varchar", "pg_catalog.bpchar":
		return id + ` COLLATE "C"`
	}
	return id
}

// Functions are what templates of statements may call, for platform p; for nil
// they have their names only.
func Functions(p *Platform) template.FuncMap {
	return template.FuncMap{
		"newLink": p.newLink, "newValues": p.newValues, "clearing": p.clearing, "type": p.typeOf, "idType": p.idType, "inOrder": p.inOrder,
		"outside": outside, "within": p.within, "nearKey": nearKey, "looseKey": looseKey, "asExpected": p.asExpected,
	}
}

// linkColumns are what a new link is made of, each with its value, "" for the
// column of the same name.
var linkColumns = []struct{ name, value string }{
	{"recording_id", ""},
	{"data_type", ""},
	{"entity_id", ""},
	{"trigger", ""},
	{"linked_at", "pg_catalog.clock_timestamp()"},
}

func (p *Platform) writes(column string) bool { return p == nil || !p.readOnly[Links+"."+column] }

// newLink lists the columns of a new link that can be written.
func (p *Platform) newLink() string {
	var names []string
	for _, c := range linkColumns {
		if p.writes(c.name) {
			names = append(names, c.name)
		}
	}
	return strings.Join(names, ", ")
}

// newValues are their values, of columns of the relation from.
func (p *Platform) newValues(from string) string {
	var values []string
	for _, c := range linkColumns {
		if p.writes(c.name) {
			values = append(values, cmp.Or(c.value, from+"."+c.name))
		}
	}
	return strings.Join(values, ", ")
}

// clearing sets what clears link l, for the trigger given.
func (p *Platform) clearing(trigger string) string {
	set := "cleared_at = greatest(pg_catalog.clock_timestamp(), l.linked_at)"
	if p.writes("cleared_trigger") {
		set += ",\n    cleared_trigger = " + trigger
	}
	return set
}

// outside is true of a link that is outside a scope, whose connections, data
// types and organizations are the parameters first, first+1 and first+2, null
// for those that do not limit. It is null where a part of the link is not known:
// what is inside, it IS NOT TRUE of.
func outside(connection, dataType, organization string, first int) string {
	return fmt.Sprintf("(%s::text <> ALL ($%d::text[]) OR %s::text <> ALL ($%d::text[]) OR %s::text <> ALL ($%d::text[]))",
		connection, first, dataType, first+1, organization, first+2)
}

// within is true of a CRM row in one of the connections that parameter n lists, or
// of all when it is null. Unlike outside it is written so that an index on the
// connection serves it: a small tenant's run does not read the whole platform.
func (p *Platform) within(connection string, n int) string {
	cast := ""
	if t := p.idType(ConnectionOfEntity); t != textType {
		cast = "::" + t + "[]"
	}
	return fmt.Sprintf("($%[1]d::text[] IS NULL OR %[2]s = ANY ($%[1]d::text[]%[3]s))", n, connection, cast)
}

// asExpected is whether a link to CRM row entity is what a staged row expects, null
// where it expects nothing. The CRM row's externalId is looked up only where the
// row expects one.
func (p *Platform) asExpected(row, entity string) string {
	return fmt.Sprintf(`CASE
            WHEN %[1]s.expected IS NULL THEN NULL
            WHEN %[1]s.expected = '-' THEN %[2]s IS NULL
            WHEN %[1]s.expected_external_ids IS NULL THEN (%[2]s = %[1]s.expected_entity_id) IS TRUE
            ELSE EXISTS (
                SELECT FROM platform.crm_entities AS linked
                WHERE linked.id = %[2]s AND linked.external_id = ANY (%[1]s.expected_external_ids::%[3]s[])
            )
        END`, row, entity, p.idType(ExternalID))
}

// nearKey is what ids share that differ in letter case or leading zeros only. It
// follows ASCII, as ids do, which is many times faster than a language's rules.
func nearKey(id string) string { return fmt.Sprintf(`ltrim(lower(%s::text COLLATE "C"), '0')`, id) }

// looseKey is what ids share that differ in letter case, leading zeros or
// anything but letters and digits. Letters beyond ASCII are left out of it:
// which of them differ in case only would depend on the database's locale, and
// where the key is used, to take too many ids for one is the safe side.
func looseKey(id string) string {
	return fmt.Sprintf(`ltrim(regexp_replace(regexp_replace(lower(%s::text COLLATE "C"), '^urn:uuid:', ''), '[^a-z0-9]+', '', 'g'), '0')`, id)
}
