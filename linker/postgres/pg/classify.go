package pg

import (
	"errors"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// IsContention reports the errors by which another session gets in a batch's
// way: a second try, later or with fewer rows, may pass. A violated key is one
// of them, since it means that somebody linked the recording or deleted the
// CRM row in between.
func IsContention(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "23505", "23503", "40001", "40P01", "55P03":
		return true
	}
	return false
}

// IsLocked reports the errors of contention that are over once the other session
// is done.
func IsLocked(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "40001", "40P01", "55P03":
		return true
	}
	return false
}

// IsRefusal reports the errors that are about a row and not about the run:
// contention, and what the platform's own constraints and triggers say no to
// (classes 22, 23, 44, and RAISE EXCEPTION).
func IsRefusal(err error) bool {
	if IsContention(err) {
		return true
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	class := e.Code[:min(2, len(e.Code))]
	return class == "22" || class == "23" || class == "44" || e.Code == stateRaised
}

// Refusal is what the database said of a row, on one line. What the platform
// raises on purpose says by itself who speaks.
func Refusal(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err.Error()
	}
	if e.Code == stateRaised {
		return oneSentence(e)
	}
	return Sentence(e)
}

// Sentence is what the database said, on one line, and in which function of the
// platform's.
func Sentence(e *pgconn.PgError) string { return oneSentence(e) + inPlatform(e) }

func oneSentence(e *pgconn.PgError) string { return strings.Join(strings.Fields(e.Message), " ") }

// functionAt finds the innermost function in the context that the server gives
// with an error.
var functionAt = regexp.MustCompile(`^(?:PL/\w+|SQL) function "?([^\s"(]+)"?(?:\(.*?\))?(?: line (\d+))?`)

// inPlatform says of an error that code of the platform's own raised it, which a
// statement of relink set off; "" for other errors.
func inPlatform(e *pgconn.PgError) string {
	at := functionAt.FindStringSubmatch(e.Where)
	if at == nil {
		return ""
	}
	where := at[1] + "()"
	if at[2] != "" {
		where += ", line " + at[2]
	}
	return " (in the platform's own function " + where + ", which a trigger or a default of its table runs)"
}

// IsLasting reports whether the same work would end with the same error tomorrow,
// unless somebody changes the database or its rights: a table that is missing, a
// privilege, a fault in the platform's own code.
func IsLasting(err error) bool {
	var e *pgconn.PgError
	if errors.Is(err, ErrPooled) {
		return true
	}
	if !errors.As(err, &e) || isTransient(err) {
		return false
	}
	if e.Code == StateProtocolViolation {
		return true
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "0A", "22", "23", "28", "2F", "38", "39", "3D", "3F", "42", "44", "P0":
		return true
	}
	return false
}

// IsUnavailable reports whether an error means that the database cannot be reached
// or has no room now, so that a later request may well be served.
func IsUnavailable(err error) bool {
	switch state := SQLState(err); {
	case state == StateTooManyConnections, state == StateQueryCanceled:
		return true
	case state != "":
		return isTransient(err)
	}
	var unreachable *pgconn.ConnectError
	return errors.As(err, &unreachable) || isTransient(err)
}
