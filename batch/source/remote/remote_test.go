package remote

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// content is random, so that a byte in the wrong place is detected.
func content(t *testing.T, size int) []byte {
	t.Helper()
	b := make([]byte, size)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// statAndCopy turns an address into a file.
func statAndCopy(ctx context.Context, address string, to *os.File, opt Options) (Origin, error) {
	is, err := Stat(ctx, address, opt)
	if err != nil {
		return is, err
	}
	return Copy(ctx, is, to, opt)
}

// copied returns the content that Copy writes for an address.
func copied(t *testing.T, address string, opt Options) ([]byte, Origin, error) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	is, err := statAndCopy(t.Context(), address, f, opt)
	got, readErr := os.ReadFile(f.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	return got, is, err
}

func wantCopy(t *testing.T, address string, opt Options, want []byte) Origin {
	t.Helper()
	got, is, err := copied(t, address, opt)
	if err != nil {
		t.Fatalf("Copy(%s): %v", address, err)
	}
	if sha256.Sum256(got) != sha256.Sum256(want) {
		t.Fatalf("Copy(%s) made %d bytes that differ from the %d of the object", address, len(got), len(want))
	}
	if is.Size != int64(len(want)) {
		t.Errorf("Copy(%s) Size = %d, want %d", address, is.Size, len(want))
	}
	return is
}

// wantError checks the error for an address, and its hint.
func wantError(t *testing.T, address string, opt Options, what, hint string) {
	t.Helper()
	_, _, err := copied(t, address, opt)
	if err == nil {
		t.Fatalf("Copy(%s) succeeded, want an error with %q", address, what)
	}
	if !strings.Contains(err.Error(), what) {
		t.Errorf("Copy(%s) error = %q, want %q in it", address, err, what)
	}
	var own *Error
	if !errors.As(err, &own) {
		t.Fatalf("Copy(%s) error is a %T, want an *Error", address, err)
	}
	if !strings.Contains(own.Hint(), hint) {
		t.Errorf("Copy(%s) hint = %q, want %q in it", address, own.Hint(), hint)
	}
}

func TestNameHidesSecrets(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://host/a.csv?X-Amz-Signature=secret#x": "https://host/a.csv",
		"sftp://me:secret@host/a.csv":                 "sftp://me@host/a.csv",
		"s3://bucket/a%20b.csv":                       "s3://bucket/a%20b.csv",
		"https://me:secret@host\x7f/a?secret":         "https://host\x7f/a",
	} {
		if got := Name(address); got != want {
			t.Errorf("Name(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestIsAddress(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"links.csv": false, "-": false, "/a://b": false, `C:\a`: false, "./s3://x": false, "://": false,
		"s3://b/k": true, "https://h/p": true, "gs://b/k": true,
	} {
		if got := IsAddress(path); got != want {
			t.Errorf("IsAddress(%q) = %t, want %t", path, got, want)
		}
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]string{
		"https://me:secret@host/a":  {"holds a password", "leave it out"},
		"http://host/a":             {"not encrypted", "https://"},
		"gs://bucket/key":           {"does not read gs://", "as -"},
		"s3://bucket":               {"names no object", "s3://bucket/"},
		"s3://bucket/folder/":       {"names no object", "s3://bucket/"},
		"sftp://host/":              {"names no file", "sftp://user@host"},
		"https:///a":                {"names no host", ""},
		"https://host/%zz?k=secret": {"cannot be read", "%XX"},
	} {
		wantError(t, address, Options{}, want[0], want[1])
	}
	_, _, err := copied(t, "https://me:secret@host/a", Options{})
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the password stands in the error %q", err)
	}
}

// webServer serves body with a strong ETag. Each answer is first passed to
// change, which may damage it.
func webServer(t *testing.T, body []byte, change func(n int64, w http.ResponseWriter, r *http.Request) bool) (string, Options) {
	t.Helper()
	var requests atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Set("ETag", `"one"`)
		if change != nil && change(requests.Add(1), w, r) {
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.URL + "/links.csv?signature=secret", Options{roots: roots}
}

// cutting sends only the first n bytes of an answer, then drops the connection.
type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(p []byte) (int, error) {
	if len(p) > c.left {
		c.ResponseWriter.Write(p[:c.left])
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	body := content(t, 3<<20)

	t.Run("is copied", func(t *testing.T) {
		t.Parallel()
		address, opt := webServer(t, body, nil)
		if is := wantCopy(t, address, opt, body); is.Version != `"one"` || strings.Contains(is.Name, "secret") {
			t.Errorf("Copy = %+v, want the ETag as version and no signature in the name", is)
		}
	})
	t.Run("goes on behind what has come", func(t *testing.T) {
		t.Parallel()
		var ranges []string
		address, opt := webServer(t, body, func(n int64, w http.ResponseWriter, r *http.Request) bool {
			ranges = append(ranges, r.Header.Get("Range"))
			if n == 2 || n == 3 {
				http.ServeContent(&cutting{w, 1 << 20}, r, "", time.Time{}, bytes.NewReader(body))
				return true
			}
			return false
		})
		var notices []string
		opt.Notice = func(s string) { notices = append(notices, s) }
		wantCopy(t, address, opt, body)
		if len(ranges) != 4 || ranges[1] != "" || ranges[2] == "" || ranges[3] == "" {
			t.Errorf("ranges asked for = %q, want none twice (asking, reading), then two", ranges)
		}
		if len(notices) != 2 || !strings.Contains(notices[0], "trying again") || strings.Contains(notices[0], "secret") {
			t.Errorf("notices = %q, want two of trying again", notices)
		}
	})
	t.Run("begins anew where the server knows no ranges", func(t *testing.T) {
		t.Parallel()
		address, opt := webServer(t, body, func(n int64, w http.ResponseWriter, r *http.Request) bool {
			w.Header().Del("ETag")
			r.Header.Del("Range")
			if n == 2 {
				http.ServeContent(&cutting{w, 1 << 20}, r, "", time.Time{}, bytes.NewReader(body))
				return true
			}
			return false
		})
		wantCopy(t, address, opt, body)
	})
	t.Run("an answer without a length is copied", func(t *testing.T) {
		t.Parallel()
		address, opt := webServer(t, body, func(_ int64, w http.ResponseWriter, _ *http.Request) bool {
			w.(http.Flusher).Flush()
			w.Write(body)
			return true
		})
		wantCopy(t, address, opt, body)
	})
	t.Run("an object that changes is refused", func(t *testing.T) {
		t.Parallel()
		address, opt := webServer(t, body, func(n int64, w http.ResponseWriter, r *http.Request) bool {
			if n > 2 {
				w.Header().Set("ETag", `"two"`)
			}
			if n == 2 {
				http.ServeContent(&cutting{w, 1 << 20}, r, "", time.Time{}, bytes.NewReader(body))
				return true
			}
			return false
		})
		wantError(t, address, opt, "changed while it was read", "run it again")
	})
	t.Run("a redirect out of encryption is refused", func(t *testing.T) {
		t.Parallel()
		address, opt := webServer(t, body, func(_ int64, w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://127.0.0.1:1/links.csv", http.StatusFound)
			return true
		})
		wantError(t, address, opt, "which is not encrypted", "https://")
	})
	for status, hint := range map[int]string{
		http.StatusNotFound: "check the address", http.StatusForbidden: "--source-token-file", http.StatusUnauthorized: "--source-token-file",
	} {
		t.Run(fmt.Sprintf("status %d ends at once", status), func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			address, opt := webServer(t, body, func(_ int64, w http.ResponseWriter, _ *http.Request) bool {
				asked.Add(1)
				w.WriteHeader(status)
				return true
			})
			wantError(t, address, opt, fmt.Sprint(status), hint)
			if asked.Load() != 1 {
				t.Errorf("asked %d times, want once", asked.Load())
			}
		})
	}
	t.Run("a login page is refused", func(t *testing.T) {
		t.Parallel()
		address, opt := webServer(t, body, func(_ int64, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			io.WriteString(w, "<html>please log in")
			return true
		})
		wantError(t, address, opt, "web page", "--source-token-file")
	})
	t.Run("the token is sent, without its line end", func(t *testing.T) {
		t.Parallel()
		var got atomic.Value
		address, opt := webServer(t, body, func(_ int64, _ http.ResponseWriter, r *http.Request) bool {
			got.Store(r.Header.Get("Authorization"))
			return false
		})
		opt.TokenFile = filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(opt.TokenFile, []byte("abc\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		wantCopy(t, address, opt, body)
		if got.Load() != "Bearer abc" {
			t.Errorf("Authorization = %q, want Bearer abc", got.Load())
		}
	})
	t.Run("a token that others can read is refused", func(t *testing.T) {
		t.Parallel()
		var asked atomic.Int64
		address, opt := webServer(t, body, func(int64, http.ResponseWriter, *http.Request) bool {
			asked.Add(1)
			return false
		})
		opt.TokenFile = filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(opt.TokenFile, []byte("abc"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(opt.TokenFile, 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(t.TempDir(), "copy"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := statAndCopy(t.Context(), address, f, opt); err == nil || !strings.Contains(err.Error(), "others can read it (mode 0644)") {
			t.Errorf("Copy error = %v, want that others can read the token", err)
		}
		if asked.Load() != 0 {
			t.Error("it was sent")
		}
	})
	t.Run("an unknown certificate is refused", func(t *testing.T) {
		t.Parallel()
		address, _ := webServer(t, body, nil)
		ctx, cancel := context.WithCancel(t.Context())
		f, err := os.Create(filepath.Join(t.TempDir(), "copy"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		defer cancel()
		if _, err := statAndCopy(ctx, address, f, Options{}); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("Copy error = %v, want one of the certificate", err)
		}
	})
}

// s3Server sets the environment to a store, so tests that use it are not
// parallel.
func s3Server(t *testing.T, body []byte, between http.HandlerFunc) *s3mem.Backend {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("exports"); err != nil {
		t.Fatal(err)
	}
	put(t, backend, body)
	store := gofakes3.New(backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if between != nil && r.Method == http.MethodGet {
			between(w, r)
		}
		store.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	return backend
}

func put(t *testing.T, backend *s3mem.Backend, body []byte) {
	t.Helper()
	modified := map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}
	if _, err := backend.PutObject("exports", "nightly/links.csv", modified, bytes.NewReader(body), int64(len(body)), nil); err != nil {
		t.Fatal(err)
	}
}

func TestS3(t *testing.T) {
	const address = "s3://exports/nightly/links.csv"
	body := content(t, 3<<20)

	t.Run("is copied, with its ETag", func(t *testing.T) {
		s3Server(t, body, nil)
		is := wantCopy(t, address, Options{}, body)
		now, err := Stat(t.Context(), address, Options{})
		if err != nil || now.Version != is.Version || is.Version == "" {
			t.Errorf("Stat = %+v, %v; want the version of the copy, %q", now, err, is.Version)
		}
	})
	t.Run("goes on behind what has come", func(t *testing.T) {
		var asked int
		var ranges []string
		backend := s3Server(t, nil, nil)
		put(t, backend, body)
		store := gofakes3.New(backend).Server()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && r.URL.Path == "/exports/nightly/links.csv" {
				asked++
				ranges = append(ranges, r.Header.Get("Range"))
				if asked == 1 {
					w = &cutting{w, 1 << 20}
				}
			}
			store.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
		wantCopy(t, address, Options{}, body)
		if len(ranges) != 2 || ranges[0] != "" || ranges[1] == "" {
			t.Errorf("ranges asked for = %q, want none, then one", ranges)
		}
	})
	t.Run("an object that changes is refused", func(t *testing.T) {
		var backend *s3mem.Backend
		backend = s3Server(t, body, func(http.ResponseWriter, *http.Request) {
			if backend != nil {
				put(t, backend, body[:1<<20])
			}
		})
		_, _, err := copied(t, address, Options{})
		if err == nil || !strings.Contains(err.Error(), "changed while it was read") {
			t.Errorf("Copy error = %v, want that the object changed", err)
		}
	})
	t.Run("a missing object and a missing bucket are named", func(t *testing.T) {
		s3Server(t, body, nil)
		wantError(t, "s3://exports/none.csv", Options{}, "no such", "check the address")
		wantError(t, "s3://nobody-has-it/none.csv", Options{}, "no such", "check the address")
	})
	for code, hint := range map[string]string{"ExpiredToken": "renew", "AccessDenied": "AWS_ACCESS_KEY_ID"} {
		t.Run(code+" is named", func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Minio-Error-Code", code)
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
			}))
			t.Cleanup(server.Close)
			t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
			t.Setenv("AWS_ACCESS_KEY_ID", "key")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
			wantError(t, address, Options{}, "", hint)
		})
	}
	t.Run("an endpoint that is none is named", func(t *testing.T) {
		t.Setenv("AWS_ENDPOINT_URL_S3", "localhost:9000")
		wantError(t, address, Options{}, "AWS_ENDPOINT_URL", "https://")
	})
}

// sftpServer serves the files of a folder to anyone who has the key. Each
// connection is first passed to spoil.
func sftpServer(t *testing.T, spoil func(n int64, c net.Conn) net.Conn) (address string, opt Options) {
	t.Helper()
	_, hostKey, _ := ed25519.GenerateKey(rand.Reader)
	host, err := ssh.NewSignerFromKey(hostKey)
	if err != nil {
		t.Fatal(err)
	}
	userPub, userKey, _ := ed25519.GenerateKey(rand.Reader)
	allowed, err := ssh.NewPublicKey(userPub)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(key.Marshal(), allowed.Marshal()) {
			return nil, errors.New("not this key")
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var connections atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if spoil != nil {
				c = spoil(connections.Add(1), c)
			}
			go serveSFTP(c, config)
		}
	}()
	dir := t.TempDir()
	pemKey, err := ssh.MarshalPrivateKey(userKey, "")
	if err != nil {
		t.Fatal(err)
	}
	opt.SFTPKeyFile = filepath.Join(dir, "key")
	opt.KnownHosts = filepath.Join(dir, "known_hosts")
	line := knownhosts.Line([]string{knownhosts.Normalize(l.Addr().String())}, host.PublicKey())
	for path, text := range map[string][]byte{opt.SFTPKeyFile: pem.EncodeToMemory(pemKey), opt.KnownHosts: []byte(line + "\n")} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return "sftp://me@" + l.Addr().String(), opt
}

func serveSFTP(c net.Conn, config *ssh.ServerConfig) {
	defer c.Close()
	_, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for next := range channels {
		channel, asked, err := next.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range asked {
				r.Reply(r.Type == "subsystem", nil)
			}
		}()
		server, err := sftp.NewServer(channel)
		if err != nil {
			return
		}
		server.Serve()
	}
}

// breaking drops a connection after a number of bytes were written to it.
type breaking struct {
	net.Conn
	left int64
}

func (b *breaking) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		b.Conn.Close()
		return 0, net.ErrClosed
	}
	return b.Conn.Write(p)
}

func TestSFTP(t *testing.T) {
	t.Parallel()
	body := content(t, 3<<20)
	file := filepath.Join(t.TempDir(), "links.csv")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}

	t.Run("is copied", func(t *testing.T) {
		t.Parallel()
		address, opt := sftpServer(t, nil)
		wantCopy(t, address+file, opt, body)
	})
	t.Run("goes on behind what has come", func(t *testing.T) {
		t.Parallel()
		address, opt := sftpServer(t, func(n int64, c net.Conn) net.Conn {
			if n == 2 || n == 3 { // the first one is only Stat
				return &breaking{c, 1 << 20}
			}
			return c
		})
		var notices atomic.Int64
		opt.Notice = func(string) { notices.Add(1) }
		wantCopy(t, address+file, opt, body)
		if notices.Load() == 0 {
			t.Error("no interruption was told, want two")
		}
	})
	t.Run("an unknown host is refused", func(t *testing.T) {
		t.Parallel()
		address, opt := sftpServer(t, nil)
		if err := os.WriteFile(opt.KnownHosts, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		wantError(t, address+file, opt, "not a known one", "known_hosts")
	})
	t.Run("another host key is refused", func(t *testing.T) {
		t.Parallel()
		address, opt := sftpServer(t, nil)
		_, other := sftpServer(t, nil)
		line, err := os.ReadFile(other.KnownHosts)
		if err != nil {
			t.Fatal(err)
		}
		_, key, _ := strings.Cut(string(line), " ")
		line = []byte(knownhosts.Normalize(strings.TrimPrefix(address, "sftp://me@")) + " " + key)
		if err := os.WriteFile(opt.KnownHosts, line, 0o600); err != nil {
			t.Fatal(err)
		}
		wantError(t, address+file, opt, "another key", "listening in")
	})
	t.Run("a wrong key is refused", func(t *testing.T) {
		t.Parallel()
		address, opt := sftpServer(t, nil)
		_, other := sftpServer(t, nil)
		opt.SFTPKeyFile = other.SFTPKeyFile
		wantError(t, address+file, opt, "logging in", "--sftp-key-file")
	})
	t.Run("no known hosts at all", func(t *testing.T) {
		t.Parallel()
		address, opt := sftpServer(t, nil)
		opt.KnownHosts += ".none"
		wantError(t, address+file, opt, "known hosts", "ssh")
	})
	t.Run("a missing file is named", func(t *testing.T) {
		t.Parallel()
		address, opt := sftpServer(t, nil)
		wantError(t, address+file+".none", opt, "no such file", "root")
		wantError(t, address+filepath.Dir(file), opt, "a folder", "file in it")
	})
	t.Run("a file that grows while it is read is refused", func(t *testing.T) {
		t.Parallel()
		growing := filepath.Join(t.TempDir(), "growing.csv")
		if err := os.WriteFile(growing, body, 0o600); err != nil {
			t.Fatal(err)
		}
		address, opt := sftpServer(t, func(n int64, c net.Conn) net.Conn {
			if n == 2 { // the first one is only Stat
				return &breaking{c, 1 << 20}
			}
			return c
		})
		opt.Notice = func(string) {
			if err := os.WriteFile(growing, append(body, 'x'), 0o600); err != nil {
				t.Error(err)
			}
		}
		wantError(t, address+growing, opt, "changed while it was read", "run it again")
	})
}

func TestCopyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	body := content(t, 1<<20)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped by hand")
	address, opt := webServer(t, body, func(n int64, w http.ResponseWriter, r *http.Request) bool {
		if n == 2 {
			w.Write(body[:1000])
			w.(http.Flusher).Flush()
			cancel(stop)
			<-r.Context().Done()
			return true
		}
		return false
	})
	f, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := statAndCopy(ctx, address, f, opt); !errors.Is(err, stop) {
		t.Errorf("Copy error = %v, want the cause of the context's end", err)
	}
}

// A copy takes no more than it was told to, whatever the server says or leaves out.
func TestCopyIsBounded(t *testing.T) {
	t.Parallel()
	body := content(t, 3<<20)
	address, opt := webServer(t, body, nil)
	opt.MaxBytes = int64(len(body))
	wantCopy(t, address, opt, body)
	opt.MaxBytes--
	wantError(t, address, opt, "the object has more than 3145727 bytes", "raise --max-bytes")

	var sent atomic.Int64
	address, opt = webServer(t, nil, func(_ int64, w http.ResponseWriter, r *http.Request) bool {
		w.Header().Del("Content-Length")
		for { // and never an end
			n, err := w.Write(body)
			if sent.Add(int64(n)); err != nil {
				return true
			}
		}
	})
	opt.MaxBytes = 5 << 20
	got, _, err := copied(t, address, opt)
	if err == nil || !strings.Contains(err.Error(), "the object has more than 5242880 bytes") {
		t.Errorf("Copy of an endless object: %v, want an error", err)
	}
	if len(got) > 5<<20 {
		t.Errorf("the copy has %d bytes, want at most 5 MiB", len(got))
	}
}
