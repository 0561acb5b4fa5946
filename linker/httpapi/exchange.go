package httpapi

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"relink/linker/text"
)

// exchange is one request with its answer, and what is logged about them.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	id    string
	began time.Time

	path    string // of the operation, not of the request: ids make no metrics
	status  int
	token   string // its name, never the token
	outcome string
	code    string
	cause   error // what the caller must not see
}

// RequestIDHeader names a request in the log, in the answer and, when the
// caller gives one, in the caller's own log.
const RequestIDHeader = "X-Request-Id"

// requestID is what is taken over from a caller: nothing that could forge a
// line of the log.
var requestID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)

func newExchange(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{w: w, r: r, began: time.Now(), id: r.Header.Get(RequestIDHeader)}
	if !requestID.MatchString(x.id) {
		x.id = rand.Text()
	}
	w.Header().Set(RequestIDHeader, x.id)
	return x
}

// finish counts the request and logs it, even if the handler panicked: the
// others must continue.
func (h *Handler) finish(x *exchange) {
	if fault := recover(); fault != nil {
		if fault == http.ErrAbortHandler {
			h.metrics.end(x)
			panic(fault)
		}
		h.cfg.Log.Error("panic", "id", x.id, "fault", fault)
		if x.status == 0 {
			x.refuse(http.StatusInternalServerError, "internal_error", "the server has a fault; its log says more under this request's id")
		}
	}
	h.metrics.end(x)
	level := slog.LevelInfo
	switch {
	case x.token == "" && x.status >= 400 && x.status < 500:
		ok, left := h.strangers.take(x.began)
		if left > 0 {
			h.cfg.Log.Warn("requests without a valid token, refused and not listed", "requests", left)
		}
		if !ok {
			return
		}
	case x.status >= 500:
		level = slog.LevelError
	case x.path == "/healthz" || x.path == "/readyz" || x.path == "/metrics":
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("id", x.id),
		slog.String("method", text.Cut(x.r.Method, 20)),
		slog.String("path", text.Cut(x.r.URL.EscapedPath(), maxPathLogged)),
		slog.Int("status", x.status),
		slog.Duration("took", time.Since(x.began).Round(time.Microsecond)),
		slog.String("from", x.r.RemoteAddr),
	}
	for _, a := range []slog.Attr{slog.String("token", x.token), slog.String("outcome", x.outcome), slog.String("code", x.code)} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if x.cause != nil {
		attrs = append(attrs, slog.String("cause", x.cause.Error()))
	}
	h.cfg.Log.LogAttrs(x.r.Context(), level, "request", attrs...)
}

// maxPathLogged is room for the path of the operation with an id of 36
// characters, and for the beginning of what a stranger may send.
const maxPathLogged = 200

// readAll reads the body up to its limit. A body that announces more is not
// read at all.
func readAll(x *exchange) ([]byte, error) {
	if x.r.ContentLength > MaxBody {
		return nil, &http.MaxBytesError{Limit: MaxBody}
	}
	return io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, MaxBody))
}

// answer writes v as JSON with status 200.
func (x *exchange) answer(v any) { x.json(http.StatusOK, v) }

// refuse answers with one fault.
func (x *exchange) refuse(status int, code, message string) {
	x.code = code
	x.json(status, problem{Error: message, Details: details{
		Code: code, Errors: []fault{{Code: code, Message: message}},
	}})
}

// maxFaults is how many faults of a body are named: there are only a few kinds,
// and a body of nothing but unknown keys must not get an answer of megabytes.
const maxFaults = 20

// invalid answers with the faults of a body.
func (x *exchange) invalid(found faults) {
	x.code = found[0].Code
	x.outcome = "rejected"
	named := found[:min(len(found), maxFaults)]
	message := named.message()
	if more := len(found) - len(named); more > 0 {
		message += fmt.Sprintf("; and %d more", more)
	}
	x.json(http.StatusUnprocessableEntity, problem{Error: message, Details: details{Code: x.code, Errors: named}})
}

func (x *exchange) methodNotAllowed(allowed string) {
	x.w.Header().Set("Allow", allowed)
	x.refuse(http.StatusMethodNotAllowed, "method_not_allowed", "the methods here are "+allowed)
}

func (x *exchange) json(status int, v any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		x.cause = err
		status = http.StatusInternalServerError
		body.Reset()
		body.WriteString(`{"error":"the server has a fault","details":{"code":"internal_error","errors":[]}}` + "\n")
	}
	x.write(status, "application/json", body.Bytes())
}

func (x *exchange) text(kind, text string) { x.write(http.StatusOK, kind, []byte(text)) }

func (x *exchange) write(status int, kind string, body []byte) {
	header := x.w.Header()
	header.Set("Content-Type", kind)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	x.status = status
	x.w.WriteHeader(status)
	if _, err := x.w.Write(body); err != nil && x.cause == nil {
		x.cause = err // the caller has gone
	}
}
