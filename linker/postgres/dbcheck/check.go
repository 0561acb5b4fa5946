package dbcheck

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/migrations"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
)

// The major versions of PostgreSQL that relink is made for and tested with.
const (
	oldestServer = 14
	newestServer = 18
)

// Check compares the database with what relink needs: the server, the
// platform's tables where pg.Locate finds them, their columns, keys, indexes and foreign keys, relink's own schema, and what this
// role may do. No finding means that everything is there. It writes nothing.
// Where the catalog does not tell, it reads rows: whether there are any, whether
// what should be unique is, and which words stand in crm_entities.data_type.
func Check(ctx context.Context, conn *pgx.Conn, cfg pg.Config) ([]Finding, error) {
	c, err := checkCatalog(ctx, conn, cfg)
	if err != nil {
		return nil, err
	}
	if c.platform == nil {
		return c.findings, nil // what is found keeps it from being looked at
	}
	if err := c.checkRows(ctx, conn); err != nil {
		return nil, fmt.Errorf("checking the rows of the platform's tables: %w", err)
	}
	if err := c.checkApprovals(ctx, conn); err != nil {
		return nil, fmt.Errorf("checking who may approve plans: %w", err)
	}
	if err := c.checkHistory(ctx, conn); err != nil {
		return nil, fmt.Errorf("checking the runs and their marks: %w", err)
	}
	return c.findings, nil
}

// CheckCatalog is the part of Check that reads the catalog alone: it takes
// milliseconds, however large the tables are.
func CheckCatalog(ctx context.Context, conn *pgx.Conn, cfg pg.Config) ([]Finding, error) {
	c, err := checkCatalog(ctx, conn, cfg)
	if err != nil {
		return nil, err
	}
	return c.findings, nil
}

func checkCatalog(ctx context.Context, conn *pgx.Conn, cfg pg.Config) (*contract, error) {
	place, err := pg.Locate(ctx, conn, cfg)
	if err != nil {
		return nil, err
	}
	schema := place.Schema
	var names []string
	for _, t := range platformTables {
		names = append(names, t.name)
	}
	facts, err := readCatalog(ctx, conn, schema, names)
	if err != nil {
		return nil, fmt.Errorf("checking the database: %w", err)
	}
	c := &contract{catalog: facts, schema: schema}
	c.checkServer()
	var stranger *pg.StrangerError
	switch err := pg.CheckOwner(ctx, conn); {
	case errors.As(err, &stranger):
		c.add(Finding{
			Object: "schema " + migrations.Schema, Label: Touches, Stops: true,
			Problem: strings.TrimPrefix(stranger.Error(), "schema relink ") + ": " + stranger.Hint(),
		})
		return c, nil // whatever is in it
	case err != nil:
		return nil, err
	}
	if err := c.checkCreators(ctx, conn); err != nil {
		return nil, fmt.Errorf("checking who may create in the schemas: %w", err)
	}
	if err := c.checkOwnSchema(ctx, conn); err != nil {
		return nil, fmt.Errorf("checking schema %s: %w", migrations.Schema, err)
	}
	if !c.server.PlatformExists {
		c.add(Finding{
			Object:  "schema " + c.server.Schema,
			Problem: "is missing; --schema names the schema of the platform's tables",
			Label:   Safe,
			Command: CommandAdapt,
			Stops:   true,
		})
		return c, nil
	}
	if c.platform, err = platform.Load(ctx, conn, schema, place.Path); err != nil {
		c.add(Finding{Object: "relink.platforms", Problem: err.Error(), Label: Safe, Stops: true})
		return c, nil
	}
	if !c.server.PlatformUsage {
		c.grant("USAGE", "SCHEMA "+c.server.Schema, "schema "+c.server.Schema, "to see the platform's tables")
	}
	for _, t := range platformTables {
		c.checkTable(t)
	}
	if err := c.checkOneCurrent(ctx, conn); err != nil {
		return nil, fmt.Errorf("checking the unique index on current links: %w", err)
	}
	c.checkSameWords()
	return c, nil
}

// checkCreators warns of roles that may make functions and operators in the
// schemas concerned. relink's own statements call none of them, but the
// platform's triggers may, which its statements set off, with the rights of its
// role.
func (c *contract) checkCreators(ctx context.Context, conn *pgx.Conn) error {
	type creator struct{ Schema, Grantee string }
	found, err := collect[creator](ctx, conn, creatorsSQL, []string{c.schema, migrations.Schema})
	for _, f := range found {
		finding := Finding{
			Object:  "schema " + f.Schema,
			Problem: fmt.Sprintf("lets %s create functions in it, which triggers could call with the rights of role %s", f.Grantee, c.server.Role),
			Label:   Touches,
			Warning: true,
		}
		if f.Schema == migrations.Schema {
			finding.Label, finding.SQL = Safe, fmt.Sprintf("REVOKE CREATE ON SCHEMA %s FROM %s;", f.Schema, f.Grantee)
		} else {
			finding.Ask = fmt.Sprintf("take CREATE on schema %s away from %s, if nothing needs it", f.Schema, f.Grantee)
		}
		c.add(finding)
	}
	return err
}

// contract gathers the findings about one database.
type contract struct {
	catalog
	schema   string
	platform *platform.Platform
	findings []Finding
}

func (c *contract) add(f Finding) { c.findings = append(c.findings, f) }

func (c *contract) checkServer() {
	s := c.server
	switch major := s.Version / 10000; {
	case major < oldestServer:
		c.add(Finding{Object: "server", Label: Rewrites, Stops: true, Problem: fmt.Sprintf(
			"is PostgreSQL %s; relink needs %d to %d", s.VersionName, oldestServer, newestServer)})
	case major > newestServer:
		c.add(Finding{Object: "server", Label: Safe, Warning: true, Problem: fmt.Sprintf(
			"is PostgreSQL %s; this relink was made for %d to %d", s.VersionName, oldestServer, newestServer)})
	}
	if s.Encoding != "UTF8" {
		c.add(Finding{Object: "database " + s.Database, Label: Rewrites, Warning: true, Problem: fmt.Sprintf(
			"has encoding %s, not UTF8: ids with characters that it lacks stop a run", s.Encoding)})
	}
	switch {
	case s.Standby:
		c.add(Finding{Object: "server", Label: Safe, Stops: true, Problem: "is a standby, which cannot be written to: connect to the primary"})
	case s.ReadOnly == "on":
		c.add(Finding{
			Object:  "role " + s.Role,
			Stops:   true,
			Label:   Touches,
			Problem: "has read-only transactions (default_transaction_read_only)",
			Ask:     fmt.Sprintf("set default_transaction_read_only = off for role %s in database %s", s.Role, s.Database),
		})
	}
}

// checkOwnSchema looks at what relink keeps for itself.
func (c *contract) checkOwnSchema(ctx context.Context, conn *pgx.Conn) error {
	const object = "schema " + migrations.Schema
	if !c.server.OwnExists {
		c.add(Finding{Object: object, Problem: "is missing, where relink keeps its runs", Label: Safe, Command: CommandMigrate, Stops: true})
		return nil
	}
	if !c.server.OwnUsage {
		c.grant("USAGE", "SCHEMA "+migrations.Schema, object, "to keep the runs")
	}
	if !c.server.OwnCreate {
		c.grant("CREATE", "SCHEMA "+migrations.Schema, object, "for the working tables of a run")
	}
	versions, known := c.relation(migrations.Schema, "migrations")
	runs, there := c.relation(migrations.Schema, "runs")
	if !known || !there {
		c.add(Finding{Object: "relink.runs", Problem: "is missing, where relink keeps its runs", Label: Safe, Command: CommandMigrate, Stops: true})
		return nil
	}
	if !c.mayAll(versions, func(f columnFacts) bool { return f.MaySelect }) {
		c.grant("SELECT", migrations.Relink.VersionTable(), migrations.Relink.VersionTable(), "to tell whether it is up to date")
	} else if c.server.OwnUsage {
		if err := c.checkVersion(ctx, conn); err != nil {
			return err
		}
	}
	if !c.mayAll(runs, func(f columnFacts) bool { return f.MaySelect && f.MayInsert && f.MayUpdate }) {
		c.grant("SELECT, INSERT, UPDATE", "relink.runs", "relink.runs", "to keep the runs")
	}
	if marks, there := c.relation(migrations.Schema, "marks"); there &&
		!c.mayAll(marks, func(f columnFacts) bool { return f.MaySelect && f.MayInsert }) {
		c.grant("SELECT, INSERT", "relink.marks", "relink.marks", "to mark what a run has done")
	}
	for _, t := range []struct{ name, purpose string }{
		{"platforms", "to find the platform"}, {"environment", "to tell what the database is"}, {"approvals", "to find the plans that may be carried out"},
	} {
		r, there := c.relation(migrations.Schema, t.name)
		if there && !c.mayAll(r, func(f columnFacts) bool { return f.MaySelect }) {
			c.grant("SELECT", "relink."+t.name, "relink."+t.name, t.purpose)
		}
	}
	return nil
}

func (c *contract) checkVersion(ctx context.Context, conn *pgx.Conn) error {
	var version int64
	err := conn.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM relink.migrations WHERE is_applied").Scan(&version)
	if err != nil {
		return err
	}
	latest, err := migrations.Latest(migrations.Relink)
	switch {
	case err != nil:
		return err
	case version < latest:
		c.add(Finding{
			Object: "schema relink", Label: Safe, Command: CommandMigrate, Stops: true,
			Problem: fmt.Sprintf("is at version %d, this relink needs %d", version, latest),
		})
	case version > latest:
		c.add(Finding{
			Object: "schema relink", Label: Safe, Warning: true,
			Problem: fmt.Sprintf("is at version %d, made by a newer relink; this one knows %d", version, latest),
		})
	}
	return nil
}

// mayAll reports whether something holds for every column of a table.
func (c *contract) mayAll(r relation, may func(columnFacts) bool) bool {
	for _, f := range c.columns {
		if f.Relation == r.OID && !may(f) {
			return false
		}
	}
	return true
}

// grant adds a finding about a privilege that the role lacks.
func (c *contract) grant(privilege, on, object, purpose string) {
	c.add(Finding{
		Object:  object,
		Stops:   true,
		Label:   c.labelOf(on),
		Problem: fmt.Sprintf("role %s lacks %s, %s", c.server.Role, privilege, purpose),
		SQL:     fmt.Sprintf("GRANT %s ON %s TO %s;", privilege, on, c.server.Role),
	})
}

// labelOf is the label of a change of the privileges on something.
func (c *contract) labelOf(on string) Label {
	if on == "SCHEMA "+migrations.Schema || strings.HasPrefix(on, migrations.Schema+".") {
		return Safe
	}
	if strings.HasPrefix(on, c.server.Schema+".") && c.onlyViews() {
		return Safe // they were made for relink
	}
	return Touches
}

// onlyViews reports whether relink works through views.
func (c *contract) onlyViews() bool {
	for _, t := range platformTables {
		if r, there := c.relation(c.schema, t.name); there && r.IsTable {
			return false
		}
	}
	return true
}
