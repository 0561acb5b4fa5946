package httpapi

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// idle bounds the connections that are open and ask for nothing, so that whoever
// opens many cannot keep others out: the one that has waited longest is closed.
// A client whose connection is closed between two requests opens another one.
type idle struct {
	most    int
	mu      sync.Mutex
	waiting *list.List // of net.Conn, in the order in which they began to wait
	at      map[net.Conn]*list.Element
}

func newIdle(most int) *idle {
	return &idle{most: most, waiting: list.New(), at: map[net.Conn]*list.Element{}}
}

// change is the ConnState of an http.Server.
func (i *idle) change(conn net.Conn, state http.ConnState) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if e := i.at[conn]; e != nil {
		i.waiting.Remove(e)
		delete(i.at, conn)
	}
	if state != http.StateNew && state != http.StateIdle {
		return
	}
	i.at[conn] = i.waiting.PushBack(conn)
	if i.waiting.Len() <= i.most {
		return
	}
	oldest := i.waiting.Remove(i.waiting.Front()).(net.Conn)
	delete(i.at, oldest)
	// Not under the lock of a handshake: closing a TLS connection says
	// goodbye, and may wait for it.
	go oldest.Close()
}
