package load

import (
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hermes-soak/soak"
)

// TestClasses: every way in which an answer can end has its class.
func TestClasses(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	answer := func(s string) func(*peer) { return func(p *peer) { p.request(); p.say("%s", s) } }
	for _, tc := range []struct {
		name   string
		handle func(*peer)
		class  soak.Class
		status int
		bytes  int64 // -1: some
	}{
		{"ok", answer(hello), soak.ClassOK, 200, 5},
		{"body to the end of the connection", answer(head + "\r\nhello!"), soak.ClassOK, 200, 6},
		{"chunks", answer(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), soak.ClassOK, 200, 3},
		{"no content", answer("HTTP/1.1 204 No Content\r\n\r\n"), soak.ClassOK, 204, 0},
		{"interim answers", answer("HTTP/1.1 103 Early Hints\r\n\r\n" + hello), soak.ClassOK, 200, 5},
		{"redirect is not followed", answer("HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"), soak.ClassOK, 302, 0},
		{"status 404", answer("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"), soak.ClassStatus, 404, 2},
		{"status 500", answer("HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno"), soak.ClassStatus, 500, 2},
		{"reset before the first byte", func(p *peer) { p.request(); p.reset() }, soak.ClassReset, 0, 0},
		{"reset without reading", func(p *peer) { p.reset() }, soak.ClassReset, 0, 0},
		{"closed before the first byte", func(p *peer) { p.request() }, soak.ClassEOF, 0, 0},
		{"no byte", func(p *peer) { p.hang() }, soak.ClassTimeout, 0, 0},
		{"one byte, then nothing", func(p *peer) { p.say("H"); p.hang() }, soak.ClassTimeout, 0, 0},
		{"one byte, then closed", answer("H"), soak.ClassOther, 0, 0},
		{"no HTTP", answer("220 smtp ready\r\n"), soak.ClassOther, 0, 0},
		{"endless head", func(p *peer) {
			p.request()
			p.say(head)
			for line := "X: " + strings.Repeat("x", 60<<10) + "\r\n"; ; {
				if _, err := p.Write([]byte(line)); err != nil {
					return
				}
			}
		}, soak.ClassOther, 0, 0},
		{"short body", answer(head + "Content-Length: 10\r\n\r\nhello"), soak.ClassShort, 200, 5},
		{"short body of an error", answer("HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\nhello"), soak.ClassShort, 500, 5},
		{"chunks end early", answer(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), soak.ClassShort, 200, 3},
		{"broken chunk", answer(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"), soak.ClassShort, 200, 3},
		{"reset in the body", func(p *peer) {
			p.request()
			p.say(head + "Content-Length: 10\r\n\r\nhello")
			time.Sleep(50 * time.Millisecond) // a RST takes unread bytes with it
			p.reset()
		}, soak.ClassReset, 200, 5},
		{"slow body", func(p *peer) { p.request(); p.say(head + "Content-Length: 10\r\n\r\nhello"); p.hang() }, soak.ClassTimeout, 200, 5},
		{"endless body", func(p *peer) {
			p.request()
			p.say(head + "\r\n")
			for b := make([]byte, 64<<10); ; {
				if _, err := p.Write(b); err != nil {
					return
				}
			}
		}, soak.ClassTimeout, 200, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := serveRaw(t, tc.handle)
			patience := time.Minute
			if tc.class == soak.ClassTimeout {
				patience = time.Second
			}
			d := driver(t, s.url, func(c *Config) { c.Timeout = patience })
			out := send(t, d, 1)
			got := out.Answers[0]
			if got.Class != tc.class || got.Status != tc.status {
				t.Errorf("got %+v, want class %s, status %d", got, tc.class, tc.status)
			}
			if got.Bytes != tc.bytes && (tc.bytes != -1 || got.Bytes == 0) {
				t.Errorf("got %d bytes, want %d", got.Bytes, tc.bytes)
			}
			if n := s.conns.Load(); n != 1 {
				t.Errorf("%d connections for one request", n)
			}
			if l := out.Latencies[0]; (tc.class == soak.ClassTimeout) != (l >= patience) || l > 20*time.Second {
				t.Errorf("ended after %s", l)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	out := send(t, driver(t, "http://"+l.Addr().String(), nil), 3)
	if len(out.Answers) != 1 || out.Answers[0].N != 3 || out.Answers[0].Class != soak.ClassRefused {
		t.Errorf("got %+v", out.Answers)
	}
}

// TestResetInDialing: a reset says that the connection had been taken.
func TestResetInDialing(t *testing.T) {
	for errno, connected := range map[syscall.Errno]bool{
		syscall.ECONNRESET: true, syscall.ECONNREFUSED: false, syscall.EHOSTUNREACH: false,
	} {
		d := driver(t, "http://127.0.0.1:1", nil)
		d.dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errno)}
		}
		if r, err := d.Try(t.Context(), probe(t, "/")); err != nil || r.Connected != connected {
			t.Errorf("%s: %+v, %v", errno, r, err)
		}
	}
}

// TestLostOnKeptConnection: a request that a kept connection ended without a byte of
// its answer is sent once more, where that does no harm, and counts once.
func TestLostOnKeptConnection(t *testing.T) {
	for class, end := range map[soak.Class]func(*peer){
		soak.ClassEOF:   func(*peer) {},
		soak.ClassReset: func(p *peer) { p.reset() },
	} {
		for _, tc := range []struct {
			method, body string
			again        bool
		}{
			{"GET", "", true}, {"HEAD", "", true}, {"OPTIONS", "", true}, {"GET", "x", false}, {"POST", "", false}, {"DELETE", "", false},
		} {
			s := serveRaw(t, func(p *peer) {
				if p.request() {
					p.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
				if p.request() {
					time.Sleep(10 * time.Millisecond)
					end(p)
				}
			})
			ask := probe(t, "/x")
			ask.Method, ask.Body = tc.method, soak.NewSecret(tc.body)
			out := send(t, driver(t, s.url, func(c *Config) { c.Probes = []soak.Probe{ask} }), 5)
			seen, failed := int64(5), []soak.Class{soak.ClassOK, class, soak.ClassOK, class, soak.ClassOK}
			if tc.again {
				seen, failed = 9, slices.Repeat([]soak.Class{soak.ClassOK}, 5)
			}
			if got := classes(out); !slices.Equal(got, failed) {
				t.Errorf("%s %q, %s: got %v", tc.method, tc.body, class, got)
			}
			if n := s.requests.Load(); n != seen {
				t.Errorf("%s %q, %s: the server saw %d requests, want %d", tc.method, tc.body, class, n, seen)
			}
			if l := out.Latencies[1]; tc.again && l < 10*time.Millisecond {
				t.Errorf("the request that was sent twice took %s, without its first try", l)
			}
		}
	}
}

// TestLostAgain: what fails on a new connection counts, and is not sent again.
func TestLostAgain(t *testing.T) {
	s := serveRaw(t, func(p *peer) {
		if p.request() && p.n == 1 {
			p.say(hello)
			p.request()
		}
		p.reset()
	})
	got := classes(send(t, driver(t, s.url, nil), 4))
	if want := []soak.Class{soak.ClassOK, soak.ClassReset, soak.ClassReset, soak.ClassReset}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if n := s.requests.Load(); n != 5 {
		t.Errorf("the server saw %d requests, want 5", n)
	}
}

// TestClosedWithoutAWord: a server that closes after each answer and does not say
// so is healthy, however its close and the next request cross each other.
func TestClosedWithoutAWord(t *testing.T) {
	s := serveRaw(t, func(p *peer) {
		if p.request() {
			p.say(hello)
			_ = p.CloseWrite()
			p.request()
		}
	})
	if out := send(t, driver(t, s.url, func(c *Config) { c.Concurrency = 4 }), 2000); out.Errors() != 0 {
		t.Errorf("answers %+v", out.Answers)
	}
}

// TestUnaskedAnswer: what a server sends too much never answers the next request.
func TestUnaskedAnswer(t *testing.T) {
	s := serveRaw(t, func(p *peer) {
		for p.request() {
			p.say(hello + "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
		}
	})
	if out := send(t, driver(t, s.url, nil), 4); out.Errors() != 0 || s.requests.Load() != 4 {
		t.Errorf("the server saw %d requests, answers %+v", s.requests.Load(), out.Answers)
	}
}

// TestClosedWhileIdle: a server may close a kept connection between two
// requests; that is no failure of the next.
func TestClosedWhileIdle(t *testing.T) {
	s := serveRaw(t, func(p *peer) { p.request(); p.say(hello) })
	d := driver(t, s.url, func(c *Config) { c.Rate = 20 })
	out := send(t, d, 4)
	if out.Errors() != 0 || s.conns.Load() != 4 {
		t.Errorf("%d connections, answers %+v", s.conns.Load(), out.Answers)
	}
}
