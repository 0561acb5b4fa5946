package httpapi

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// idle limits the number of idle connections, so that a client which opens many
// cannot keep others out: the one that has been idle longest is closed. A
// client whose connection is closed between two requests opens another one.
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
	// Not while holding the lock: closing a TLS connection sends an alert, and
	// may block.
	go oldest.Close()
}
