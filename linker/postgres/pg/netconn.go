package pg

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/jackc/pgx/v5/pgconn"
)

// wireError is an error of the network connection to the server. pgx passes
// such errors on as they are, among them io.EOF, which is no different from
// that of an input file that ends too soon; only this type tells them apart.
type wireError struct{ err error }

func (e *wireError) Error() string { return e.err.Error() }
func (e *wireError) Unwrap() error { return e.err }

// wire is a connection whose errors are wireErrors.
type wire struct{ net.Conn }

func (w wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	return n, onWire(err)
}

func (w wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	return n, onWire(err)
}

// onWire leaves alone the error by which pgx notices that a context has ended.
func onWire(err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return &wireError{err}
}

// overWire makes the connections of dial tell their errors.
func overWire(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return wire{conn}, nil
	}
}
