package linker

import "errors"

// ErrStopped says that a run was asked to stop and did. It can be resumed.
var ErrStopped = errors.New("the run was asked to stop")

// IsTransient reports whether err may be gone on a second attempt: an error in
// its chain says so with a method Transient. Errors that say nothing are not.
func IsTransient(err error) bool {
	var e interface{ Transient() bool }
	return errors.As(err, &e) && e.Transient()
}
