package dbcheck

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"relink/linker"
)

// checkRows reads rows where the catalog does not have the answer.
func (c *contract) checkRows(ctx context.Context, conn *pgx.Conn) error {
	for _, t := range platformTables {
		r, there := c.relation(c.schema, t.name)
		if !there || !c.server.PlatformUsage || !c.mayAll(r, func(f columnFacts) bool { return f.MaySelect }) {
			continue // there is a finding about that already
		}
		if err := c.checkRowsOf(ctx, conn, t, r); err != nil {
			return err
		}
	}
	return nil
}

func (c *contract) checkRowsOf(ctx context.Context, conn *pgx.Conn, t table, r relation) error {
	empty, err := c.isEmpty(ctx, conn, t.name)
	if err != nil {
		return err
	}
	if empty {
		c.add(Finding{Object: t.name, Label: Safe, Warning: true, Problem: "is empty: is it the right database and schema?"})
		return nil
	}
	for _, key := range t.keys {
		if !c.keeps(r, key) && (r.IsTable || t.mayBeView) {
			if err := c.checkUnique(ctx, conn, t, r, key); err != nil {
				return err
			}
		}
	}
	if t.name == "recording_links" {
		return c.checkManyCurrent(ctx, conn, t, r)
	}
	if f, ok := c.column(r, "data_type"); ok && t.name == "crm_entities" && f.Words == nil {
		return c.checkWords(ctx, conn, t)
	}
	return nil
}

func (c *contract) isEmpty(ctx context.Context, conn *pgx.Conn, table string) (empty bool, err error) {
	// The names are of our own list, and the schema is quoted by the server.
	err = conn.QueryRow(ctx, fmt.Sprintf("SELECT NOT EXISTS (SELECT FROM %s)", c.qualified(table))).Scan(&empty)
	return empty, err
}

// checkManyCurrent looks for recordings with several current links, where no
// unique index keeps them from having some. A platform that shows several at once
// is not one that relink can work on.
func (c *contract) checkManyCurrent(ctx context.Context, conn *pgx.Conn, t table, r relation) error {
	if c.hasIndex(r, t.indexes[0].matches) {
		return nil
	}
	for _, want := range t.columns {
		if _, there := c.column(r, want.name); !there && c.platform.Profile.Needs(t.name+"."+want.name) {
			return nil
		}
	}
	var several int64
	err := conn.QueryRow(ctx, fmt.Sprintf(
		"SELECT count(*) FROM (SELECT FROM %s AS l WHERE %s GROUP BY l.recording_id HAVING count(*) > 1) AS repeated",
		c.platform.Table(t.name), c.platform.IsCurrent("l"))).Scan(&several)
	if err == nil && several > 0 {
		noun := "recordings have"
		if several == 1 {
			noun = "recording has"
		}
		c.add(Finding{
			Object: t.name, Label: Touches, Stops: true,
			Problem: fmt.Sprintf("%d %s more than one current link; relink keeps one for each recording, and would clear the others", several, noun),
			Ask:     "clear all but one of them, or show relink by a view only those that it is to manage",
		})
	}
	return err
}

// keeps reports whether a unique index enforces a key.
func (c *contract) keeps(r relation, key []string) bool {
	return c.hasIndex(r, func(i indexFacts) bool {
		return i.IsUnique && i.Predicate == "" && slices.Equal(slices.Sorted(slices.Values(i.Keys)), key)
	})
}

func (c *contract) checkUnique(ctx context.Context, conn *pgx.Conn, t table, r relation, key []string) error {
	for _, name := range key {
		if _, there := c.column(r, name); !there {
			return nil
		}
	}
	columns := strings.Join(key, ", ")
	var twice int64
	err := conn.QueryRow(ctx, fmt.Sprintf(
		"SELECT count(*) FROM (SELECT FROM %s GROUP BY %s HAVING count(*) > 1) AS repeated",
		c.qualified(t.name), columns)).Scan(&twice)
	if err == nil && twice > 0 {
		kind := "view"
		if r.IsTable {
			kind = "table"
		}
		c.add(Finding{Object: t.name, Label: Touches, Problem: fmt.Sprintf(
			"the %s has %d values of (%s) more than once; each must be unique", kind, twice, columns)})
	}
	return err
}

func (c *contract) checkWords(ctx context.Context, conn *pgx.Conn, t table) error {
	known := slices.AppendSeq(slices.Clone(linker.DataTypes), maps.Keys(c.platform.Profile.DataTypes))
	var strange *string
	err := conn.QueryRow(ctx, fmt.Sprintf(
		"SELECT min(data_type::text) FROM %s WHERE data_type::text <> ALL ($1)", c.qualified(t.name)), known).Scan(&strange)
	if err == nil && strange != nil {
		c.add(Finding{
			Object:  t.name + ".data_type",
			Problem: fmt.Sprintf("holds %q; relink knows %s", *strange, strings.Join(linker.DataTypes, ", ")),
			Label:   Safe,
			Command: CommandAdapt,
			Warning: true,
		})
	}
	return err
}
