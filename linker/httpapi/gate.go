package httpapi

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// gate is what every attempt goes through, second ones too: a limiter that all
// callers share, and a pause when the server asks for one.
type gate struct {
	limiter *rate.Limiter
	mu      sync.Mutex
	opens   time.Time
}

func newGate(perMinute int) *gate {
	limit := rate.Inf
	if perMinute > 0 {
		limit = rate.Limit(float64(perMinute) / 60)
	}
	// Burst 1: requests are spread evenly, so that no window of a minute,
	// wherever the server lets it begin, has more than the limit.
	return &gate{limiter: rate.NewLimiter(limit, 1)}
}

// wait returns when the next request may be sent.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		pause := time.Until(g.opens)
		g.mu.Unlock()
		if pause <= 0 {
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
	if err := g.limiter.Wait(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	return nil
}

// close blocks all requests for the given pause.
func (g *gate) close(pause time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(pause); until.After(g.opens) {
		g.opens = until
	}
}

// newTransport returns a transport for the given number of concurrent callers,
// all to one server.
func newTransport(connections int) http.RoundTripper {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        connections,
		MaxIdleConnsPerHost: connections,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
	}
}
