package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"relink/linker"
)

// Linker is the database behind the operation. To a caller of one organization,
// no data of another exists.
type Linker interface {
	// Put links the recording of a row that Check found good.
	Put(ctx context.Context, organization string, c linker.Checked) (linker.Decision, linker.Entity, error)
	// Delete clears the current link if it is to the row's CRM row.
	Delete(ctx context.Context, organization string, c linker.Checked) (removed bool, r linker.Decision, err error)
	// Ping reports whether the database is usable.
	Ping(ctx context.Context) error
}

// Config is what a Handler works with. Linker and Tokens are required.
type Config struct {
	Linker Linker
	Tokens *Tokens
	// PerMinute is how many requests each organization may make per minute,
	// with all of its tokens together. Defaults to DefaultPerMinute; a negative
	// number means no limit.
	PerMinute int
	// AtOnce is how many requests of one organization may ask the Linker at
	// once; further ones wait. It should be less than the Linker can serve.
	// Defaults to DefaultAtOnce.
	AtOnce int
	// IsUnavailable distinguishes the errors of a Linker whose database cannot
	// be reached now (503) from permanent faults (500). Nil treats every error
	// as unavailability.
	IsUnavailable func(error) bool
	// Log takes a line for each request. Nil means none.
	Log *slog.Logger
	// Timeout bounds what one request may ask of the Linker. Defaults to
	// DefaultTimeout.
	Timeout time.Duration
}

const (
	// DefaultPerMinute is the limit that the platform's own operation has.
	DefaultPerMinute = 1000
	// DefaultAtOnce is half of a server's default number of connections.
	DefaultAtOnce = 4
	// DefaultTimeout is shorter than the time that clients and proxies wait, so
	// that they get an answer with the reason.
	DefaultTimeout = 10 * time.Second
	// readyTimeout bounds the look at the database for /readyz.
	readyTimeout = 2 * time.Second
)

// Handler serves the operation, its description and what operators need. It is
// safe for concurrent use.
type Handler struct {
	cfg       Config
	limits    *limits
	metrics   *metrics
	strangers quota // of lines in the log
	draining  atomic.Bool
}

// NewHandler returns a Handler.
func NewHandler(cfg Config) *Handler {
	cfg.PerMinute = cmp.Or(cfg.PerMinute, DefaultPerMinute)
	cfg.AtOnce = cmp.Or(cfg.AtOnce, DefaultAtOnce)
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{cfg: cfg, limits: newLimits(cfg.PerMinute, cfg.AtOnce), metrics: newMetrics()}
}

// Drain makes /readyz fail, so that a balancer sends nothing more while the
// requests in flight are finished.
func (h *Handler) Drain() { h.draining.Store(true) }

// ServeHTTP answers a request of the callers: for the operation, its
// description, or /healthz.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.answer(w, r, h.route) }

// Operators serves the operators of the server: /readyz, /metrics and /healthz.
// They need no token and cover all organizations, so they belong at an address
// that callers cannot reach.
func (h *Handler) Operators() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.answer(w, r, func(x *exchange) {
			h.look(x, map[string]func(*exchange){"/healthz": h.healthy, "/readyz": h.ready, "/metrics": h.expose})
		})
	})
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, route func(*exchange)) {
	x := newExchange(w, r)
	h.metrics.begin()
	defer h.finish(x)
	route(x)
}

// route finds what the path asks for. It is done by hand, since http.ServeMux
// answers with redirects and pages of its own where a caller wants JSON.
func (h *Handler) route(x *exchange) {
	if id, ok := recordingOf(x.r.URL.EscapedPath()); ok {
		x.path = "/v1/core/recordings/{id}/link"
		h.link(x, id)
		return
	}
	h.look(x, map[string]func(*exchange){"/healthz": h.healthy, "/openapi.json": h.describe})
}

// look serves one of the paths that can only be read.
func (h *Handler) look(x *exchange, paths map[string]func(*exchange)) {
	path := x.r.URL.EscapedPath()
	serve := paths[path]
	switch {
	case serve == nil:
		x.path = "other"
		x.refuse(http.StatusNotFound, "no_such_operation", "there is no such operation; /openapi.json describes those there are")
	case x.r.Method != http.MethodGet && x.r.Method != http.MethodHead:
		x.path = path
		x.methodNotAllowed("GET, HEAD")
	default:
		x.path = path
		serve(x)
	}
}

// recordingOf finds the recording's id in the path of the operation. An id may
// hold anything, also an encoded slash.
func recordingOf(path string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/v1/core/recordings/")
	if !ok {
		return "", false
	}
	rest, ok = strings.CutSuffix(rest, "/link")
	if !ok || strings.Contains(rest, "/") {
		return "", false
	}
	id, err := url.PathUnescape(rest)
	return id, err == nil
}

func (h *Handler) healthy(x *exchange) { x.text("text/plain; charset=utf-8", "ok\n") }

func (h *Handler) ready(x *exchange) {
	if h.draining.Load() {
		x.refuse(http.StatusServiceUnavailable, "draining", "the server is about to stop")
		return
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), readyTimeout)
	defer cancel()
	if err := h.cfg.Linker.Ping(ctx); err != nil {
		x.cause = err
		x.refuse(http.StatusServiceUnavailable, "unavailable", "the database cannot be reached")
		return
	}
	x.text("text/plain; charset=utf-8", "ok\n")
}

func (h *Handler) expose(x *exchange) {
	x.text("text/plain; version=0.0.4; charset=utf-8", h.metrics.text())
}

func (h *Handler) describe(x *exchange) { x.text("application/json", openAPI) }
