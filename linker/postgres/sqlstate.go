package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// The SQLSTATE codes that say something to the person, or decide what a run
// does next.
const (
	stateProtocolViolation  = "08P01"
	stateIdleInTransaction  = "25P03"
	stateTransactionTimeout = "25P04"
	stateIdleSession        = "57P05"
	stateForeignKey         = "23503"
	stateUnique             = "23505"
	stateReadOnly           = "25006"
	stateNoPrepared         = "26000"
	stateNotAuthorised      = "28000"
	stateWrongPassword      = "28P01"
	stateNoDatabase         = "3D000"
	stateNoSchema           = "3F000"
	stateSerialization      = "40001"
	stateDeadlock           = "40P01"
	stateNoPrivilege        = "42501"
	stateNoColumn           = "42703"
	stateWrongType          = "42804"
	stateNoFunction         = "42883"
	stateNoTable            = "42P01"
	stateDuplicatePrepared  = "42P05"
	stateDiskFull           = "53100"
	stateOutOfMemory        = "53200"
	stateTooManyConnections = "53300"
	stateLockNotAvailable   = "55P03"
	stateQueryCanceled      = "57014"
	stateAdminShutdown      = "57P01"
	stateCrashShutdown      = "57P02"
	stateCannotConnectNow   = "57P03"
	stateIOError            = "58030"
	stateDataCorrupted      = "XX001"
	stateIndexCorrupted     = "XX002"
)

// classConnection begins the codes of a connection that is lost or in disorder.
const classConnection = "08"

// sqlState returns the code that the server gave, or "" when the error is not
// the server's.
func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}
