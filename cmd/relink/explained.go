package main

import "relink/linker/postgres"

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
	return postgres.Explain(err)
}
