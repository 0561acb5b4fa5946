package httpapi

import (
	"crypto/sha256"
	"sync"
	"time"
)

// limits lets each token make so many requests in any minute. It remembers
// when each of the last ones came, and is therefore exact: a bucket that fills
// up lets nearly twice as many through in the minute after a pause.
type limits struct {
	perMinute int // negative: no limit
	mu        sync.Mutex
	tokens    map[[sha256.Size]byte]*window
}

// window is the last requests of one token.
type window struct {
	times []time.Time // a ring once it is full
	next  int         // the oldest of a full ring
}

func newLimits(perMinute int) *limits {
	return &limits{perMinute: perMinute, tokens: map[[sha256.Size]byte]*window{}}
}

// take counts a request at now, or says how long to wait before the next one
// can be counted. A refused request is not counted.
func (l *limits) take(token [sha256.Size]byte, now time.Time) (wait time.Duration) {
	if l.perMinute < 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.tokens[token]
	if w == nil {
		w = &window{}
		l.tokens[token] = w
	}
	if len(w.times) < l.perMinute {
		w.times = append(w.times, now)
		return 0
	}
	if wait := w.times[w.next].Add(time.Minute).Sub(now); wait > 0 {
		return wait
	}
	w.times[w.next] = now
	w.next = (w.next + 1) % l.perMinute
	return 0
}
