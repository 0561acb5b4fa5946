package dbcheck

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/migrations"
)

//go:embed sql/approvals.sql
var approvalsSQL string

// approvalFacts describe what this role could do where plans must be approved.
type approvalFacts struct {
	Required  bool // plans must be approved
	Superuser bool
	Forges    bool // it may approve in the name of another role
	Lifts     bool // it may switch the setting off
	Others    bool // another role may approve
}

// checkApprovals finds out, where plans must be approved, whether privileges keep
// this role from approving its own ones.
func (c *contract) checkApprovals(ctx context.Context, conn *pgx.Conn) error {
	for _, name := range []string{"environment", "approvals"} {
		r, there := c.relation(migrations.Schema, name)
		if !there || !c.server.OwnUsage || !c.mayAll(r, func(f columnFacts) bool { return f.MaySelect }) {
			return nil // there is a finding about that already
		}
	}
	found, err := collect[approvalFacts](ctx, conn, approvalsSQL)
	if err != nil || len(found) == 0 || !found[0].Required {
		return err
	}
	is, role := found[0], c.server.Role
	note := func(object, problem, sql, ask string) {
		c.add(Finding{Object: object, Problem: problem, Label: Safe, SQL: sql, Ask: ask, Warning: true})
	}
	switch {
	case is.Superuser:
		note("role "+role, "is a superuser: nothing keeps it from approving its own plans in another role's name", "",
			"let a role that is none write links: relink help permissions")
	default:
		if is.Forges {
			note("relink.approvals", fmt.Sprintf("role %s may approve its own plans in another role's name", role),
				fmt.Sprintf("REVOKE INSERT, UPDATE ON relink.approvals FROM %s;", role), "")
		}
		if is.Lifts {
			note("relink.environment", fmt.Sprintf("role %s may write without approval by `relink db require-approval off`", role),
				fmt.Sprintf("REVOKE INSERT, UPDATE, DELETE ON relink.environment FROM %s;", role), "")
		}
	}
	if !is.Others {
		note("relink.approvals", "no other role may approve the plans of role "+role, "",
			"GRANT USAGE ON SCHEMA relink, SELECT ON ALL TABLES IN SCHEMA relink and INSERT (run, kind, platform_schema, of_run, "+
				"source_sha256, options, plan_sha256, reason, operator_user, operator_host) ON relink.approvals to the role that approves")
	}
	return nil
}
