package main

import (
	"crypto/tls"
	"fmt"
	"sync/atomic"
)

// certificate is a server's certificate, which can be renewed while it serves.
type certificate struct {
	cert, key string // files
	pair      atomic.Pointer[tls.Certificate]
}

func openCertificate(cert, key string) (*certificate, error) {
	c := &certificate{cert: cert, key: key}
	return c, c.reload()
}

func (c *certificate) reload() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	c.pair.Store(&pair)
	return nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.pair.Load(), nil }
