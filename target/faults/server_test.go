package faults

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

// visit is what a server saw of one connection.
type visit struct {
	text string
	end  string // "closed", "reset", "timeout"
	took time.Duration
}

// ending puts the error of a connection in a word.
func ending(err error) string {
	var n net.Error
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return "closed"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.As(err, &n) && n.Timeout():
		return "timeout"
	}
	return err.Error()
}

// serve runs a server that does handle with every connection, until the test
// ends, and returns its address.
func serve(t testing.TB, handle func(c *net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
				handle(c.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().String()
}

// watch runs a server that says answer after each request's head, and tells of
// what it reads until the end. The channel takes many.
func watch(t testing.TB, answer string) (addr string, visits <-chan visit) {
	seen := make(chan visit, 1000)
	return serve(t, func(c *net.TCPConn) {
		begun := time.Now()
		var text strings.Builder
		buf := make([]byte, 4<<10)
		answered := false
		for {
			n, err := c.Read(buf)
			text.Write(buf[:n])
			if answer != "" && !answered && strings.Contains(text.String(), "\r\n\r\n") {
				answered = true
				_, _ = io.WriteString(c, answer)
			}
			if err != nil {
				seen <- visit{text.String(), ending(err), time.Since(begun)}
				return
			}
		}
	}), seen
}

// pour runs a server that answers each request with head and then more, again
// and again, until the client is gone, and tells of how that went; text is empty.
// It has a small buffer, so what it could write the client's kernel has taken.
func pour(t testing.TB, head, more string) (addr string, visits <-chan visit) {
	seen := make(chan visit, 1000)
	return serve(t, func(c *net.TCPConn) {
		begun := time.Now()
		_ = c.SetWriteBuffer(4 << 10)
		_, err := c.Read(make([]byte, 4<<10))
		if err == nil {
			_, err = io.WriteString(c, head)
		}
		for text := []byte(more); err == nil; {
			_, err = c.Write(text)
		}
		seen <- visit{"", ending(err), time.Since(begun)}
	}), seen
}

const endless = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"

var kilobytes = strings.Repeat("0123456789abcdef", 1<<10)

func targetAt(addr string) Target {
	return Target{
		URL:       &url.URL{Scheme: "http", Host: addr},
		Dial:      load.Dialer(nil),
		DialSmall: load.DialerFrom(net.Dialer{Control: SmallBuffer}, nil),
		Headers:   []soak.Header{{Name: "Cookie", Value: soak.NewSecret("sid=1")}},
		Path:      "/api/sessions",
	}
}

func client(t testing.TB, spec string, to Target) soak.Fault {
	t.Helper()
	s, err := Parse(spec)
	ok(t, err)
	f, err := s.Client(to, 1)
	ok(t, err)
	return f
}

// inject injects and returns heal, which has to be called once.
func inject(t testing.TB, f soak.Fault) (heal func()) {
	t.Helper()
	undo, err := f.Inject(t.Context())
	ok(t, err)
	return func() { t.Helper(); ok(t, undo(t.Context())) }
}

// next is the next visit.
func next(t testing.TB, visits <-chan visit) visit {
	t.Helper()
	select {
	case v := <-visits:
		return v
	case <-time.After(time.Minute):
		t.Fatal("the server saw no connection end")
		return visit{}
	}
}

// tenSeconds is a context for what should take none of them.
func tenSeconds() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	context.AfterFunc(ctx, cancel)
	return ctx
}
