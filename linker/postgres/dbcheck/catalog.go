package dbcheck

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/migrations"
)

var (
	//go:embed sql/server.sql
	serverSQL string
	//go:embed sql/relations.sql
	relationsSQL string
	//go:embed sql/columns.sql
	columnsSQL string
	//go:embed sql/indexes.sql
	indexesSQL string
	//go:embed sql/foreign_keys.sql
	foreignKeysSQL string
	//go:embed sql/creators.sql
	creatorsSQL string
)

// catalog is what the system catalog of a database contains, as far as relink
// needs it. Reading it needs no privilege on the tables.
type catalog struct {
	server      serverFacts
	relations   []relation
	columns     []columnFacts
	indexes     []indexFacts
	foreignKeys []foreignKeyFacts
}

// serverFacts are of the server, the role and the two schemas. Role, Schema and
// Database are written as SQL writes them.
type serverFacts struct {
	Version        int
	VersionName    string
	Encoding       string
	Standby        bool
	ReadOnly       string
	Role           string
	Schema         string
	Database       string
	PlatformExists bool
	PlatformUsage  bool
	OwnExists      bool
	OwnUsage       bool
	OwnCreate      bool
}

// relation is a table or a view.
type relation struct {
	Schema        string
	Name          string
	OID           uint32 `db:"oid"`
	IsTable       bool
	IsPartitioned bool
	RowSecurity   bool
	Permanent     bool
	Writable      bool
	Deletable     bool
	MayDelete     bool
}

type columnFacts struct {
	Relation    uint32
	Name        string
	Type        string
	Words       []string // of an enum, otherwise nil
	NotNull     bool
	FillsItself bool
	// ClosedSequence is the sequence that a serial column takes its values
	// from, when this role may not use it.
	ClosedSequence *string
	// ClosedSchema is the schema of the type, when this role may not look into it.
	ClosedSchema *string
	Writable     bool
	MaySelect    bool
	MayInsert    bool
	MayUpdate    bool
}

type indexFacts struct {
	Relation  uint32
	Name      string
	IsUnique  bool
	IsValid   bool
	Keys      []string
	Predicate string
}

type foreignKeyFacts struct {
	Relation uint32
	RefersTo uint32
	Name     string
	IsValid  bool
	Columns  []string
}

// readCatalog reads what there is of the named tables in the platform's schema,
// and of all tables in ours.
func readCatalog(ctx context.Context, conn *pgx.Conn, schema string, tables []string) (catalog, error) {
	var c catalog
	server, err := collect[serverFacts](ctx, conn, serverSQL, schema, migrations.Schema)
	if err != nil {
		return c, fmt.Errorf("looking at the server: %w", err)
	}
	c.server = server[0]
	c.relations, err = collect[relation](ctx, conn, relationsSQL, schema, tables, migrations.Schema)
	if err != nil {
		return c, fmt.Errorf("looking at the tables: %w", err)
	}
	var oids []uint32
	for _, r := range c.relations {
		oids = append(oids, r.OID)
	}
	if c.columns, err = collect[columnFacts](ctx, conn, columnsSQL, oids); err != nil {
		return c, fmt.Errorf("looking at the columns: %w", err)
	}
	if c.indexes, err = collect[indexFacts](ctx, conn, indexesSQL, oids); err != nil {
		return c, fmt.Errorf("looking at the indexes: %w", err)
	}
	if c.foreignKeys, err = collect[foreignKeyFacts](ctx, conn, foreignKeysSQL, oids); err != nil {
		return c, fmt.Errorf("looking at the foreign keys: %w", err)
	}
	return c, nil
}

func collect[T any](ctx context.Context, conn *pgx.Conn, statement string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[T])
}

func (c catalog) relation(schema, name string) (relation, bool) {
	at := slices.IndexFunc(c.relations, func(r relation) bool { return r.Schema == schema && r.Name == name })
	if at < 0 {
		return relation{}, false
	}
	return c.relations[at], true
}

func (c catalog) column(r relation, name string) (columnFacts, bool) {
	at := slices.IndexFunc(c.columns, func(f columnFacts) bool { return f.Relation == r.OID && f.Name == name })
	if at < 0 {
		return columnFacts{}, false
	}
	return c.columns[at], true
}
