package pg

import (
	"errors"
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
	return class == "22" || class == "23" || class == "44" || e.Code == "P0001"
}

// Refusal is what the database said, on one line.
func Refusal(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err.Error()
	}
	return strings.Join(strings.Fields(e.Message), " ")
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
