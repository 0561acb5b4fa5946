package httpapi

import (
	"context"
	"errors"
	"sync"
	"time"
)

// limits bounds the requests of each organization, however many tokens it has:
// a number per minute, and a number that use the database at the same time. It
// remembers the times of the latest requests and is therefore exact: a token
// bucket allows nearly twice as many in the minute after a pause.
type limits struct {
	perMinute     int // negative: no limit
	atOnce        int
	mu            sync.Mutex
	organizations map[string]*usage // at most those named in the tokens file
}

// usage is what one organization has asked for.
type usage struct {
	times []time.Time // of its last requests: a ring once it is full
	next  int         // the oldest of a full ring

	slots  chan struct{} // one for each request that is using the database
	inHand int           // using the database or waiting for it
}

// maxInHand is how many requests of an organization may wait for the database.
// They cost their memory only.
const maxInHand = 1024

func newLimits(perMinute, atOnce int) *limits {
	return &limits{perMinute: perMinute, atOnce: atOnce, organizations: map[string]*usage{}}
}

// of returns the usage of an organization. The caller holds mu.
func (l *limits) of(organization string) *usage {
	u := l.organizations[organization]
	if u == nil {
		u = &usage{slots: make(chan struct{}, l.atOnce)}
		l.organizations[organization] = u
	}
	return u
}

// take counts a request at now, or returns how long to wait before the next one
// can be counted. A refused request is not counted.
func (l *limits) take(organization string, now time.Time) (wait time.Duration) {
	if l.perMinute < 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.of(organization)
	if len(u.times) < l.perMinute {
		u.times = append(u.times, now)
		return 0
	}
	if wait := u.times[u.next].Add(time.Minute).Sub(now); wait > 0 {
		return wait
	}
	u.times[u.next] = now
	u.next = (u.next + 1) % l.perMinute
	return 0
}

// errInHand is returned when an organization has too many requests in flight.
var errInHand = errors.New("too many requests at once")

// enter waits until a request of the organization may ask the database, so that
// one organization cannot keep all connections busy. The caller calls leave
// when the error is nil.
func (l *limits) enter(ctx context.Context, organization string) (leave func(), err error) {
	l.mu.Lock()
	u := l.of(organization)
	full := u.inHand >= maxInHand
	if !full {
		u.inHand++
	}
	l.mu.Unlock()
	if full {
		return nil, errInHand
	}
	out := func() {
		l.mu.Lock()
		u.inHand--
		l.mu.Unlock()
	}
	select {
	case u.slots <- struct{}{}:
		return func() { <-u.slots; out() }, nil
	case <-ctx.Done():
		out()
		return nil, errInHand
	}
}
