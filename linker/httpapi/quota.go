package httpapi

import (
	"io"
	"log"
	"log/slog"
	"sync"
	"time"
)

// quotaPerMinute is how many lines of the log strangers may cause in a minute.
// What they do beyond it is counted, here and in the metrics.
const quotaPerMinute = 60

// quota is how much of something there may be in a minute. The zero value is
// ready for use, also by many at once.
type quota struct {
	mu    sync.Mutex
	since time.Time
	taken int64
}

// take reports whether one more is allowed now. left is how many were refused
// in the minute before, returned once.
func (q *quota) take(now time.Time) (ok bool, left int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now.Sub(q.since) >= time.Minute {
		left = max(0, q.taken-quotaPerMinute)
		q.since, q.taken = now, 0
	}
	q.taken++
	return q.taken <= quotaPerMinute, left
}

// serverLog takes the lines of net/http itself, which strangers cause by broken
// TLS handshakes.
type serverLog struct {
	quota quota
	lines io.Writer
	log   *slog.Logger
}

func newServerLog(l *slog.Logger) *log.Logger {
	return log.New(&serverLog{lines: slog.NewLogLogger(l.Handler(), slog.LevelWarn).Writer(), log: l}, "", 0)
}

func (s *serverLog) Write(line []byte) (int, error) {
	ok, left := s.quota.take(time.Now())
	if left > 0 {
		s.log.Warn("broken connections, not listed", "connections", left)
	}
	if !ok {
		return len(line), nil
	}
	return s.lines.Write(line)
}
