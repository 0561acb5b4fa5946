package httpapi

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"os"
	"strconv"
	"time"

	"relink/linker"
)

// TokenHeader is the header that carries the caller's token.
const TokenHeader = "x-siro-auth-token"

// MaxBody is how large the body of a request may be. The largest that makes
// sense, four ids of 255 escaped bytes, has a tenth of it.
const MaxBody = 64 << 10

// link serves PUT and DELETE of a recording's link.
func (h *Handler) link(x *exchange, recording string) {
	method := x.r.Method
	if method != http.MethodPut && method != http.MethodDelete {
		x.methodNotAllowed("PUT, DELETE")
		return
	}
	caller, ok := h.admit(x)
	if !ok {
		return
	}
	body, ok := x.body()
	if !ok {
		return
	}
	given, faults := readRequest(body, recording)
	if len(faults) > 0 {
		x.invalid(faults)
		return
	}
	checked := linker.Check(given, linker.Fields{})
	ctx, cancel := context.WithTimeout(x.r.Context(), h.cfg.Timeout)
	defer cancel()
	leave, err := h.limits.enter(ctx, caller.organization)
	if err != nil {
		x.tooMany(time.Second, "too many requests of the organization are in hand")
		return
	}
	defer leave()
	if method == http.MethodDelete {
		h.delete(ctx, x, caller.organization, checked)
		return
	}
	h.put(ctx, x, caller.organization, checked)
}

func (h *Handler) put(ctx context.Context, x *exchange, organization string, c linker.Checked) {
	r, entity, err := h.cfg.Linker.Put(ctx, organization, c)
	if h.failed(x, err) || x.refused(c, r) {
		return
	}
	x.outcome = string(r.Outcome)
	x.answer(linked{
		Data: data{
			ID: entity.ID, ExternalID: entity.ExternalID, DataType: entity.DataType,
			Name: entity.Name, LastActivityAt: inUTC(entity.LastActivityAt),
		},
		Relink: relinked{
			Outcome:          r.Outcome,
			PreviousEntityID: orNil(r.PreviousEntityID),
			PreviousDataType: orNil(r.PreviousDataType),
		},
	})
}

func (h *Handler) delete(ctx context.Context, x *exchange, organization string, c linker.Checked) {
	removed, r, err := h.cfg.Linker.Delete(ctx, organization, c)
	if h.failed(x, err) || x.refused(c, r) {
		return
	}
	x.outcome = "absent"
	if removed {
		x.outcome = "removed"
	}
	x.answer(unlinked{Data: removed})
}

// admit authenticates the caller and enforces the rate limit of its
// organization.
func (h *Handler) admit(x *exchange) (caller, bool) {
	var c caller
	secrets := x.r.Header.Values(TokenHeader)
	ok := len(secrets) == 1
	if ok {
		c, ok = h.cfg.Tokens.find(secrets[0])
	}
	if !ok {
		x.w.Header().Set("WWW-Authenticate", TokenHeader)
		x.hangUp(http.StatusUnauthorized, "unauthorized", "a valid token is wanted in the header "+TokenHeader)
		return c, false
	}
	x.token = c.name
	if wait := h.limits.take(c.organization, time.Now()); wait > 0 {
		x.tooMany(wait, "more than "+strconv.Itoa(h.cfg.PerMinute)+" requests in a minute")
		return c, false
	}
	return c, true
}

// tooMany answers a caller that must wait.
func (x *exchange) tooMany(wait time.Duration, why string) {
	seconds := int64((wait + time.Second - 1) / time.Second)
	x.w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	x.refuse(http.StatusTooManyRequests, "rate_limited", why+"; wait as long as Retry-After says")
}

// body reads the body, which must be JSON and of a sensible size.
func (x *exchange) body() ([]byte, bool) {
	kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || x.r.Header.Get("Content-Encoding") != "" {
		x.hangUp(http.StatusUnsupportedMediaType, "unsupported_media_type", "the body must be plain JSON, with Content-Type: application/json")
		return nil, false
	}
	read, err := readAll(x)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		x.hangUp(http.StatusRequestEntityTooLarge, "body_too_large", "the body is larger than "+strconv.Itoa(MaxBody)+" bytes")
	case errors.Is(err, os.ErrDeadlineExceeded):
		x.hangUp(http.StatusRequestTimeout, "request_timeout", "the body did not arrive in time")
	case err != nil:
		x.cause = err
		x.hangUp(http.StatusBadRequest, "incomplete_body", "the body did not arrive completely")
	}
	return read, err == nil
}

// hangUp refuses a request whose body was not read, and closes the connection:
// what follows on it may be that body, and is not to be taken for a request.
func (x *exchange) hangUp(status int, code, message string) {
	x.w.Header().Set("Connection", "close")
	x.refuse(status, code, message)
}

// failed answers when the Linker could not decide the row.
func (h *Handler) failed(x *exchange, err error) bool {
	if err == nil {
		return false
	}
	x.cause = err
	late := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	if late || h.cfg.IsUnavailable == nil || h.cfg.IsUnavailable(err) {
		x.w.Header().Set("Retry-After", "5")
		x.refuse(http.StatusServiceUnavailable, "unavailable", "the database cannot be reached now; try again")
		return true
	}
	x.refuse(http.StatusInternalServerError, "internal_error", "the server has a fault; its log says more under this request's id")
	return true
}

// refused answers for a row that was not linked, in the words that a file's
// report would use.
func (x *exchange) refused(c linker.Checked, r linker.Decision) bool {
	if r.Outcome != linker.Rejected && r.Outcome != linker.Failed {
		return false
	}
	x.outcome = string(r.Outcome)
	if r.Code == linker.DatabaseRefused {
		// A trigger's text may reveal tables, other rows or people. It goes to
		// the log; the caller gets the request's id.
		x.cause, r.Detail = errors.New(r.Detail), ""
	}
	x.refuse(statusOf(r), string(c.Final(r.Code)), linker.Message(r.Code, c, r.Detail))
	return true
}

// statusOf is the status for a row that was not linked. Whatever is not there,
// or is another organization's, is 404 alike.
func statusOf(r linker.Decision) int {
	if r.Outcome == linker.Failed {
		return http.StatusConflict
	}
	switch r.Code {
	case linker.DataTypeMismatch, linker.ConnectionMismatch:
		return http.StatusUnprocessableEntity
	}
	return http.StatusNotFound
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	utc := t.UTC()
	return &utc
}
