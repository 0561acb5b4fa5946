package remote

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Options are what a copy needs in addition to the address. The zero value
// works.
type Options struct {
	// SFTPKeyFile is the private key for sftp addresses. Defaults to the keys
	// of the SSH agent, then to ~/.ssh/id_ed25519, id_ecdsa and id_rsa.
	SFTPKeyFile string
	// KnownHosts is the file of host keys for sftp addresses. Defaults to
	// ~/.ssh/known_hosts. A host that is not in it is refused.
	KnownHosts string
	// TokenFile holds a bearer token for https addresses, "" for none.
	TokenFile string
	// MaxBytes is the largest object that is copied, 0 for any. A copy ends with
	// an error after so many bytes, whatever size the server tells.
	MaxBytes int64
	// Notice, when not nil, is called for each interruption.
	Notice func(string)

	roots *x509.CertPool // for tests; nil for the system's
}

// Origin identifies the version of the object that a copy holds.
type Origin struct {
	// Name is the address without anything that may be a secret.
	Name string `json:"name"`
	// Version identifies the content: an ETag, with the version id where the
	// store has one; size and time for SFTP; "" where the server provides none.
	Version string `json:"version,omitempty"`
	// Size in bytes as stored, -1 when the server does not say.
	Size int64 `json:"size"`

	address string // as it was given, for Copy
}

// Error describes what is wrong with an address or its object, and what to do.
type Error struct {
	Name string // the address, without secrets
	What string
	Do   string // "" when there is no advice
	Err  error  // the cause, nil when What is the whole message
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Name, e.What, e.Err)
	}
	return e.Name + ": " + e.What
}

// Hint returns what to do about it, "" for nothing.
func (e *Error) Hint() string { return e.Do }

func (e *Error) Unwrap() error { return e.Err }

// retries is how many interruptions in a row, without a byte in between, a copy
// survives: about a minute with the pauses of the backoff.
const retries = 8

// object is something that can be read from any offset.
type object interface {
	// stat returns the current version.
	stat(ctx context.Context) (Origin, error)
	// open reads version from offset on. Where the server cannot start in the
	// middle, open reads from 0 and returns that offset.
	open(ctx context.Context, version string, offset int64) (body io.ReadCloser, from int64, err error)
	close() error
}

// IsAddress reports whether path is the address of a remote object rather than
// a local file. An unsupported scheme counts as well: Copy then explains what
// is wrong with it.
func IsAddress(path string) bool {
	scheme, _, found := strings.Cut(path, "://")
	return found && scheme != "" && !strings.ContainsAny(scheme, `/\. `)
}

// Name returns address without what may be a secret: the query, the fragment
// and a password.
func Name(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		scheme, rest, _ := strings.Cut(address, "://")
		rest, _, _ = strings.Cut(rest, "?")
		return scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
	}
	u.RawQuery, u.Fragment, u.RawFragment, u.ForceQuery = "", "", "", false
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}

// Stat returns the current version of an object, without reading it.
func Stat(ctx context.Context, address string, opt Options) (Origin, error) {
	o, err := find(ctx, address, opt)
	if err != nil {
		return Origin{}, err
	}
	defer o.close()
	is, err := o.stat(ctx)
	is.address = address
	return is, err
}

// Copy copies the object that Stat found to the file, which it truncates first,
// and returns its origin with the actual size. The file is neither synced nor
// closed. An interrupted transfer continues where it stopped; it ends with an
// error when the object has changed since Stat, after 8 interruptions in a row,
// or when ctx ends.
func Copy(ctx context.Context, is Origin, to *os.File, opt Options) (Origin, error) {
	o, err := find(ctx, is.address, opt)
	if err != nil {
		return Origin{}, err
	}
	defer o.close()
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = 15 * time.Second
	if opt.MaxBytes > 0 && is.Size > opt.MaxBytes {
		return is, tooLarge(is.Name, opt.MaxBytes)
	}
	var size int64
	for failed := 0; ; {
		more, err := copyFrom(ctx, o, is, size, &localWriter{f: to, name: is.Name, most: opt.MaxBytes})
		if err == nil {
			size = more
			break
		}
		if more > size {
			failed = 0
			pause.Reset()
		}
		size = max(size, more)
		failed++
		if isFinal(err) || failed > retries || ctx.Err() != nil {
			return is, errors.Join(context.Cause(ctx), err)
		}
		wait := pause.NextBackOff()
		if opt.Notice != nil {
			opt.Notice(fmt.Sprintf("%v; trying again in %s", err, wait.Round(100*time.Millisecond)))
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return is, context.Cause(ctx)
		}
	}
	is.Size = size
	return is, nil
}

// copyFrom copies what is missing after offset, and returns the new length of
// the file.
func copyFrom(ctx context.Context, o object, is Origin, offset int64, to *localWriter) (int64, error) {
	body, from, err := o.open(ctx, is.Version, offset)
	if err != nil {
		return offset, err
	}
	defer body.Close()
	if err := to.f.Truncate(from); err != nil {
		return offset, final(err)
	}
	if _, err := to.f.Seek(from, io.SeekStart); err != nil {
		return offset, final(err)
	}
	to.at = from
	n, err := io.Copy(to, body)
	switch at := from + n; {
	case to.err != nil:
		return at, final(to.err)
	case err != nil && errors.As(err, new(*Error)):
		return at, err
	case err != nil:
		return at, &Error{Name: is.Name, What: "reading", Err: err}
	case is.Size >= 0 && at < is.Size:
		return at, &Error{Name: is.Name, What: fmt.Sprintf("the connection ended after %d of %d bytes", at, is.Size)}
	case is.Size >= 0 && at > is.Size:
		return at, changed(is.Name)
	default:
		return at, nil
	}
}

// localWriter keeps the errors of the local file apart from those of the
// connection: retrying does not help against a full disk, or an object without
// an end.
type localWriter struct {
	f    *os.File
	name string // of the object
	most int64  // how long the file may become, 0 for any length
	at   int64
	err  error
}

func (w *localWriter) Write(p []byte) (n int, err error) {
	if w.at += int64(len(p)); w.most > 0 && w.at > w.most {
		err = tooLarge(w.name, w.most)
	} else {
		n, err = w.f.Write(p)
	}
	if err != nil {
		w.err = err
	}
	return n, err
}

func tooLarge(name string, most int64) error {
	return &Error{Name: name, What: fmt.Sprintf("the object has more than %d bytes", most), Do: "raise --max-bytes if that is right"}
}

// finalError is an error after which retrying does not help.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

func final(err error) error { return finalError{err} }

func isFinal(err error) bool {
	var f finalError
	return errors.As(err, &f)
}

// changed is the error for an object that is no longer the one that the copy
// began with.
func changed(name string) error {
	return final(&Error{
		Name: name, What: "the object changed while it was read",
		Do: "run it again once whoever writes the object is done",
	})
}

// find parses the address and prepares to read its object.
func find(ctx context.Context, address string, opt Options) (object, error) {
	name := Name(address)
	u, err := url.Parse(address)
	if err != nil {
		return nil, &Error{Name: name, What: "the address cannot be read", Do: "write special characters in it as %XX"}
	}
	if _, has := u.User.Password(); has {
		return nil, &Error{
			Name: name, What: "the address holds a password",
			Do: "leave it out: addresses appear in logs and reports; see relink help file for where credentials belong",
		}
	}
	switch strings.ToLower(u.Scheme) {
	case "s3":
		return newS3(ctx, u, name)
	case "https":
		return newHTTPS(ctx, u, name, opt)
	case "sftp":
		return newSFTP(ctx, u, name, opt)
	case "http", "ftp":
		return nil, &Error{Name: name, What: u.Scheme + " is not encrypted", Do: "use https://, sftp:// or s3://"}
	}
	return nil, &Error{
		Name: name, What: fmt.Sprintf("relink does not read %s:// addresses", u.Scheme),
		Do: "it reads files, s3://, https:// and sftp://; with other tools pipe the object into relink and give the file as -",
	}
}
