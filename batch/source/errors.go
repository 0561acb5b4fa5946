package source

import "errors"

// IsUnreadable reports whether err is about an input as a whole: it
// cannot be read to its end as it is, now or later.
func IsUnreadable(err error) bool {
	var e *inputError
	return errors.As(err, &e)
}

// inputError is what is wrong with the input as a whole.
type inputError struct {
	place string // the file, or file:line; "" when there is none
	what  string
	hint  string
	err   error // the cause, nil when what is all there is
}

func (e *inputError) Error() string {
	if e.place == "" {
		return e.what
	}
	return e.place + ": " + e.what
}

// Hint returns what to do about it.
func (e *inputError) Hint() string { return e.hint }

func (e *inputError) Unwrap() error { return e.err }
