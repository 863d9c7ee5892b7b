package webui

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
)

// What the server does when it has no descriptor left. Without one of these it eats the last one too, accepts no more,
// and hangs, as Go servers do.
const (
	exhausted500   = "500"
	exhaustedEmpty = "empty-200"
	exhaustedReset = "reset"
)

const (
	// spare is how many descriptors below the limit the leaks stop, so that connections can still be accepted.
	spare = 8
	// perConnection is the most descriptors that a connection to state.db takes: database, WAL and shared memory.
	perConnection = 3
)

var errExhausted = errors.New("opening state.db: out of file descriptors")

// ExhaustedHelp lists what Config.Exhausted can be, besides the empty default.
func ExhaustedHelp() []Kind {
	return []Kind{
		{Name: exhausted500, About: "requests that need state.db are answered 500, and deep health 503"},
		{Name: exhaustedEmpty, About: "sessions and projects are answered 200 with an empty list"},
		{Name: exhaustedReset, About: "every connection is reset before the first byte of an answer"},
	}
}

// A limit watches the number of descriptors of this process, where a behaviour at the limit was chosen. Once reached it
// stays so: a server that is out of descriptors does not get well by itself.
type limit struct {
	mode string
	most int // the soft limit; 0 where it is not known
	full atomic.Bool
}

// newLimit reads the limit of this process. Without a mode it need not be known.
func newLimit(mode string) (*limit, error) {
	var names []string
	known := mode == ""
	for _, k := range ExhaustedHelp() {
		names = append(names, k.Name)
		known = known || k.Name == mode
	}
	if !known {
		return nil, fmt.Errorf("exhausted %q%s; known: %s", mode, suggest(mode, names), strings.Join(names, ", "))
	}
	most, err := descriptorLimit()
	if err != nil && mode != "" {
		return nil, fmt.Errorf("exhausted %s: reading the limit on file descriptors: %w", mode, err)
	}
	return &limit{mode: mode, most: most}, nil
}

// reached tells whether the leaks must stop, and the chosen behaviour begins.
func (l *limit) reached() bool {
	if l.mode == "" {
		return false
	}
	if !l.full.Load() && l.left() < spare {
		l.full.Store(true)
	}
	return l.full.Load()
}

// left is how many descriptors can still be opened. Where that cannot be known it is more than anybody asks for.
func (l *limit) left() int {
	if l.most == 0 {
		return spare
	}
	n, err := openDescriptors(l.most)
	if err != nil {
		return 0 // to count them takes one
	}
	return l.most - n
}

// reset ends the connection of a request with RST instead of an answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http then closes it without an answer
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		// The close below sends RST then. An error means that the connection is gone already, which is as good.
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
