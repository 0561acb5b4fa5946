package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"relink/linker"
)

// ClientConfig describes a server and how to use it. URL and Token are
// required.
type ClientConfig struct {
	// URL is the server's address, before /v1/core.
	URL   string
	Token string
	// Plaintext allows an http URL of another machine, where everyone along the
	// way can read the token.
	Plaintext bool
	// PerMinute limits the requests of all callers together. Defaults to
	// DefaultPerMinute; a negative number means no limit.
	PerMinute int
	// Connections is how many callers there will be. Defaults to
	// DefaultConnections.
	Connections int
	// Timeout bounds one attempt. Defaults to DefaultAttemptTimeout.
	Timeout time.Duration
	// RetryTimeout is how long a row is tried again that the server does not
	// answer, not counting what the server asks to wait for (429). Defaults
	// to DefaultRetryTimeout; a negative time is none.
	RetryTimeout time.Duration
	// Notice, when not nil, is called now and then, not for every row, with the
	// reason why rows are retried and until when.
	Notice func(string)
	// Transport replaces the network. Nil means the network.
	Transport http.RoundTripper
}

const (
	// DefaultConnections keeps the limit busy when an answer takes a second.
	DefaultConnections = 16
	// DefaultAttemptTimeout is longer than a server of this program takes
	// for anything.
	DefaultAttemptTimeout = 30 * time.Second
	// DefaultRetryTimeout outlasts the restart of a server.
	DefaultRetryTimeout = time.Minute

	firstPause = 500 * time.Millisecond
	maxPause   = 15 * time.Second
	// busyTimeout is how long a row waits for a server that always answers 429.
	busyTimeout = 15 * time.Minute
	// minFailures is how many rows must fail one after another, with none
	// answered in between, before it is the server's fault and not theirs.
	minFailures = 20
	// maxAnswer is how much of an answer is read.
	maxAnswer = 1 << 20
	// noticeEvery is how often a notice is given while rows are retried.
	noticeEvery = 30 * time.Second
)

// Client sends rows to a server. It is safe for concurrent use.
type Client struct {
	address      string
	base         string // of the operation
	token        string
	timeout      time.Duration
	retryTimeout time.Duration
	http         http.Client
	gate         *gate
	most         int64        // failures in a row that stop everything
	failures     atomic.Int64 // rows that failed since one was answered
	notice       func(string)
	noticed      atomic.Int64 // when, in nanoseconds
}

// NewClient returns a Client. Nothing is sent.
func NewClient(cfg ClientConfig) (*Client, error) {
	address, err := ParseAddress(cfg.URL, cfg.Plaintext)
	if err != nil {
		return nil, err
	}
	if cfg.Token == "" || strings.ContainsFunc(cfg.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fmt.Errorf("the token is empty, or holds characters that no token has")
	}
	connections := cmp.Or(cfg.Connections, DefaultConnections)
	network := cfg.Transport
	if network == nil {
		network = newTransport(connections)
	}
	c := &Client{
		address:      address,
		base:         address + "/v1/core/recordings/",
		token:        cfg.Token,
		timeout:      cmp.Or(cfg.Timeout, DefaultAttemptTimeout),
		retryTimeout: max(0, cmp.Or(cfg.RetryTimeout, DefaultRetryTimeout)),
		gate:         newGate(cmp.Or(cfg.PerMinute, DefaultPerMinute)),
		most:         int64(max(minFailures, 2*connections)),
		notice:       cfg.Notice,
	}
	c.http = http.Client{
		Transport: network,
		// A redirect would take the token along, or turn PUT into GET.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Put sends a row that Check accepted, and retries while that may help. The
// result is the server's answer; Detail is what the server adds to the sentence
// of linker.Message for the code. An error means that no further row should be
// sent: it is a *StopError, or the context's.
func (c *Client) Put(ctx context.Context, row linker.Fields) (linker.Decision, error) {
	body, err := encode(row)
	if err != nil {
		return linker.Decision{}, err
	}
	pause := &backoff.ExponentialBackOff{
		InitialInterval: firstPause, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: maxPause,
	}
	pause.Reset()
	var spent, waited time.Duration // on attempts that failed, on 429
	for {
		began := time.Now()
		a, err := c.attempt(ctx, row, body)
		if cause := context.Cause(ctx); cause != nil && (err != nil || !a.final) {
			return linker.Decision{}, cause
		}
		if err != nil || a.final {
			return c.count(a.decision, err)
		}
		wait := pause.NextBackOff()
		if a.busy {
			waited += time.Since(began) + max(a.after, wait)
			c.gate.close(max(a.after, wait))
			if waited < busyTimeout {
				c.tell(a.said, busyTimeout-waited)
				continue
			}
		}
		wait = max(wait, a.after)
		spent += time.Since(began) + wait
		if a.busy || spent > c.retryTimeout {
			return c.count(linker.Decision{Outcome: linker.Failed, Code: linker.ServerError, Detail: a.said}, nil)
		}
		c.tell(a.said, c.retryTimeout-spent+wait)
		select {
		case <-ctx.Done():
			return linker.Decision{}, context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// tell gives a notice why rows are retried, and for how long.
func (c *Client) tell(said string, patience time.Duration) {
	now := time.Now()
	last := c.noticed.Load()
	if c.notice == nil || now.UnixNano()-last < int64(noticeEvery) || !c.noticed.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	c.notice(said + "; trying again until " + now.Add(patience).Format("15:04:05"))
}

// count notices when one row after another fails.
func (c *Client) count(r linker.Decision, err error) (linker.Decision, error) {
	switch {
	case err != nil:
	case r.Code != linker.ServerError:
		c.failures.Store(0)
	case c.failures.Add(1) >= c.most:
		return r, &StopError{
			what: fmt.Sprintf("the server has not answered the last %d rows; of the last one: %s", c.most, r.Detail),
			hint: "look at the server, and that --api is its address, then resume the run",
		}
	}
	return r, err
}

// attempt sends the row once.
func (c *Client) attempt(ctx context.Context, row linker.Fields, body []byte) (reply, error) {
	// The time spent waiting for the limiter is not the server's.
	if err := c.gate.wait(ctx); err != nil {
		return reply{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	response, answer, err := c.ask(ctx, row.RecordingID, body)
	if err != nil {
		return again(unreachable(err)), nil
	}
	return read(response, answer, row)
}

// ask makes one request and reads its answer.
func (c *Client) ask(ctx context.Context, recording string, body []byte) (*http.Response, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, c.base+segment(recording)+"/link", bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "relink")
	request.Header.Set(TokenHeader, c.token)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return response, answer, err
}

// segment is an id as one segment of a path. "." and ".." would be taken for
// folders.
func segment(id string) string {
	if id == "." || id == ".." {
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return url.PathEscape(id)
}

// encode is the body for a row.
func encode(row linker.Fields) ([]byte, error) {
	body := struct {
		ID                      string `json:"id,omitempty"`
		ExternalID              string `json:"externalId,omitempty"`
		IntegrationConnectionID string `json:"integrationConnectionId,omitempty"`
		DataType                string `json:"dataType"`
		Trigger                 string `json:"trigger,omitempty"`
	}{row.ID, row.ExternalID, row.IntegrationConnectionID, row.DataType, row.Trigger}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("writing the request for recording %q: %w", row.RecordingID, err)
	}
	return encoded, nil
}

// StopError reports why nothing more should be sent.
type StopError struct {
	what, hint string
	// WrongAddress reports that no row can ever be sent to the address: resuming
	// the run, which keeps its address, is pointless.
	WrongAddress bool
}

func (e *StopError) Error() string { return e.what }

// Hint returns what to do about it.
func (e *StopError) Hint() string { return e.hint }
