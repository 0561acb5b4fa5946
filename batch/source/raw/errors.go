package raw

import "errors"

// IsUnreadable reports whether err concerns an input as a whole: it cannot be
// read to its end, now or later.
func IsUnreadable(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// Error describes what is wrong with an input as a whole.
type Error struct {
	Place  string // the file, or file:line; "" when there is none
	What   string
	Remedy string
	Err    error // the cause, nil when what is the whole message
}

func (e *Error) Error() string {
	if e.Place == "" {
		return e.What
	}
	return e.Place + ": " + e.What
}

// Hint returns what to do about it.
func (e *Error) Hint() string { return e.Remedy }

func (e *Error) Unwrap() error { return e.Err }
