package load

import (
	"context"
	"io"
	"net/http"
	"time"

	"hermes-soak/soak"
)

// Reply is one answer, and how far its request came.
type Reply struct {
	soak.Answer
	// Connected says that a connection was accepted, by the target or by its
	// kernel; FirstByte that at least one byte of an answer came.
	Connected, FirstByte bool
	// kept says that the connection had brought an answer before.
	kept bool
}

// lost says that the target closed a kept connection without a byte of an answer:
// perhaps since it had gone on closing it while the request was on its way, which is
// its right and no failure (RFC 9112, section 9.3.1).
func (r Reply) lost() bool {
	return r.kept && !r.FirstByte && (r.Class == soak.ClassEOF || r.Class == soak.ClassReset)
}

// client sends one request after the other, on one connection at a time. It is
// for one goroutine.
type client struct {
	driver *Driver
	// abort ends the request in flight, and the connection with it.
	abort  context.Context
	reader *reader
	conn   *conn // nil while none is open
	// lastByte is when the last request ended, by an answer or a failure.
	lastByte time.Time
	kind     kind // of the last answer
	// jar takes the cookies of answers where it is not nil; cookies says that
	// there were some.
	jar     http.CookieJar
	cookies bool
	// took is the time of an action's requests, without our own between them.
	took time.Duration
	// timer wakes it when a request is due; nil before it had to wait.
	timer *time.Timer
}

func (d *Driver) newClient(abort context.Context) *client {
	return &client{driver: d, abort: abort, reader: d.readers.Get().(*reader)}
}

// release closes the connection and gives the buffers back.
func (c *client) release() {
	c.hangUp()
	c.driver.readers.Put(c.reader)
}

// do sends r and reads its answer, within the timeout. Where it was lost, and may
// be repeated, it is sent once more on a new connection, and what becomes of it
// there counts. An error means that the target was not tried, or the request was
// aborted.
func (c *client) do(r request) (Reply, error) {
	deadline := time.Now().Add(c.driver.cfg.Timeout)
	reply, err := c.exchange(r, deadline)
	if err == nil && reply.lost() && r.safe {
		reply, err = c.exchange(r, deadline)
	}
	c.lastByte = time.Now()
	if c.abort.Err() != nil {
		return Reply{}, context.Cause(c.abort)
	}
	return reply, err
}

func (c *client) exchange(r request, deadline time.Time) (Reply, error) {
	c.reader.forget()
	kept, err := c.connect(deadline)
	if err != nil {
		class := classOf(err)
		// A closed port refuses: what resets a connection had taken it.
		return Reply{Answer: soak.Answer{N: 1, Class: class}, Connected: class == soak.ClassReset}, untried(err)
	}
	reply := Reply{Connected: true, kept: kept}
	if err = c.conn.send(r.wire); err == nil {
		reply.Answer, err = c.receive(r)
	}
	reply.FirstByte = err == nil || c.conn.got > 0
	if err != nil {
		c.hangUp()
		reply.Answer = soak.Answer{N: 1, Class: headClass(err, reply.FirstByte)}
		return reply, untried(err)
	}
	return reply, nil
}

// receive reads the answer to r. An error is one of its head. With cookies to keep,
// or without a body, net/http reads it.
func (c *client) receive(r request) (soak.Answer, error) {
	h, plain, err := c.conn.plainHead(c.reader.buf)
	if err != nil {
		return soak.Answer{}, err
	}
	if plain && r.head.Method != http.MethodHead && c.jar == nil {
		if c.kind.know(h.kind); !c.kind.stream {
			_, _ = c.reader.buf.Discard(h.size) // it is all there
			c.reader.plain.left = h.length
			return c.body(r, h.status, &c.reader.plain, true), nil
		}
	}
	resp, err := c.conn.head(r, c.reader.buf)
	if err != nil {
		return soak.Answer{}, err
	}
	c.keepCookies(r, resp)
	c.kind.know([]byte(resp.Header.Get("Content-Type")))
	if c.kind.stream && resp.StatusCode < 400 {
		return c.overhear(resp), nil
	}
	return c.body(r, resp.StatusCode, resp.Body, !resp.Close), nil
}

// body reads the body of an answer with that status to its end.
func (c *client) body(r request, status int, body io.Reader, keep bool) soak.Answer {
	n, err := c.reader.read(body, r.expect.NeedsBody() || c.kind.json)
	if err != nil || !keep || c.driver.cfg.ConnectionPerRequest || c.reader.buf.Buffered() > 0 {
		c.hangUp()
	}
	return soak.Answer{N: 1, Class: bodyClass(err), Status: status, Bytes: n}
}

// keepCookies puts the cookies of the answer where they are wanted.
func (c *client) keepCookies(r request, resp *http.Response) {
	if c.jar == nil {
		return
	}
	if set := resp.Cookies(); len(set) > 0 {
		c.jar.SetCookies(r.head.URL, set)
		c.cookies = true
	}
}

// judge looks at the body of the answer to r, counts its items, and says whether
// the answer is as the request expects.
func (c *client) judge(r request, reply Reply) soak.Answer {
	a, content := reply.Answer, soak.Content{Type: c.kind.text}
	a.Items, content.JSON, content.TooLong = c.reader.document()
	if a.Class == soak.ClassOK {
		a.Class = r.expect.Judge(a, content)
	}
	return a
}

// connect keeps the open connection, or opens one where there is none or the
// target has closed it since its last answer.
func (c *client) connect(deadline time.Time) (kept bool, err error) {
	if c.conn != nil && c.conn.extend(deadline) == nil && c.conn.watch.idle() {
		return true, nil
	}
	c.hangUp()
	ctx, cancel := context.WithDeadline(c.abort, deadline)
	defer cancel()
	raw, err := c.driver.dial(ctx, "tcp", c.driver.target.addr)
	if err != nil {
		return false, err
	}
	c.conn = newConn(raw, c.driver.target.tls, headLimit(c.driver.cfg.Concurrency), c.abort)
	c.reader.buf.Reset(c.conn)
	return false, c.conn.extend(deadline)
}

func (c *client) hangUp() {
	if c.conn != nil {
		c.conn.close()
		c.conn = nil
	}
}
