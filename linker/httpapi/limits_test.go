package httpapi

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// However requests come, no minute has more than the limit, and one that is
// refused would have been one too many.
func TestLimitIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		l := newLimits(limit, 1)
		now := time.Now()
		var taken []time.Time
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "pause")))
			inMinute := 0
			for _, at := range taken {
				if now.Sub(at) < time.Minute {
					inMinute++
				}
			}
			wait := l.take("o-1", now)
			if allowed := wait <= 0; allowed != (inMinute < limit) {
				t.Fatalf("allowed %v after %d requests in the last minute, limit %d", allowed, inMinute, limit)
			}
			if wait <= 0 {
				taken = append(taken, now)
				continue
			}
			// Waiting that long helps, and waiting less does not.
			if l.take("o-1", now.Add(wait-1)) <= 0 {
				t.Fatalf("a request was let through %v too early", wait)
			}
		}
	})
}

func TestNoLimit(t *testing.T) {
	t.Parallel()
	l := newLimits(-1, 1)
	for range 100_000 {
		if l.take("o-1", time.Time{}) > 0 {
			t.Fatal("a request was refused without a limit")
		}
	}
}
