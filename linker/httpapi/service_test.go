package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/linker/httpapi"
	"relink/linker/postgres/engine"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// service is a server on loopback, over a database of its own.
type service struct {
	t       *testing.T
	url     string
	ops     string    // the address of the operators
	conn    *pgx.Conn // beside the server, to look at the tables
	handler *httpapi.Handler
	tokens  *httpapi.Tokens
	file    string            // of the tokens
	token   map[string]string // by organization
	log     *lockedBuffer
}

// setup is what a test wants otherwise than usual.
type setup struct {
	perMinute   int
	connections int32
	dial        *breaker
	atOnce      int
	linker      func(httpapi.Linker) httpapi.Linker // wraps the database
	server      func(*http.Server)
}

func serve(t *testing.T, s setup) *service {
	t.Helper()
	url := pgtest.Database(t)
	conn := connect(t, url)
	world(t, conn)

	x := &service{t: t, conn: conn, token: map[string]string{}, log: &lockedBuffer{}, file: filepath.Join(t.TempDir(), "tokens")}
	for _, organization := range []string{"o-1", "o-2"} {
		token, err := httpapi.AddToken(x.file, organization)
		if err != nil {
			t.Fatal(err)
		}
		x.token[organization] = token
	}
	var err error
	if x.tokens, err = httpapi.OpenTokens(x.file, ""); err != nil {
		t.Fatal(err)
	}
	cfg := pg.Config{URL: url}
	if s.dial != nil {
		cfg.Dial = s.dial.dial
	}
	one, err := engine.NewSingle(t.Context(), cfg, max(s.connections, 4))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(one.Close)
	if s.perMinute == 0 {
		s.perMinute = -1
	}
	log := slog.New(slog.NewJSONHandler(x.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var database httpapi.Linker = one
	if s.linker != nil {
		database = s.linker(one)
	}
	x.handler = httpapi.NewHandler(httpapi.Config{
		Linker: database, AtOnce: s.atOnce, Tokens: x.tokens, PerMinute: s.perMinute, IsUnavailable: pg.IsUnavailable, Log: log,
	})
	x.url = listen(t, x.handler, s.server)
	x.ops = listen(t, x.handler.Operators(), nil)
	return x
}

// listen serves a handler on a real port of this machine.
func listen(t *testing.T, h http.Handler, change func(*http.Server)) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httpapi.NewServer(h, nil)
	if change != nil {
		change(server)
	}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return "http://" + listener.Addr().String()
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgtest.Open(t.Context(), pg.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// world fills a database with the small world that the rooms beside use, too.
func world(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	sql, err := os.ReadFile("../postgres/testdata/world.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), string(sql)); err != nil {
		t.Fatal(err)
	}
}

// ask is one request of a test.
type ask struct {
	method    string // PUT unless given
	recording string
	path      string // instead of the recording
	operator  bool   // at the address of the operators
	body      string
	token     string // an organization whose token is sent, o-1 unless given; none for none
	header    map[string]string
}

// reply is the answer to it.
type reply struct {
	status int
	header http.Header
	body   string
}

func (x *service) do(a ask) reply {
	x.t.Helper()
	if a.method == "" {
		a.method = http.MethodPut
	}
	if a.path == "" {
		a.path = "/v1/core/recordings/" + a.recording + "/link"
	}
	base := x.url
	if a.operator {
		base = x.ops
	}
	request, err := http.NewRequestWithContext(x.t.Context(), a.method, base+a.path, strings.NewReader(a.body))
	if err != nil {
		x.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	switch a.token {
	case "none":
	case "":
		request.Header.Set(httpapi.TokenHeader, x.token["o-1"])
	default:
		request.Header.Set(httpapi.TokenHeader, x.token[a.token])
	}
	for name, value := range a.header {
		request.Header.Set(name, value)
		if value == "" {
			request.Header.Del(name)
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		x.t.Fatalf("%s %s: %v", a.method, a.path, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(body)}
}

// code is the code of an answer that is not a success.
func (r reply) code() string {
	var p struct {
		Details struct {
			Code string `json:"code"`
		} `json:"details"`
	}
	json.Unmarshal([]byte(r.body), &p)
	return p.Details.Code
}

// links are the recordings' current links, as recording → CRM row.
func links(t *testing.T, conn *pgx.Conn) map[string]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT recording_id, entity_id FROM recording_links WHERE cleared_at IS NULL")
	if err != nil {
		t.Fatal(err)
	}
	current := map[string]string{}
	var recording, entity string
	_, err = pgx.ForEachRow(rows, []any{&recording, &entity}, func() error {
		if other, ok := current[recording]; ok {
			t.Errorf("recording %s has two current links, to %s and %s", recording, other, entity)
		}
		current[recording] = entity
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return current
}

// lockedBuffer is a buffer that many may write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// breaker is a way to the database that can be cut.
type breaker struct {
	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func (b *breaker) dial(ctx context.Context, network, address string) (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cut {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		b.conns = append(b.conns, conn)
	}
	return conn, err
}

func (b *breaker) set(cut bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = cut
	if cut {
		for _, c := range b.conns {
			c.Close()
		}
		b.conns = nil
	}
}
