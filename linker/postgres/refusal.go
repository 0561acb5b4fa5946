package postgres

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// isContention tells the errors by which another session gets in a batch's
// way: a second try, later or with fewer rows, may pass. A violated key is one
// of them, since it means that somebody linked the recording or deleted the
// CRM row in between.
func isContention(err error) bool {
	var pg *pgconn.PgError
	if errors.Is(err, errHalfDone) {
		return true
	}
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "23505", "23503", "40001", "40P01", "55P03":
		return true
	}
	return false
}

// isLocked tells the errors of contention that are over once the other session
// is done.
func isLocked(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "40001", "40P01", "55P03":
		return true
	}
	return false
}

// isRefusal tells the errors that are about a row and not about the run:
// contention, and what the platform's own constraints and triggers say no to
// (classes 22, 23, 44, and RAISE EXCEPTION).
func isRefusal(err error) bool {
	if isContention(err) {
		return true
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	class := pg.Code[:min(2, len(pg.Code))]
	return class == "22" || class == "23" || class == "44" || pg.Code == "P0001"
}

// refusal is what the database said, on one line.
func refusal(err error) string {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err.Error()
	}
	return strings.Join(strings.Fields(pg.Message), " ")
}
