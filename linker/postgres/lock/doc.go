// Package lock holds the advisory locks by which runs know of each other, and finds
// out who holds a lock that is waited for. A lock belongs to the session that took
// it: it is gone when the session is.
package lock
