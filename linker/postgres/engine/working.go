package engine

import (
	"context"
	"fmt"

	"relink/linker/postgres"
	"relink/linker/postgres/pg"
)

// DropWorkingTables drops the working tables of the session's run.
func (x *Session) DropWorkingTables(ctx context.Context) error {
	ctx, done := x.during(ctx)
	defer done()
	return x.cause(postgres.DropTables(ctx, x.work, x.opt.Run))
}

// findOwner finds out to whom working tables are handed over: the owner of
// relink's own tables, when this role is a member. A role that lives for one
// lease alone can then be dropped, and the next one can drop the tables.
func (x *Session) findOwner(ctx context.Context) error {
	const query = `
		SELECT coalesce(quote_ident(max(o.rolname)), '')
		FROM pg_class AS c
		JOIN pg_roles AS o ON o.oid = c.relowner
		WHERE c.oid = 'relink.runs'::regclass AND o.rolname <> current_user
		    AND pg_has_role(o.oid, 'USAGE') AND pg_has_role(o.oid, 'MEMBER')
		    AND has_schema_privilege(o.oid, c.relnamespace, 'CREATE')
		    AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)`
	if err := x.work.QueryRow(ctx, query).Scan(&x.owner); err != nil {
		return fmt.Errorf("looking for the owner of relink's tables: %w", err)
	}
	return nil
}

// handOver gives a new working table to the owner of relink's own. A membership
// that does not let a role be set (PostgreSQL 16) keeps it.
func (x *Session) handOver(ctx context.Context, table string) error {
	if x.owner == "" {
		return nil
	}
	_, err := x.work.Exec(ctx, x.texts.Inline("ALTER TABLE run."+table)+" OWNER TO "+x.owner)
	if pg.SQLState(err) == pg.StateNoPrivilege {
		x.owner = ""
		return nil
	}
	if err != nil {
		return fmt.Errorf("handing over table %s: %w", table, err)
	}
	return nil
}
