package servecmd

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync/atomic"

	"relink/linker/private"
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
	cert, err := os.ReadFile(c.cert)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	key, err := private.ReadAll(c.key)
	if err != nil {
		return fmt.Errorf("reading the certificate's key: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	c.pair.Store(&pair)
	return nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.pair.Load(), nil }
