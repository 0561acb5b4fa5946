package adapt

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

var (
	//go:embed sql/relations.sql
	relationsSQL string
	//go:embed sql/columns.sql
	columnsSQL string
	//go:embed sql/keys.sql
	keysSQL string
)

// table is a table or view of the platform's.
type table struct {
	OID         uint32 `db:"oid"`
	Schema      string
	Name        string
	Quoted      string // with its schema, as SQL writes it
	IsTable     bool
	Partitioned bool
	Rows        float64 // as the server estimates them
	MayRead     bool
	Triggers    []string

	columns []*column `db:"-"`
	uniques []key     `db:"-"`
}

type column struct {
	Relation    uint32
	Name        string
	Quoted      string
	Type        string
	TypeSchema  string   // as SQL writes it, "" for the server's own types
	Labels      []string // of an enum
	NotNull     bool
	FillsItself bool
	Sequence    string // that a serial column takes its values from
	Checks      string // definitions of check constraints on it alone

	refersTo *table  `db:"-"` // by a foreign key
	referred *column `db:"-"`
}

// key is a unique index or a foreign key.
type key struct {
	Relation  uint32
	IsPrimary bool
	Columns   []string
	Predicate string
	RefersTo  uint32
	Referred  string
}

// catalog is what the database says about the tables of the platform.
type catalog struct{ tables []*table }

// readCatalog reads what there is in all schemas but the one left out, that of the
// views. It needs no privilege on the tables.
func readCatalog(ctx context.Context, tx pgx.Tx, leftOut string) (*catalog, error) {
	tables, err := collect[table](ctx, tx, relationsSQL, leftOut)
	if err != nil {
		return nil, fmt.Errorf("looking at the tables: %w", err)
	}
	c := &catalog{}
	byOID := map[uint32]*table{}
	var oids []uint32
	for i := range tables {
		t := &tables[i]
		c.tables = append(c.tables, t)
		byOID[t.OID] = t
		oids = append(oids, t.OID)
	}
	columns, err := collect[column](ctx, tx, columnsSQL, oids)
	if err != nil {
		return nil, fmt.Errorf("looking at the columns: %w", err)
	}
	for i := range columns {
		t := byOID[columns[i].Relation]
		t.columns = append(t.columns, &columns[i])
	}
	keys, err := collect[key](ctx, tx, keysSQL, oids)
	if err != nil {
		return nil, fmt.Errorf("looking at the keys: %w", err)
	}
	for _, k := range keys {
		t := byOID[k.Relation]
		if k.RefersTo == 0 {
			t.uniques = append(t.uniques, k)
			continue
		}
		own := t.column(k.Columns[0])
		if target := byOID[k.RefersTo]; own != nil && target != nil {
			own.refersTo, own.referred = target, target.column(k.Referred)
		}
	}
	return c, nil
}

func collect[T any](ctx context.Context, tx pgx.Tx, statement string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[T])
}

func (t *table) column(name string) *column {
	at := slices.IndexFunc(t.columns, func(c *column) bool { return c.Name == name })
	if at < 0 {
		return nil
	}
	return t.columns[at]
}

// id is the column that is the table's primary key alone, or unique alone in a
// table without one; nil for none.
func (t *table) id() *column {
	for _, primary := range []bool{true, false} {
		for _, k := range t.uniques {
			if k.IsPrimary == primary && len(k.Columns) == 1 && k.Predicate == "" {
				if c := t.column(k.Columns[0]); c != nil && isID(c.Type) {
					return c
				}
			}
		}
	}
	if t.IsTable {
		return nil
	}
	return t.column("id") // of a view
}

// named finds a table by its name, with its schema or without.
func (c *catalog) named(name string) []*table {
	var found []*table
	for _, t := range c.tables {
		if name == t.Schema+"."+t.Name || name == t.Name || name == t.Quoted {
			found = append(found, t)
		}
	}
	return found
}

func isID(name string) bool {
	switch name {
	case "text", "character varying", "uuid", "bigint", "integer":
		return true
	}
	return isCitext(name)
}

func isCitext(name string) bool {
	return name == "citext" || len(name) > 7 && name[len(name)-7:] == ".citext"
}

func isText(name string) bool { return name == "text" || name == "character varying" || isCitext(name) }

func isTime(name string) bool {
	return name == "timestamp with time zone" || name == "timestamp without time zone"
}

// family is what a type can be joined with.
func family(name string) string {
	switch {
	case name == "integer":
		return "bigint"
	case name == "character varying":
		return "text"
	case isCitext(name):
		return "citext"
	}
	return name
}
