package ladder

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers each connection's one request by its path, as a test wants.
type server struct {
	url, addr string
	// conns and open count connections.
	conns, open atomic.Int64
}

// peer is one connection at the server's side.
type peer struct {
	*net.TCPConn
	path string
	n    int64 // counts connections from 1
}

func serve(t *testing.T, answer func(*peer)) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: l.Addr().String(), url: "http://" + l.Addr().String()}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p := &peer{TCPConn: c.(*net.TCPConn), n: s.conns.Add(1)}
			s.open.Add(1)
			all.Go(func() {
				if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					p.path = r.RequestURI
					answer(p)
				}
				_ = c.Close()
				s.open.Add(-1)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return s
}

func (p *peer) say(status int, body string) {
	_, _ = fmt.Fprintf(p, "HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

func (p *peer) reset() { _ = p.SetLinger(0) }

// hang waits until the client goes away.
func (p *peer) hang() { _, _ = io.Copy(io.Discard, p) }

// pages answers by path: "reset", "close", "hang", or a status and a body.
func pages(t *testing.T, answers map[string]string) *server {
	return serve(t, func(p *peer) {
		how, ok := answers[p.path]
		if !ok {
			how = "404 none"
		}
		switch how {
		case "reset":
			p.reset()
		case "close":
		case "hang":
			p.hang()
		case "raw":
			_, _ = p.Write([]byte("-ERR unknown command\r\n"))
		case "byte":
			_, _ = p.Write([]byte("H"))
			p.hang()
		case "short":
			_, _ = p.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"))
		default:
			var status int
			first, body, _ := strings.Cut(how, " ")
			if _, err := fmt.Sscan(first, &status); err != nil {
				panic(err)
			}
			p.say(status, body)
		}
	})
}
