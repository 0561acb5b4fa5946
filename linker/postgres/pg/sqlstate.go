package pg

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// The SQLSTATE codes that say something to the person, or decide what a run
// does next.
const (
	StateProtocolViolation  = "08P01"
	StateIdleInTransaction  = "25P03"
	StateTransactionTimeout = "25P04"
	StateIdleSession        = "57P05"
	StateForeignKey         = "23503"
	StateUnique             = "23505"
	StateReadOnly           = "25006"
	StateNoPrepared         = "26000"
	StateNotAuthorised      = "28000"
	StateWrongPassword      = "28P01"
	StateNoDatabase         = "3D000"
	StateNoSchema           = "3F000"
	StateSerialization      = "40001"
	StateDeadlock           = "40P01"
	StateNoPrivilege        = "42501"
	StateNoColumn           = "42703"
	StateWrongType          = "42804"
	StateNoFunction         = "42883"
	StateNoTable            = "42P01"
	StateDuplicatePrepared  = "42P05"
	StateDiskFull           = "53100"
	StateOutOfMemory        = "53200"
	StateTooManyConnections = "53300"
	StateLockNotAvailable   = "55P03"
	StateQueryCanceled      = "57014"
	StateAdminShutdown      = "57P01"
	StateCrashShutdown      = "57P02"
	StateCannotConnectNow   = "57P03"
	stateRaised             = "P0001"
	StateIOError            = "58030"
	StateDataCorrupted      = "XX001"
	StateIndexCorrupted     = "XX002"
)

// classConnection begins the codes of a connection that is lost or in disorder.
const classConnection = "08"

// SQLState returns the code that the server gave, or "" when the error is not
// the server's.
func SQLState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}
