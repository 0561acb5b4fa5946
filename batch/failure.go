package batch

// inputError says what is wrong with the input as a whole.
type inputError struct {
	place string // the file, or file:line; "" when there is none
	what  string
	hint  string
	err   error // the cause, nil when what says it all
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
