package postgres

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"strconv"

	"github.com/jackc/pgx/v5"

	"relink/linker"
)

// Operator is who is at work over a connection.
func Operator(ctx context.Context, conn *pgx.Conn) (linker.Operator, error) {
	o := LocalOperator()
	if err := conn.QueryRow(ctx, "SELECT session_user").Scan(&o.Role); err != nil {
		return o, fmt.Errorf("asking who this is: %w", err)
	}
	return o, nil
}

// LocalOperator is who is at work on this machine, in no database.
func LocalOperator() linker.Operator {
	return linker.Operator{User: systemUser(), Host: Hostname()}
}

// systemUser is the user of this process; in a container it may have no name.
func systemUser() string {
	u, err := user.Current()
	if err != nil {
		return "user " + strconv.Itoa(os.Getuid())
	}
	return u.Username
}

// Hostname is the name of this machine, as runs record it.
func Hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "an unnamed host"
	}
	return name
}
