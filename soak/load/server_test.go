package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hermes-soak/soak"
)

// rawServer accepts connections and answers as a test wants, HTTP or not.
type rawServer struct {
	url string
	// conns and open count connections, requests those whose head was read.
	conns, open, requests atomic.Int64
	done                  chan struct{}
}

// peer is one connection at the server's side.
type peer struct {
	*net.TCPConn
	r *bufio.Reader
	s *rawServer
	n int64 // counts connections from 1
}

// serveRaw runs handle on every connection, which is closed after it.
func serveRaw(t *testing.T, handle func(*peer)) *rawServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &rawServer{url: "http://" + l.Addr().String(), done: make(chan struct{})}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p := &peer{c.(*net.TCPConn), bufio.NewReader(c), s, s.conns.Add(1)}
			s.open.Add(1)
			all.Go(func() {
				defer s.open.Add(-1)
				handle(p)
				_ = p.Close()
			})
		}
	})
	t.Cleanup(func() { close(s.done); _ = l.Close(); all.Wait() })
	return s
}

// request reads the head of the next request; false when there is none.
func (p *peer) request() bool {
	_, err := http.ReadRequest(p.r)
	if err == nil {
		p.s.requests.Add(1)
	}
	return err == nil
}

func (p *peer) say(format string, a ...any) { _, _ = fmt.Fprintf(p, format, a...) }

// reset makes the close that follows a RST.
func (p *peer) reset() { _ = p.SetLinger(0) }

// hang waits until the client goes away or the test ends.
func (p *peer) hang() {
	gone := make(chan struct{})
	go func() { defer close(gone); _, _ = io.Copy(io.Discard, p.r) }()
	select {
	case <-gone:
	case <-p.s.done:
		_ = p.Close()
		<-gone
	}
}

const hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// keepAlive answers request after request.
func keepAlive(p *peer) {
	for p.request() {
		p.say(hello)
	}
}

func driver(t *testing.T, url string, edit func(*Config)) *Driver {
	t.Helper()
	cfg := Config{BaseURL: url, Concurrency: 1, Timeout: time.Minute, Probes: []soak.Probe{probe(t, "/x")}}
	if edit != nil {
		edit(&cfg)
	}
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func probe(t *testing.T, path string) soak.Probe {
	t.Helper()
	p, err := soak.NewProbe(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func send(t *testing.T, d *Driver, n int) soak.Outcome {
	t.Helper()
	out, err := d.Send(context.Background(), soak.Wave{Kind: soak.WaveLoad, Requests: n})
	if err != nil {
		t.Fatal(err)
	}
	if out.Sent() != n || len(out.Latencies) != n {
		t.Fatalf("%d answers and %d latencies to %d requests", out.Sent(), len(out.Latencies), n)
	}
	return out
}

// classes are those of out's answers, one a request, in their order.
func classes(out soak.Outcome) (cs []soak.Class) {
	for _, a := range out.Answers {
		for range a.N {
			cs = append(cs, a.Class)
		}
	}
	return cs
}

// eventually waits up to a minute for f to hold.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
