package main

import (
	"errors"
	"strings"

	"relink/linker/postgres"
)

// explained is an error of the database in words that say what to do about it.
type explained struct {
	message string
	err     error
}

func (e *explained) Error() string { return e.message }
func (e *explained) Unwrap() error { return e.err }

// explainDatabase finds the words for an error of the database. ok is false
// for any other error.
func explainDatabase(err error) (message, hint string, ok bool) {
	if err == nil {
		return "", "", false
	}
	message, hint, ok = postgres.Explain(err)
	if ok && strings.HasPrefix(message, "the database says: ") {
		message = doing(err) + message
	}
	return message, hint, ok
}

// inWords is an error in the words of explainDatabase, if it has some.
func inWords(err error) string {
	if message, _, ok := explainDatabase(err); ok {
		return message
	}
	return err.Error()
}

// doing is the part of an error that tells what was being done, up to the
// error that the server gave; "" when it cannot be told apart.
func doing(err error) string {
	inner := err
	for {
		next := errors.Unwrap(inner)
		if next == nil {
			break
		}
		inner = next
	}
	before, ok := strings.CutSuffix(err.Error(), inner.Error())
	if !ok || strings.Contains(before, "failed to connect") {
		return ""
	}
	return before
}
