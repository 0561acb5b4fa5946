package pg

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
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

// NewError returns an error with this sentence and hint, that is about the run:
// it is not transient and wraps nothing.
func NewError(message, hint string) *Error { return &Error{message: message, hint: hint} }

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
		hint, ok := ServerHints[pgErr.Code]
		if inPlatform(pgErr) != "" && !isTransient(pgErr) {
			hint, ok = "the platform's owner has to fix that function; relink ran into it by writing a link", true
		}
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
	// HintTables is what to do when a table or a column is not there.
	HintTables = "`relink db check` tells what is missing; `relink db migrate` makes relink's own tables, " +
		"--schema names the schema of the platform's, and `relink db adapt` shows them to relink where they have other names"
	hintTimeouts = "something between relink and the server, or the server itself, ends idle sessions: run the command again"
	hintShutdown = "wait until the server is up again, then run the command again"
	hintDamage   = "have the server's administrator look at its log and its disk before anything else is written"
)

// ServerHints are what to do, by the code that the server gave.
var ServerHints = map[string]string{
	StateProtocolViolation: "a connection pooler such as pgbouncer answers so, also when it pools by transaction or by statement: " + hintPooled,
	StateNoPrepared:        hintPooled,
	StateDuplicatePrepared: hintPooled,
	StateReadOnly:          "connect to the primary server, with a role that may write; adding target_session_attrs=read-write to the URL finds it among several hosts",
	StateNotAuthorised:     "check the user in the URL (or PGUSER), and that pg_hba.conf lets it connect from this machine",
	StateWrongPassword:     "check user and password in the URL, PGPASSWORD or ~/.pgpass",
	StateNoDatabase:        "check the database's name at the end of the URL (or PGDATABASE)",
	StateNoSchema:          HintTables,
	StateNoTable:           HintTables,
	StateNoColumn:          HintTables,
	StateWrongType:         HintTables,
	StateNoFunction:        HintTables,
	StateNoPrivilege:       "`relink db check` prints the GRANT statements that this role lacks",
	StateSerialization:     "run the command again",
	StateDeadlock:          "run the command again",
	StateLockNotAvailable:  "another session holds a lock on these tables: wait for it to end, then run the command again",
	StateDiskFull:          "free disk space on the server, then run the command again",
	StateOutOfMemory:       "use fewer --lanes, or give the server more memory",
	StateTooManyConnections: "use fewer --lanes, or raise max_connections or the role's connection limit; " +
		"relink needs three connections and one for each lane",
	StateQueryCanceled:      "a user or a timeout of the server cancelled the statement: run the command again",
	StateIdleInTransaction:  hintTimeouts,
	StateIdleSession:        hintTimeouts,
	StateTransactionTimeout: hintTimeouts,
	StateAdminShutdown:      hintShutdown,
	StateCrashShutdown:      hintShutdown,
	StateCannotConnectNow:   hintShutdown,
	StateIOError:            hintDamage,
	StateDataCorrupted:      hintDamage,
	StateIndexCorrupted:     hintDamage,
}

// serverSays returns the server's own sentence, which names the table, role or
// database meant, and its detail, in our form.
func serverSays(e *pgconn.PgError) string {
	message := "the database says: " + e.Message
	if e.Detail != "" {
		message += " (" + strings.TrimSuffix(e.Detail, ".") + ")"
	}
	return message + inPlatform(e)
}

// explainConnect tells why no session came about, when it was not the server
// that refused it.
func explainConnect(err *pgconn.ConnectError) (message, hint string, ok bool) {
	where := addresses(err.Config)
	var dnsErr *net.DNSError
	switch {
	case errors.As(err, &dnsErr) && dnsErr.IsNotFound:
		return fmt.Sprintf("the database's host %q is not known", dnsErr.Name),
			"check the host in the URL (or PGHOST)", true
	case errors.As(err, &dnsErr):
		return fmt.Sprintf("the database's host %q cannot be looked up: %s", dnsErr.Name, dnsErr.Err),
			"check that the name server answers", true
	case errors.Is(err, syscall.ENOENT):
		return "there is no database server at " + where,
			"start the server, or check the host in the URL (or PGHOST); without one, relink looks for a local socket", true
	case errors.Is(err, syscall.EACCES):
		return "this user may not use the database's socket at " + where,
			"run relink as a user who may enter that folder", true
	case errors.Is(err, syscall.ECONNREFUSED):
		return "no database server answers at " + where,
			"start the server, or check host and port in the URL (or PGHOST, PGPORT)", true
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no route to the database server at " + where,
			"check the host in the URL (or PGHOST), and the network", true
	case isAttributes(err):
		return "no database server at " + where + " is what target_session_attrs in the URL asks for",
			"wait until the failover is over, or check target_session_attrs", true
	case isTLS(err):
		return fmt.Sprintf("no TLS with the database server at %s: %s", where, oneLine(err)),
			"check sslmode, sslrootcert and the host's name in the URL", true
	case isTimeout(err):
		return fmt.Sprintf("the database server at %s did not answer in time", where),
			"check the host, and that no firewall is in between", true
	case isLost(err), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF):
		return fmt.Sprintf("the database server at %s ended the connection before it was made", where),
			"check that PostgreSQL is what listens there, and the sslmode in the URL", true
	}
	return fmt.Sprintf("cannot connect to the database at %s: %s", where, oneLine(err)), "check the URL", true
}

// isAttributes reports whether no server was of the kind that the URL asks for.
func isAttributes(err error) bool {
	for _, wrong := range []error{
		pgconn.ErrReadOnlyConnection, pgconn.ErrReadWriteConnection, pgconn.ErrPrimaryConnection, pgconn.ErrStandbyConnection,
	} {
		if errors.Is(err, wrong) {
			return true
		}
	}
	return false
}

// oneLine is what the attempts to connect ended with, each reason once.
func oneLine(err error) string {
	var reasons []string
	for _, attempt := range leaves(err) {
		inner := attempt
		for next := attempt; next != nil; next = errors.Unwrap(next) {
			inner = next
		}
		if text := strings.Join(strings.Fields(inner.Error()), " "); !slices.Contains(reasons, text) {
			reasons = append(reasons, text)
		}
	}
	return strings.Join(reasons, "; ")
}

// addresses lists the addresses that were tried.
func addresses(cfg *pgconn.Config) string {
	list := []string{Address(cfg.Host, cfg.Port)}
	for _, f := range cfg.Fallbacks { // the same host without TLS is one of them
		if a := Address(f.Host, f.Port); !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return strings.Join(list, ", ")
}

// Address returns where a connection was to go: the socket's file, or host and
// port.
func Address(host string, port uint16) string {
	number := strconv.Itoa(int(port))
	if filepath.IsAbs(host) {
		return filepath.Join(host, ".s.PGSQL."+number)
	}
	return net.JoinHostPort(host, number)
}

// isTransient reports whether the same work may well succeed a moment later:
// after a lost connection, a server that restarts, fails over or is not up, or a
// conflict with another transaction. It is false when the caller ended the work,
// and for a connection that is refused for a reason that stays: password, role,
// database, TLS.
func isTransient(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var connectErr *pgconn.ConnectError
	if errors.As(err, &connectErr) {
		return !isRefusedForGood(connectErr)
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return transientStates[pgErr.Code] ||
			strings.HasPrefix(pgErr.Code, classConnection) && pgErr.Code != StateProtocolViolation ||
			pgErr.Routine == "RevalidateCachedQuery" // a table was altered under a prepared statement
	}
	return isLost(err)
}

// transientStates are those in which the server asks, as it were, to come back
// later.
var transientStates = map[string]bool{
	StateAdminShutdown: true, StateCrashShutdown: true, StateCannotConnectNow: true, StateIdleSession: true,
	StateIdleInTransaction: true, StateTransactionTimeout: true,
	StateReadOnly:           true, // of a primary that is one no more
	StateTooManyConnections: true,
	StateSerialization:      true, StateDeadlock: true, StateLockNotAvailable: true,
}

// isRefusedForGood reports whether a connection failed for a reason that stays.
// Of several hosts, and of attempts with and without TLS, one Refusal by a server
// is enough: what the others say then matters no more.
func isRefusedForGood(err *pgconn.ConnectError) bool {
	attempts := leaves(err)
	onlyTLS := true
	for _, attempt := range attempts {
		switch SQLState(attempt) {
		case StateWrongPassword, StateNotAuthorised, StateNoDatabase, StateNoPrivilege, StateProtocolViolation:
			return true
		}
		onlyTLS = onlyTLS && isTLS(attempt)
	}
	return onlyTLS
}

// isTLS reports whether client and server cannot agree on TLS.
func isTLS(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
	)
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert) ||
		strings.Contains(err.Error(), "server refused TLS connection") // pgconn has no name for it
}

// leaves returns the errors that were joined into err, or err alone.
func leaves(err error) []error {
	for next := err; next != nil; next = errors.Unwrap(next) {
		if joined, ok := next.(interface{ Unwrap() []error }); ok {
			var all []error
			for _, e := range joined.Unwrap() {
				all = append(all, leaves(e)...)
			}
			return all
		}
	}
	return []error{err}
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
