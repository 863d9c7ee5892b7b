package load

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net"
	"net/http"
	"time"
)

// headLimit bounds the status line and headers of an answer, interim ones
// included, in bytes, give or take a read-ahead buffer. They take many times
// that when they are read, so with many requests in flight it is less.
func headLimit(concurrency int) int64 {
	return int64(max(16<<10, min(256<<10, keepTotal/4/concurrency)))
}

var errHeadTooLong = errors.New("status line and headers are too long")

// conn is one connection to the target.
type conn struct {
	raw   net.Conn
	plain net.Conn // raw, or TLS over it
	watch *watch   // over raw
	// forget unties the connection from the context that aborts it.
	forget func() bool
	// got counts the bytes received since the last request; left is how many
	// more may come before the head of the answer is too long, of limit.
	got, left, limit int64
	// failed is the error that ended reading, which the parser of an answer's
	// head may swallow.
	failed error
}

// newConn makes a conn of raw which is closed when abort ends.
func newConn(raw net.Conn, over *tls.Config, limit int64, abort context.Context) *conn {
	c := &conn{raw: raw, plain: raw, watch: newWatch(raw), limit: limit}
	if over != nil {
		c.plain = tls.Client(raw, over)
	}
	// The error of a Close that races with ours says nothing.
	c.forget = context.AfterFunc(abort, func() { _ = raw.Close() })
	return c
}

// extend gives the connection until deadline for whatever comes next.
func (c *conn) extend(deadline time.Time) error { return c.raw.SetDeadline(deadline) }

// send writes wire.
func (c *conn) send(wire []byte) error {
	c.got, c.left = 0, c.limit
	_, err := c.plain.Write(wire)
	return err
}

// plainHead reads the head of the answer from buf, which reads from c, where it is
// plain; otherwise it leaves it there.
func (c *conn) plainHead(buf *bufio.Reader) (h head, plain bool, err error) {
	if _, err := buf.Peek(1); err != nil {
		return h, false, cmp.Or(c.failed, err)
	}
	b, _ := buf.Peek(buf.Buffered())
	if h, plain = parseHead(b); plain {
		c.left = math.MaxInt64
	}
	return h, plain, nil
}

// head reads any head of an answer to r from buf.
func (c *conn) head(r request, buf *bufio.Reader) (*http.Response, error) {
	resp, err := http.ReadResponse(buf, r.head)
	for err == nil && resp.StatusCode < 200 {
		// An interim answer, such as 103; the final one follows.
		resp, err = http.ReadResponse(buf, r.head)
	}
	c.left = math.MaxInt64
	if err != nil {
		return nil, cmp.Or(c.failed, err)
	}
	return resp, nil
}

func (c *conn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		c.failed = errHeadTooLong
		return 0, c.failed
	}
	n, err := c.plain.Read(p)
	c.got += int64(n)
	c.left -= int64(n)
	c.failed = err
	return n, err
}

// close leaves nothing open. All that mattered on the connection was read
// before, so an error of its end has nothing to say.
func (c *conn) close() {
	c.forget()
	_ = c.plain.Close()
	_ = c.raw.Close() // TLS over a connection that hangs may not get that far
}
