package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"relink/linker"
	"relink/linker/explain"
)

// firstTimeout bounds the first request, on which all others wait.
const firstTimeout = 10 * time.Second

// First sends a row as Put does, but does not wait for the server: when there
// is none at the address, or one that does not know the operation, it returns a
// *StopError after a single request. Otherwise a wrong address would be retried
// for minutes, or be reported as the fault of every row.
func (c *Client) First(ctx context.Context, row linker.Fields) (linker.Decision, error) {
	body, err := encode(row)
	if err != nil {
		return linker.Decision{}, err
	}
	if err := c.gate.wait(ctx); err != nil {
		return linker.Decision{}, err
	}
	patience, cancel := context.WithTimeout(ctx, min(c.timeout, firstTimeout))
	defer cancel()
	response, answer, err := c.ask(patience, row.RecordingID, body)
	if cause := context.Cause(ctx); cause != nil && err != nil {
		return linker.Decision{}, cause
	}
	if err != nil {
		return linker.Decision{}, c.noServer(err)
	}
	a, isJSON := parse(answer)
	said := "the server says " + phrase(response, a.Error)
	switch {
	case response.StatusCode == http.StatusNotFound && !(isJSON && a.ofOperation()):
		return linker.Decision{}, &StopError{said + " at " + c.base, "--api names the platform's root, without /v1", true}
	case response.StatusCode == http.StatusBadRequest && !isJSON && strings.Contains(string(answer), "HTTPS"):
		return linker.Decision{}, &StopError{c.address + ": the server speaks TLS", "write https:// in --api", true}
	}
	r, err := read(response, answer, row)
	if err == nil && !r.final {
		return c.Put(ctx, row) // it is there, but busy or broken
	}
	return c.count(r.decision, err)
}

// ofOperation reports whether a 404 is about a recording and not about the
// path. Servers that do not know the path answer without our sentence.
func (a answer) ofOperation() bool {
	if _, known := explain.Explain(a.Details.Code); known && a.Details.Code != "" {
		return true
	}
	return a.Details.Code == "" && a.Error != "" && !strings.EqualFold(a.Error, "not found") && !strings.HasPrefix(a.Error, "Cannot PUT")
}

// noServer returns the reason why the first request had no answer.
func (c *Client) noServer(err error) error {
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	hint, wrong := "look at the server, and that --api is its address", true
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		return &StopError{c.address + ": the server speaks HTTP without TLS", "write http:// in --api if the way is safe", true}
	case errors.As(err, &certificate):
		hint = "check that --api names the host as its certificate does; SSL_CERT_FILE names further authorities"
	case errors.As(err, &name) && name.IsNotFound:
		hint = "look at the host's name in --api"
	default:
		wrong = false // it may be down
	}
	return &StopError{fmt.Sprintf("%s: %s", c.address, unreachable(err)), hint, wrong}
}
