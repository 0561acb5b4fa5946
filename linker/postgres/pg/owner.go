package pg

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// StrangerError says that schema relink belongs to a role that this session has
// no reason to trust: what it reads there could call functions of that role's
// with its own rights.
type StrangerError struct {
	Owner string // as SQL writes it
	Role  string // this session's
}

func (e *StrangerError) Error() string {
	return fmt.Sprintf("schema relink belongs to role %s, which is neither this role, nor one that it is a member of, nor the database's owner", e.Owner)
}

// Hint is what to do about it.
func (e *StrangerError) Hint() string {
	return fmt.Sprintf("if %s made it for relink, connect as that role, or make %s a member of it; if nobody knows how it came there, drop it", e.Owner, e.Role)
}

// CheckOwner returns a *StrangerError when somebody else than a superuser, the
// database's owner, this role or a role that it is a member of owns schema relink.
// A superuser counts as a member of those roles only that it was made one of.
func CheckOwner(ctx context.Context, conn *pgx.Conn) error {
	const query = `
		WITH RECURSIVE own AS (
		    SELECT oid FROM pg_roles WHERE rolname = current_user
		    UNION
		    SELECT m.roleid FROM pg_auth_members AS m JOIN own ON own.oid = m.member
		)
		SELECT quote_ident(o.rolname), quote_ident(current_user)
		FROM pg_namespace AS n
		JOIN pg_roles AS o ON o.oid = n.nspowner
		WHERE n.nspname = 'relink'
		    AND NOT o.rolsuper
		    AND o.oid NOT IN (SELECT oid FROM own)
		    AND o.oid <> (SELECT datdba FROM pg_database WHERE datname = current_database())`
	var e StrangerError
	switch err := conn.QueryRow(ctx, query).Scan(&e.Owner, &e.Role); {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("asking who owns schema relink: %w", err)
	}
	return &e
}
