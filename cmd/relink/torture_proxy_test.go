package main

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// commitCutter is a proxy between relink and the server that cuts one
// connection right after a COMMIT went through it, before the answer comes
// back.
type commitCutter struct {
	dir      string
	server   string
	listener net.Listener
	left     atomic.Int64 // commits that still pass
}

func newCommitCutter(t *testing.T, serverDir string, at int) *commitCutter {
	t.Helper()
	// A socket's path has room for a hundred bytes.
	dir, err := os.MkdirTemp("/tmp", "cut-")
	if err != nil {
		t.Fatal(err)
	}
	p := &commitCutter{dir: dir, server: filepath.Join(serverDir, "socket", ".s.PGSQL.5432")}
	p.left.Store(int64(at))
	if p.listener, err = net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432")); err != nil {
		t.Fatal(err)
	}
	go p.accept()
	return p
}

// url is the server's URL with the proxy in its place.
func (p *commitCutter) url(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	q := u.Query()
	q.Set("host", p.dir)
	u.RawQuery = q.Encode()
	return u.String()
}

func (p *commitCutter) close() {
	p.listener.Close()
	os.RemoveAll(p.dir)
}

func (p *commitCutter) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.server)
		if err != nil {
			client.Close()
			continue
		}
		go func() {
			defer client.Close()
			defer server.Close()
			io.Copy(client, server)
		}()
		go p.forward(client, server)
	}
}

// forward passes on what the client sends. pgx sends COMMIT as a separate
// message, so that one read holds it.
func (p *commitCutter) forward(client, server net.Conn) {
	defer server.Close()
	defer client.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		cut := bytes.Contains(buf[:n], []byte("commit\x00")) && p.left.Add(-1) == 0
		if cut {
			client.Close() // first, so that no answer gets through
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
		if cut {
			time.Sleep(20 * time.Millisecond) // the server reads it and commits
			return
		}
	}
}
