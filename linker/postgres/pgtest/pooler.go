package pgtest

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"relink/linker/postgres/localpg"
)

// Pooler is a small pooling proxy in front of a real server. Its zero value
// pools transactions.
type Pooler struct {
	// SessionMode keeps one server session for a client's whole life.
	SessionMode bool
	// InTurn hands out the session that has idled longest, otherwise the one
	// that was used last.
	InTurn bool

	mu    sync.Mutex
	freed sync.Cond
	free  []*pgconn.HijackedConn
}

// Start opens size sessions at url.
func (p *Pooler) Start(t testing.TB, url string, size int) {
	t.Helper()
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
}

// Dial is a pgconn.DialFunc whose connections are the pooler's.
func (p *Pooler) Dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go p.serve(server)
	return client, nil
}

// Listen serves clients of other processes and returns the folder of the socket.
func (p *Pooler) Listen(t testing.TB) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp(localpg.TempDir(), "relink-pooler-") // the test's own is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return dir
}

func (p *Pooler) take() *pgconn.HijackedConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.free) == 0 {
		p.freed.Wait()
	}
	at := len(p.free) - 1
	if p.InTurn {
		at = 0
	}
	s := p.free[at]
	p.free = append(p.free[:at:at], p.free[at+1:]...)
	return s
}

func (p *Pooler) put(s *pgconn.HijackedConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, s)
	p.freed.Signal()
}

// serve passes messages between one client and the sessions that it is given.
func (p *Pooler) serve(conn net.Conn) {
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
		if status == 'I' && !p.SessionMode {
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
