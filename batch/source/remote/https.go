package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"relink/linker/private"
)

// headerTimeout is how long a server may take to answer. Transfers have no time
// limit: a large object is slow, and keep-alive detects a dead connection.
const headerTimeout = time.Minute

// stallTimeout ends a transfer that has received nothing for this long.
const stallTimeout = 2 * time.Minute

type httpsObject struct {
	name   string
	url    string
	token  string
	client *http.Client
}

func newHTTPS(ctx context.Context, u *url.URL, name string, opt Options) (object, error) {
	if u.Host == "" {
		return nil, &Error{Name: name, What: "the address names no host"}
	}
	o := &httpsObject{name: name, url: u.String()}
	if opt.TokenFile != "" {
		token, err := private.Read(ctx, opt.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("reading the token for %s: %w", name, err)
		}
		o.token = token
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = headerTimeout
	// The copy is what is stored: a transparently decompressed answer would
	// have a different checksum, and offsets that the server does not know.
	transport.DisableCompression = true
	transport.TLSClientConfig = &tls.Config{RootCAs: opt.roots}
	o.client = &http.Client{Transport: transport, CheckRedirect: o.checkRedirect}
	return o, nil
}

// checkRedirect refuses a redirect to an unencrypted address. net/http itself
// drops the Authorization header when the host changes.
func (o *httpsObject) checkRedirect(next *http.Request, before []*http.Request) error {
	if next.URL.Scheme != "https" {
		return final(&Error{
			Name: o.name, What: fmt.Sprintf("the server redirects to %s, which is not encrypted", Name(next.URL.String())),
			Do: "name an address that stays on https://",
		})
	}
	if len(before) >= 10 {
		return final(&Error{Name: o.name, What: "the server redirects in a circle"})
	}
	return nil
}

func (o *httpsObject) do(ctx context.Context, version string, offset int64) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.url, nil)
	if err != nil {
		return nil, final(err)
	}
	if o.token != "" {
		r.Header.Set("Authorization", "Bearer "+o.token)
	}
	if offset > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
		r.Header.Set("If-Range", version)
	}
	a, err := o.client.Do(r)
	if err != nil {
		// The error of net/http contains the URL, including its query.
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		var own *Error
		if errors.As(err, &own) {
			return nil, err
		}
		return nil, &Error{Name: o.name, What: "asking the server", Err: err}
	}
	return a, nil
}

func (o *httpsObject) stat(ctx context.Context) (Origin, error) {
	// Not every server supports HEAD, and presigned addresses are signed for
	// GET only: the body of a GET is dropped unread.
	a, err := o.do(ctx, "", 0)
	if err != nil {
		return Origin{}, err
	}
	a.Body.Close()
	if err := o.judge(a); err != nil {
		return Origin{}, err
	}
	return Origin{Name: o.name, Version: version(a), Size: a.ContentLength}, nil
}

// version returns what If-Range accepts (RFC 9110, section 13.1.5): a strong
// ETag or the time of the last change.
func version(a *http.Response) string {
	if tag := a.Header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return a.Header.Get("Last-Modified")
}

func (o *httpsObject) open(ctx context.Context, was string, offset int64) (io.ReadCloser, int64, error) {
	if was == "" {
		offset = 0 // nothing shows whether the rest belongs to the start
	}
	ctx, cancel := context.WithCancelCause(ctx)
	a, err := o.do(ctx, was, offset)
	if err != nil {
		cancel(nil)
		return nil, 0, err
	}
	body := &stalling{body: a.Body, cancel: cancel}
	if err := o.judge(a); err != nil {
		body.Close()
		return nil, 0, err
	}
	if is := version(a); was != "" && is != was {
		body.Close()
		return nil, 0, changed(o.name)
	}
	if a.StatusCode != http.StatusPartialContent {
		offset = 0
	}
	body.start()
	return body, offset, nil
}

func (o *httpsObject) judge(a *http.Response) error {
	code := a.StatusCode
	e := &Error{Name: o.name, What: "the server answers " + a.Status}
	switch {
	case code == http.StatusOK, code == http.StatusPartialContent:
		if kind := a.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") {
			e.What, e.Do = "the server answers with a web page", "it may want a login: name the address of the file itself, and a token with --source-token-file"
			return final(e)
		}
		return nil
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		e.Do = "check the token (--source-token-file), or whether the signed address has expired"
	case code == http.StatusNotFound, code == http.StatusGone:
		e.Do = "check the address"
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		return e
	}
	return final(e)
}

func (o *httpsObject) close() error {
	o.client.CloseIdleConnections()
	return nil
}

// stalling ends a transfer that has received nothing for stallTimeout.
type stalling struct {
	body   io.ReadCloser
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

var errStalled = fmt.Errorf("nothing has come for %s", stallTimeout)

func (s *stalling) start() {
	s.timer = time.AfterFunc(stallTimeout, func() { s.cancel(errStalled) })
}

func (s *stalling) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	s.timer.Reset(stallTimeout)
	return n, err
}

func (s *stalling) Close() error {
	if s.timer != nil {
		s.timer.Stop()
	}
	err := s.body.Close()
	s.cancel(nil)
	return err
}
