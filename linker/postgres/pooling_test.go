package postgres_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"relink/linker/postgres"
	"relink/linker/postgres/pgtest"
)

// proxy is a small pooling proxy in front of a real server.
type proxy struct {
	t *testing.T
	// sessionMode keeps one server session for a client's whole life.
	sessionMode bool
	// inTurn hands out the session that has idled longest, otherwise the one
	// that was used last.
	inTurn bool

	mu    sync.Mutex
	freed sync.Cond
	free  []*pgconn.HijackedConn
}

// startProxy opens size sessions at url and serves clients of the proxy.
func startProxy(t *testing.T, url string, size int, p *proxy) pgconn.DialFunc {
	t.Helper()
	p.t = t
	p.freed.L = &p.mu
	for range size {
		conn, err := pgconn.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		session, err := conn.Hijack()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { session.Conn.Close() })
		p.free = append(p.free, session)
	}
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go p.serve(server)
		return client, nil
	}
}

func (p *proxy) take() *pgconn.HijackedConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.free) == 0 {
		p.freed.Wait()
	}
	at := len(p.free) - 1
	if p.inTurn {
		at = 0
	}
	s := p.free[at]
	p.free = append(p.free[:at:at], p.free[at+1:]...)
	return s
}

func (p *proxy) put(s *pgconn.HijackedConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, s)
	p.freed.Signal()
}

// serve passes messages between one client and the sessions that it is given.
func (p *proxy) serve(conn net.Conn) {
	defer conn.Close()
	client := pgproto3.NewBackend(conn, conn)
	if _, err := client.ReceiveStartupMessage(); err != nil {
		return
	}
	client.Send(&pgproto3.AuthenticationOk{})
	client.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}})
	client.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if client.Flush() != nil {
		return
	}
	var session *pgconn.HijackedConn
	defer func() {
		if session != nil {
			p.put(session)
		}
	}()
	for {
		message, err := client.Receive()
		if err != nil {
			return
		}
		if _, bye := message.(*pgproto3.Terminate); bye {
			return
		}
		if session == nil {
			session = p.take()
		}
		session.Frontend.Send(message)
		switch message.(type) {
		case *pgproto3.Query, *pgproto3.Sync:
		default:
			continue
		}
		status, err := answer(session.Frontend, client)
		if err != nil {
			return
		}
		if status == 'I' && !p.sessionMode {
			p.put(session)
			session = nil
		}
	}
}

// answer passes on what the server says until it is ready again.
func answer(server *pgproto3.Frontend, client *pgproto3.Backend) (status byte, err error) {
	if err := server.Flush(); err != nil {
		return 0, err
	}
	for {
		message, err := server.Receive()
		if err != nil {
			return 0, err
		}
		client.Send(message)
		if ready, ok := message.(*pgproto3.ReadyForQuery); ok {
			return ready.TxStatus, client.Flush()
		}
	}
}

func TestCheckSession(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		sessions int
		proxy    *proxy
		pooled   bool
	}{
		{"no proxy", 0, nil, false},
		{"sessions are pooled", 3, &proxy{sessionMode: true}, false},
		{"transactions are pooled, the last used first", 3, &proxy{}, true},
		{"transactions are pooled, in turn", 3, &proxy{inTurn: true}, true},
		{"transactions are pooled, in turn among many", 7, &proxy{inTurn: true}, true},
		{"transactions are pooled in one session", 1, &proxy{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := postgres.Config{URL: pgtest.Database(t)}
			if c.proxy != nil {
				cfg.Dial = startProxy(t, cfg.URL, c.sessions, c.proxy)
			}
			err := postgres.CheckSession(t.Context(), func(ctx context.Context) (*pgx.Conn, error) {
				return postgres.Connect(ctx, cfg)
			})
			if got := errors.Is(err, postgres.ErrPooled); got != c.pooled || !c.pooled && err != nil {
				t.Errorf("CheckSession = %v, want a pooling error: %v", err, c.pooled)
			}
		})
	}
}
