package linker

import "errors"

// ErrStopped is returned by a run that was asked to stop and did. It can be
// resumed.
var ErrStopped = errors.New("the run was asked to stop")

// IsTransient reports whether another attempt may succeed after err: whether an
// error in its chain has a method Transient that returns true.
func IsTransient(err error) bool {
	var e interface{ Transient() bool }
	return errors.As(err, &e) && e.Transient()
}
