package webhook

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"relink/linker/httpapi"
)

// Config describes where messages are sent. URL is required.
type Config struct {
	URL string
	// Secret signs the messages, as it was exchanged with the receiver: base64,
	// with or without "whsec_" before it. "" for messages that are not signed.
	Secret string
	// Plaintext allows an http URL of another machine.
	Plaintext bool
	// Timeout bounds one attempt. Defaults to DefaultTimeout.
	Timeout time.Duration
	// RetryTimeout is how long a message is tried again. Defaults to
	// DefaultRetryTimeout; a negative time is none.
	RetryTimeout time.Duration
	// Notice, when not nil, is called with the reason why a message is retried.
	Notice func(string)
}

const (
	// DefaultTimeout is what the Standard Webhooks propose: 15 to 30 s.
	DefaultTimeout = 20 * time.Second
	// DefaultRetryTimeout outlasts the deployment of a receiver.
	DefaultRetryTimeout = 15 * time.Minute

	firstPause = 500 * time.Millisecond
	maxPause   = time.Minute
	// minSecret and maxSecret are the bytes that the Standard Webhooks ask of a
	// secret.
	minSecret, maxSecret = 24, 64
	// maxAnswer is how much of an answer is read, so that the connection can be
	// used again.
	maxAnswer = 64 << 10
)

// ConfigError reports what is wrong with a Config.
type ConfigError struct{ what, hint string }

func (e *ConfigError) Error() string { return e.what }

// Hint returns what to write instead.
func (e *ConfigError) Hint() string { return e.hint }

// DeliveryError reports that a message was not delivered.
type DeliveryError struct {
	// Host is the receiver, without what may be a secret.
	Host string
	// Status is the receiver's answer, 0 for none.
	Status int
	what   string
	hint   string
	after  time.Duration // what the receiver asks to wait
}

func (e *DeliveryError) Error() string { return e.Host + " " + e.what }

// Hint returns what to do about it, "" when nothing is known.
func (e *DeliveryError) Hint() string { return e.hint }

// Unwrap lets package backoff see an error that specifies when to retry.
func (e *DeliveryError) Unwrap() error {
	if e.after <= 0 {
		return nil
	}
	return &backoff.RetryAfterError{Duration: e.after}
}

// Message is what is delivered. Sent again it is the same, byte for byte.
type Message struct {
	// ID identifies a message, so that the receiver can recognize one that it
	// already has.
	ID string
	// Body is JSON.
	Body []byte
}

// Sender delivers messages to one URL. It is safe for concurrent use.
type Sender struct {
	cfg    Config
	host   string
	signer *standardwebhooks.Webhook // nil for messages that are not signed
	http   http.Client
}

// New returns a Sender. Nothing is sent. The error is a *ConfigError.
func New(cfg Config) (*Sender, error) {
	u, err := url.Parse(strings.TrimSpace(cfg.URL))
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, &ConfigError{"that is not the address of a receiver", "write https://host/path"}
	case u.User != nil || u.Fragment != "":
		return nil, &ConfigError{"the address of a receiver has no user before its host, and no #", "write https://host/path"}
	case u.Scheme == "http" && !cfg.Plaintext && !httpapi.IsLoopback(u.Hostname()):
		return nil, &ConfigError{u.Host + ": messages would be sent unencrypted", "write https://, or give --insecure-plaintext if the way is safe"}
	}
	s := &Sender{cfg: cfg, host: u.Host, http: http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			ForceAttemptHTTP2:     true,
			TLSHandshakeTimeout:   10 * time.Second,
			IdleConnTimeout:       90 * time.Second,
			ResponseHeaderTimeout: cmp.Or(cfg.Timeout, DefaultTimeout),
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	s.cfg.URL = u.String()
	if cfg.Secret != "" {
		if s.signer, err = newSigner(cfg.Secret); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// newSigner reads a secret.
func newSigner(secret string) (*standardwebhooks.Webhook, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) < minSecret || len(key) > maxSecret {
		return nil, &ConfigError{
			fmt.Sprintf("the secret is not base64 of %d to %d bytes", minSecret, maxSecret),
			`make one with: echo "whsec_$(openssl rand -base64 32)"`,
		}
	}
	return standardwebhooks.NewWebhookRaw(key)
}

// Host is the receiver, for people: the URL without what may be a secret.
func (s *Sender) Host() string { return s.host }

// Send delivers a message, and tries again while that may help: after an answer of
// 5xx, 408, 425 or 429, or none. It returns a *DeliveryError, or the cause of ctx.
func (s *Sender) Send(ctx context.Context, m Message) error {
	pause := &backoff.ExponentialBackOff{
		InitialInterval: firstPause, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: maxPause,
	}
	limit := cmp.Or(s.cfg.RetryTimeout, DefaultRetryTimeout)
	if limit < 0 {
		limit = 1 // backoff takes 0 for no limit
	}
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, s.attempt(ctx, m) },
		backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(limit), backoff.WithNotify(s.notice))
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

func (s *Sender) notice(err error, wait time.Duration) {
	if s.cfg.Notice != nil {
		s.cfg.Notice(fmt.Sprintf("%s; trying again in %s", err, wait.Round(100*time.Millisecond)))
	}
}

// attempt sends a message once.
func (s *Sender) attempt(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.cfg.Timeout, DefaultTimeout))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.URL, bytes.NewReader(m.Body))
	if err != nil {
		return backoff.Permanent(&DeliveryError{Host: s.host, what: "cannot be asked"})
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "relink")
	if err := s.sign(request, m); err != nil {
		return backoff.Permanent(err)
	}
	answer, err := s.http.Do(request)
	if err != nil {
		return &DeliveryError{Host: s.host, what: "does not answer: " + unaddressed(err)}
	}
	defer answer.Body.Close() // it was read as far as it matters
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil && answer.StatusCode >= 300 {
		said = nil
	}
	return s.judge(answer, said)
}

func (s *Sender) sign(request *http.Request, m Message) error {
	if s.signer == nil {
		return nil
	}
	now := time.Now()
	signature, err := s.signer.Sign(m.ID, now, m.Body)
	if err != nil {
		return fmt.Errorf("signing a message: %w", err)
	}
	request.Header.Set(standardwebhooks.HeaderWebhookID, m.ID)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return nil
}

// judge turns an answer into an error, nil when the message has arrived.
func (s *Sender) judge(answer *http.Response, said []byte) error {
	status := answer.StatusCode
	if status >= 200 && status < 300 {
		return nil
	}
	e := &DeliveryError{Host: s.host, Status: status, what: "answers " + answer.Status}
	switch {
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		e.after = retryAfter(answer.Header.Get("Retry-After"), time.Now())
		return e
	case status >= 300 && status < 400:
		e.what += ", which would send the message elsewhere"
		e.hint = "give the address that the receiver really has: redirects are not followed"
	case status == http.StatusGone:
		e.hint = "the receiver wants no more messages"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.hint = "check the secret, and that the clock of this machine is right"
	case status == http.StatusRequestEntityTooLarge:
		e.hint = "give a smaller --batch"
	}
	if line := firstLine(said); line != "" {
		e.what += ": " + line
	}
	return backoff.Permanent(e)
}

// retryAfter reads the header of that name: seconds, or a date. It is 0 for what
// is neither.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// firstLine is the first line of an answer, for a message, "" when it is not
// text.
func firstLine(said []byte) string {
	const most = 200
	line, _, _ := strings.Cut(strings.TrimSpace(string(bytes.ToValidUTF8(said, nil))), "\n")
	if strings.HasPrefix(line, "<") { // a page
		return ""
	}
	if runes := []rune(line); len(runes) > most {
		line = string(runes[:most]) + "…"
	}
	return strconv.Quote(line)[1 : len(strconv.Quote(line))-1]
}

// unaddressed describes why there was no answer, without the URL that package
// net/http puts into its errors.
func unaddressed(err error) string {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return err.Error()
}
