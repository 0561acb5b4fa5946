package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"relink/cmd/relink/exit"
	"relink/linker/httpapi"
	"relink/linker/postgres/pgtest"
)

// served is a "relink serve" in a process of its own.
type served struct {
	t   *testing.T
	cmd *exec.Cmd
	url string

	mu  sync.Mutex
	log bytes.Buffer
}

func startServe(t *testing.T, args ...string) *served {
	t.Helper()
	s := &served{t: t, cmd: exec.Command("relink", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		s.cmd.Wait()
	})
	listening := make(chan string, 1)
	go func() {
		defer close(listening)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			s.mu.Lock()
			s.log.WriteString(lines.Text() + "\n")
			s.mu.Unlock()
			if _, rest, ok := strings.Cut(lines.Text(), "listening on "); ok {
				url, _, _ := strings.Cut(rest, " ")
				listening <- url
			}
		}
	}()
	select {
	case s.url = <-listening:
	case <-time.After(20 * time.Second):
	}
	if s.url == "" {
		t.Fatalf("relink serve does not listen: %s", s.said())
	}
	return s
}

func (s *served) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// waitFor waits until the server has printed text.
func (s *served) waitFor(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(s.said(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("the server does not say %q but %s", text, s.said())
		}
	}
}

// put links r-2 to e-1 and returns the status.
func (s *served) put(client *http.Client, token string) int {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodPut, s.url+"/v1/core/recordings/r-2/link", strings.NewReader(`{"dataType":"ACCOUNT","id":"e-1"}`))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(httpapi.TokenHeader, token)
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// newToken makes a token by the command.
func newToken(t *testing.T, file, organization string) string {
	t.Helper()
	got := call(t, nil, "", "serve", "token", "add", "--organization", organization, "--tokens-file", file)
	if got.status != exit.OK || strings.Count(got.stdout, "\n") != 1 {
		t.Fatalf("token add exits %d: %q %q", got.status, got.stdout, got.stderr)
	}
	return strings.TrimSpace(got.stdout)
}

func TestServe(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	(&station{t: t}).exec(database)
	file := filepath.Join(t.TempDir(), "tokens")
	first := newToken(t, file, "o-1")
	s := startServe(t, "--tokens-file", file, "--database", database, "--rate-limit", "7")

	if got := s.put(http.DefaultClient, first); got != http.StatusOK {
		t.Errorf("PUT: %d, want 200; %s", got, s.said())
	}
	second := newToken(t, file, "o-1")
	if got := s.put(http.DefaultClient, second); got != http.StatusUnauthorized {
		t.Errorf("a token that the server has not read: %d, want 401", got)
	}
	s.cmd.Process.Signal(syscall.SIGHUP)
	s.waitFor("tokens reloaded")
	// One request of the organization's seven is spent by the first token.
	for n := range 7 {
		want := http.StatusOK
		if n == 6 {
			want = http.StatusTooManyRequests
		}
		if got := s.put(http.DefaultClient, second); got != want {
			t.Errorf("request %d: %d, want %d", n+1, got, want)
		}
	}
	if err := os.WriteFile(file, []byte("oops"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.cmd.Process.Signal(syscall.SIGHUP)
	s.waitFor("tokens not reloaded, the old ones stay")
	if got := s.put(http.DefaultClient, first); got != http.StatusTooManyRequests {
		t.Errorf("after a broken file: %d, want 429, as the token is known", got)
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("stopped by SIGTERM: %v, want status 0; %s", err, s.said())
	}
	for _, secret := range []string{first, second} {
		if strings.Contains(s.said(), secret) {
			t.Error("a token is in the log")
		}
	}
}

// Requests in hand are answered before the server ends.
func TestServeEndsInGoodOrder(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	st := &station{t: t}
	st.exec(database)
	file := filepath.Join(t.TempDir(), "tokens")
	token := newToken(t, file, "o-1")
	s := startServe(t, "--tokens-file", file, "--database", database)

	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"dataType":"ACCOUNT","id":"e-1"}`
	io.WriteString(conn, "PUT /v1/core/recordings/r-2/link HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 33\r\n"+
		httpapi.TokenHeader+": "+token+"\r\n\r\n"+body[:10])
	time.Sleep(100 * time.Millisecond) // until the server reads the body
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.waitFor("requests in hand are finished")
	io.WriteString(conn, body[10:])
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 OK") {
		t.Errorf("the request in hand got %q, %v; want 200", answer, err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v, want status 0", err)
	}
}

func TestServeTLS(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	(&station{t: t}).exec(database)
	dir := t.TempDir()
	file := filepath.Join(dir, "tokens")
	token := newToken(t, file, "o-1")
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pool := certify(t, cert, key)
	s := startServe(t, "--tokens-file", file, "--database", database, "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(s.url, "https://") {
		t.Fatalf("serves %s, want https", s.url)
	}
	trusting := func(pool *x509.CertPool) *http.Client {
		return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	}
	if got := s.put(trusting(pool), token); got != http.StatusOK {
		t.Errorf("PUT over TLS: %d, want 200", got)
	}
	old := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11}}}
	if _, err := old.Get(s.url + "/healthz"); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	pool = certify(t, cert, key)
	s.cmd.Process.Signal(syscall.SIGHUP)
	s.waitFor("certificate reloaded")
	if got := s.put(trusting(pool), token); got != http.StatusOK {
		t.Errorf("PUT with a renewed certificate: %d, want 200", got)
	}
}

// certify writes a new certificate for 127.0.0.1.
func certify(t *testing.T, cert, key string) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "relink"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return pool
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, open := filepath.Join(dir, "tokens"), filepath.Join(dir, "open")
	newToken(t, file, "o-1")
	newToken(t, open, "o-1")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"":                                  "--tokens-file is missing",
		"--tokens-file FILE --listen :8080": "other machines would send their tokens unencrypted",
		"--tokens-file FILE --listen 0.0.0.0:8080":    "other machines would send their tokens unencrypted",
		"--tokens-file FILE --listen 10.0.0.1:8080":   "--tls-cert and --tls-key",
		"--tokens-file FILE --tls-cert a":             "belong together",
		"--tokens-file FILE --tls-cert a --tls-key b": "reading the certificate",
		"--tokens-file OPEN":                          "others can read it (mode 0644)",
		"--tokens-file FILE --organization o-2":       "there is no token of organization",
		"--tokens-file none":                          "there is no such file",
		"--tokens-file FILE --rate-limit 0":           "must be an integer of at least 1, or off",
		"--tokens-file FILE":                          "no database is named",
		"--tokens-file FILE --database postgres://127.0.0.1:1/x --listen 127.0.0.1:99999":                                  "invalid port",
		"--tokens-file FILE --tls-cert a.pem --tls-key k --database postgres://127.0.0.1:1/x --ops-listen 127.0.0.1:99999": "reading the certificate",
		"--tokens-file FILE --tls-cert FILE --tls-key OPEN":                                                                "others can read it (mode 0644)",
		"token list":                                               "--tokens-file is missing",
		"token list --tokens-file OPEN":                            "others can read it (mode 0644)",
		"token revoke --tokens-file FILE":                          "needs NAME",
		"token revoke 00000000 --tokens-file none":                 "no token in it has the name",
		"token revoke 0 --tokens-file FILE":                        "first 8 digits of its hash or more",
		"token add --tokens-file FILE --organization o --out FILE": "file exists",
		"token add --tokens-file FILE":                             "--organization is missing",
		"token add --organization o":                               "--tokens-file is missing",
		"token add --organization o --tokens-file OPEN":            "others can read it",
		"tokn": "unknown command",
	} {
		args = strings.NewReplacer("FILE", file, "OPEN", open).Replace(args)
		got := call(t, nil, "", append([]string{"serve"}, strings.Fields(args)...)...)
		if got.status != exit.Error || got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("serve %s exits %d and says %q, want 1 and %q", args, got.status, got.stderr, want)
		}
	}
}

// Operators have an address of their own: what they see covers all
// organizations.
func TestServeOperators(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	(&station{t: t}).exec(database)
	file := filepath.Join(t.TempDir(), "tokens")
	newToken(t, file, "o-1")
	status := func(url string) int {
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	alone := startServe(t, "--tokens-file", file, "--database", database)
	s := startServe(t, "--tokens-file", file, "--database", database, "--ops-listen", "127.0.0.1:0")
	_, rest, _ := strings.Cut(s.said(), "/readyz and /metrics at ")
	operators, _, _ := strings.Cut(rest, "\n")
	for url, want := range map[string]int{
		operators + "/metrics": 200, operators + "/readyz": 200, operators + "/healthz": 200,
		s.url + "/metrics": 404, s.url + "/readyz": 404, s.url + "/healthz": 200,
		alone.url + "/metrics": 404, alone.url + "/readyz": 404,
	} {
		if got := status(url); got != want {
			t.Errorf("GET %s: %d, want %d", url, got, want)
		}
	}
}

func TestServeTokens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "tokens"), filepath.Join(dir, "token")
	first := newToken(t, file, "o 1")
	got := call(t, nil, "", "serve", "token", "add", "--organization", "o-2", "--tokens-file", file, "--out", out)
	if got.status != exit.OK || got.stdout != "" {
		t.Fatalf("token add --out exits %d: %q %q", got.status, got.stdout, got.stderr)
	}
	info, err := os.Stat(out)
	text, _ := os.ReadFile(out)
	if err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(string(text), "rlk_") || string(text) == first+"\n" {
		t.Errorf("the file of the token: %v, %v, %d bytes; want a new token with mode 0600", info.Mode(), err, len(text))
	}
	got = call(t, nil, "", "serve", "token", "list", "--tokens-file", file)
	lines := strings.Split(got.stdout, "\n")
	if got.status != exit.OK || len(lines) != 3 || !strings.HasSuffix(lines[0], "  o 1") || !strings.HasSuffix(lines[1], "  o-2") {
		t.Fatalf("token list exits %d: %q %q", got.status, got.stdout, got.stderr)
	}
	name, _, _ := strings.Cut(lines[0], " ")
	got = call(t, nil, "", "serve", "token", "revoke", name, "--tokens-file", file)
	if got.status != exit.OK || !strings.Contains(got.stdout, `"o 1"`) {
		t.Errorf("token revoke exits %d: %q %q", got.status, got.stdout, got.stderr)
	}
	got = call(t, nil, "", "serve", "token", "list", "--tokens-file", file)
	if got.stdout != lines[1]+"\n" {
		t.Errorf("after the revocation: %q, want the other token", got.stdout)
	}
	name, _, _ = strings.Cut(lines[1], " ")
	got = call(t, nil, "", "serve", "token", "revoke", name, "--tokens-file", file)
	if got.status != exit.OK || !strings.Contains(got.stderr, "no token is left") {
		t.Errorf("revoking the last token exits %d: %q, want a notice", got.status, got.stderr)
	}
}
