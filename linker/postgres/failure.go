package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// Error is an error of the database that answers for itself: it says in one
// sentence what went wrong, in another what to do about it, and whether to try
// again.
type Error struct {
	message   string
	hint      string
	transient bool
	err       error
}

func (e *Error) Error() string { return e.message }
func (e *Error) Unwrap() error { return e.err }

// Hint is what to do about it, "" when there is nothing better than the message.
func (e *Error) Hint() string { return e.hint }

// Transient reports whether the same work may well succeed a moment later: see
// linker.IsTransient.
func (e *Error) Transient() bool { return e.transient }

// Explain turns an error of the database into an *Error. It returns any other
// error, and one that is an *Error already, as it is. The methods of a Session
// return errors that are explained.
func Explain(err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	message, hint, ok := explain(err)
	transient := isTransient(err)
	if !ok && !transient {
		return err
	}
	if !ok {
		message = err.Error()
	}
	return &Error{message: message, hint: hint, transient: transient, err: err}
}

// explain finds the words for an error. ok is false for an error that is not of
// the database, or of which it knows nothing better than the error's own text.
func explain(err error) (message, hint string, ok bool) {
	var (
		parseErr   *pgconn.ParseConfigError
		connectErr *pgconn.ConnectError
		pgErr      *pgconn.PgError
		hinted     interface{ Hint() string }
	)
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return "", "", false
	case errors.Is(err, ErrPooled):
		return ErrPooled.Error(), hintPooled, true
	case errors.As(err, &hinted): // such as server programs that are missing
		return "", "", false
	case errors.As(err, &parseErr):
		// Its own text holds the whole URL, with a password that is masked
		// only where it is recognised.
		return "the database URL cannot be read",
			"write it as postgres://user:password@host:5432/database, with special characters in the password percent-encoded", true
	case errors.As(err, &pgErr):
		hint, ok := serverHints[pgErr.Code]
		return doing(err) + serverSays(pgErr), hint, ok
	case errors.As(err, &connectErr):
		return explainConnect(connectErr)
	case isLost(err):
		return "the connection to the database was lost",
			"see in the server's log whether it was restarted or ran out of memory, then run the command again", true
	}
	return "", "", false
}

// doing is the part of an error that says what was being done, up to the error
// that the server gave; "" when the two cannot be told apart.
func doing(err error) string {
	inner := err
	for next := err; next != nil; next = errors.Unwrap(next) {
		inner = next
	}
	before, ok := strings.CutSuffix(err.Error(), inner.Error())
	if !ok || strings.Contains(before, "failed to connect") {
		return ""
	}
	return before
}

const hintPooled = "give --database the address of PostgreSQL itself, or of a pool in session mode (pool_mode = session in pgbouncer)"

const (
	hintTables = "`relink db check` tells what is missing; `relink db migrate` makes relink's own tables, " +
		"--schema names the schema of the platform's, and `relink db migrate --platform` makes those in a local database"
	hintShutdown = "wait until the server is up again, then run the command again"
	hintDamage   = "have the server's administrator look at its log and its disk before anything else is written"
)

// serverHints are what to do, by the code that the server gave.
var serverHints = map[string]string{
	stateNoPrepared:        hintPooled,
	stateDuplicatePrepared: hintPooled,
	stateReadOnly:          "connect to the primary server, with a role that may write; adding target_session_attrs=read-write to the URL finds it among several hosts",
	stateNotAuthorised:     "check the user in the URL (or PGUSER), and that pg_hba.conf lets it connect from this machine",
	stateWrongPassword:     "check user and password in the URL, PGPASSWORD or ~/.pgpass",
	stateNoDatabase:        "check the database's name at the end of the URL (or PGDATABASE)",
	stateNoSchema:          hintTables,
	stateNoTable:           hintTables,
	stateNoColumn:          hintTables,
	stateWrongType:         hintTables,
	stateNoFunction:        hintTables,
	stateNoPrivilege:       "`relink db check` prints the GRANT statements that this role lacks",
	stateSerialization:     "run the command again",
	stateDeadlock:          "run the command again",
	stateLockNotAvailable:  "another session holds a lock on these tables: wait for it to end, then run the command again",
	stateDiskFull:          "free disk space on the server, then run the command again",
	stateOutOfMemory:       "use fewer --lanes, or give the server more memory",
	stateTooManyConnections: "use fewer --lanes, or raise max_connections or the role's connection limit; " +
		"relink needs three connections and one for each lane",
	stateQueryCanceled:    "somebody or a timeout of the server cancelled the statement: run the command again",
	stateAdminShutdown:    hintShutdown,
	stateCrashShutdown:    hintShutdown,
	stateCannotConnectNow: hintShutdown,
	stateIOError:          hintDamage,
	stateDataCorrupted:    hintDamage,
	stateIndexCorrupted:   hintDamage,
}

// serverSays returns the server's own sentence, which names the table, role or
// database meant, and its detail, in our form.
func serverSays(e *pgconn.PgError) string {
	message := "the database says: " + e.Message
	if e.Detail != "" {
		message += " (" + strings.TrimSuffix(e.Detail, ".") + ")"
	}
	return message
}

// explainConnect tells why no session came about, when it was not the server
// that refused it.
func explainConnect(err *pgconn.ConnectError) (message, hint string, ok bool) {
	where := address(err.Config)
	var dnsErr *net.DNSError
	switch {
	case errors.As(err, &dnsErr):
		return fmt.Sprintf("the database's host %q is not known", dnsErr.Name),
			"check the host in the URL (or PGHOST)", true
	case errors.Is(err, syscall.ENOENT):
		return "there is no database server at " + where,
			"start the server, or check the host in the URL (or PGHOST); without one, relink looks for a local socket", true
	case errors.Is(err, syscall.EACCES):
		return "this user may not use the database's socket at " + where,
			"run relink as a user who may enter that folder", true
	case errors.Is(err, syscall.ECONNREFUSED):
		return "no database server answers at " + where,
			"start the server, or check host and port in the URL (or PGHOST, PGPORT)", true
	case isTimeout(err):
		return fmt.Sprintf("the database server at %s did not answer in time", where),
			"check the host, and that no firewall is in between", true
	case isLost(err):
		return fmt.Sprintf("the database server at %s ended the connection before it was made", where),
			"check that PostgreSQL is what listens there, and the sslmode in the URL", true
	}
	return "", "", false
}

// address returns where a connection was to go: the socket's file, or host and
// port.
func address(cfg *pgconn.Config) string {
	port := strconv.Itoa(int(cfg.Port))
	if filepath.IsAbs(cfg.Host) {
		return filepath.Join(cfg.Host, ".s.PGSQL."+port)
	}
	return net.JoinHostPort(cfg.Host, port)
}

// isTransient reports whether the same work may well succeed a moment later:
// after a lost connection, a server that restarts or is not up, or a conflict
// with another transaction. It is false when the caller ended the work.
func isTransient(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	switch code := sqlState(err); code {
	case stateAdminShutdown, stateCrashShutdown, stateCannotConnectNow, stateSerialization, stateDeadlock:
		return true
	case "":
	default:
		return strings.HasPrefix(code, classConnection)
	}
	var connectErr *pgconn.ConnectError
	if errors.As(err, &connectErr) {
		return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) || isTimeout(err) || isLost(err)
	}
	return isLost(err)
}

// isLost tells whether the way to the server broke, on a connection made by
// this package.
func isLost(err error) bool {
	var wireErr *wireError
	return errors.As(err, &wireErr) || errors.Is(err, pgconn.ErrConnClosed)
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netErr) && netErr.Timeout()
}
