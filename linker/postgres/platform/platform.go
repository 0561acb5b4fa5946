package platform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/pg"
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

// Platform is one platform of a database. One with a schema alone is the reference.
type Platform struct {
	// Schema holds its tables. A run is made in one.
	Schema string
	// Name is the platform's in relink.platforms, "" where it has no row there.
	Name string
	// ID is the schema's number, which platforms of one database do not share.
	ID uint32
	// Path is the search_path with which its own triggers run.
	Path string
	// Profile is what the catalog does not tell.
	Profile Profile
	// columns are those there are, by "table.column".
	columns map[string]column
}

// column is what the catalog says of a column.
type column struct {
	kind string // its type as SQL names it; that beneath a domain
	// readOnly means that a view shows it and that nothing can be written to it,
	// because the table beneath has none of its like.
	readOnly bool
	labels   []string // of an enum, else nil
}

// Load reads from the catalog what the tables in schema hold, and the profile. It
// returns an error that names the place when the two do not fit.
func Load(ctx context.Context, conn *pgx.Conn, schema, path string) (*Platform, error) {
	p := &Platform{Schema: schema, Path: path, columns: map[string]column{}}
	// A domain counts as the type beneath it.
	const query = `
		WITH RECURSIVE base AS (
		    SELECT oid, oid AS type FROM pg_type WHERE typtype <> 'd'
		    UNION ALL
		    SELECT d.oid, b.type FROM pg_type AS d JOIN base AS b ON b.oid = d.typbasetype WHERE d.typtype = 'd'
		)
		SELECT n.oid, c.relname || '.' || a.attname, format('%I.%I', tn.nspname, t.typname),
		    c.relkind = 'v' AND NOT pg_column_is_updatable(c.oid, a.attnum, false),
		    (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid)
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
	var name string
	var c column
	_, err = pgx.ForEachRow(rows, []any{&p.ID, &name, &c.kind, &c.readOnly, &c.labels}, func() error {
		p.columns[name] = c
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the platform's columns: %w", err)
	}
	if err := p.loadProfile(ctx, conn); err != nil {
		return nil, fmt.Errorf("relink.platforms, the row of schema %q: %w", schema, err)
	}
	for _, absent := range p.Profile.Absent {
		delete(p.columns, absent)
	}
	if err := p.fit(); err != nil {
		return nil, fmt.Errorf("the platform in schema %q: %w", schema, err)
	}
	return p, nil
}

// loadProfile reads the platform's name and profile. Where the table of platforms is
// not there yet, or may not be read, there is none: `relink db check` tells.
func (p *Platform) loadProfile(ctx context.Context, conn *pgx.Conn) error {
	there, err := pg.HasPlatforms(ctx, conn)
	if err != nil || !there {
		return err
	}
	var data []byte
	err = conn.QueryRow(ctx, "SELECT name, profile FROM relink.platforms WHERE schema = $1", p.Schema).Scan(&p.Name, &data)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	p.Profile, err = ParseProfile(data)
	return err
}

// Base returns the table itself, as statements that write name it.
func (p *Platform) Base(name string) string { return pgx.Identifier{p.Schema, name}.Sanitize() }

// textType is the type of a column that is not there, or not known.
const textType = "pg_catalog.text"

// typeOf is the type of a column, "table.column", with its schema.
func (p *Platform) typeOf(column string) string {
	if p == nil || p.columns[column].kind == "" {
		return textType
	}
	return p.columns[column].kind
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
