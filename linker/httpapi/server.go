package httpapi

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// How long a connection may take for its parts. A caller sends a few hundred
// bytes: one that takes longer is stuck, or means to hold connections.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	// writeTimeout is longer than readTimeout and DefaultTimeout together, so
	// that the result from the database can still be sent.
	writeTimeout = 30 * time.Second
	idleTimeout  = 2 * time.Minute
	// maxIdle is how many connections may wait for their next request, or
	// for their first.
	maxIdle = 1024
	// maxHeader is ample for a token and a path with an id in it.
	maxHeader = 16 << 10
)

// NewServer returns a server for h with all timeouts set, which keeps a bounded
// number of idle connections. Messages of net/http (broken TLS handshakes) go
// to log, or nowhere when it is nil.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          newServerLog(log),
		ConnState:         newIdle(maxIdle).change,
	}
}

// IsLoopback reports whether only this machine can reach the address, a host
// and port. An empty host is every address of the machine.
func IsLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
