package faults

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"hermes-soak/soak"
)

// A Target is the server that the faults of a client go to.
type Target struct {
	// URL is the target's address, as load.ParseURL returns it.
	URL *url.URL
	// TLS is for https alone; its ServerName may be empty.
	TLS *tls.Config
	// Dial opens connections and refuses what may not be dialed, as the function
	// of load.Dialer does. DialSmall does the same with SmallBuffer as Control,
	// see load.DialerFrom.
	Dial, DialSmall func(ctx context.Context, network, addr string) (net.Conn, error)
	// Headers are sent with every request: what lets it in.
	Headers []soak.Header
	// Path is what is asked for where the fault names no path.
	Path string
}

// injector is a soak.Fault that is a function.
type injector func(ctx context.Context) (heal func(context.Context) error, err error)

func (i injector) Inject(ctx context.Context) (func(context.Context) error, error) { return i(ctx) }

// healed is the heal of a fault that was over when Inject returned.
func healed(context.Context) error { return nil }

// Client makes the fault of a client. It may be injected from one goroutine at
// a time; the seed sets the order of what it varies.
func (s Spec) Client(t Target, seed uint64) (soak.Fault, error) {
	if s.kind.client == nil {
		return nil, fmt.Errorf("fault %s is not one of a client", s.kind.name)
	}
	t.Path = cmp.Or(s.path, t.Path)
	if err := checkPath(t.Path); err != nil {
		return nil, fmt.Errorf("fault %s: %w", s.kind.name, err)
	}
	if (t.URL.Scheme == "https") != (t.TLS != nil) {
		return nil, fmt.Errorf("fault %s: the address is %s and its TLS settings say otherwise", s.kind.name, t.URL.Scheme)
	}
	for _, h := range t.Headers {
		if err := h.Validate(); err != nil {
			return nil, fmt.Errorf("fault %s: %w", s.kind.name, err)
		}
	}
	do := s.kind.client(s, t, seed)
	return injector(func(ctx context.Context) (func(context.Context) error, error) {
		heal, err := do(ctx)
		if err != nil {
			return nil, fmt.Errorf("fault %s did not happen: %w", s.kind.name, err)
		}
		return heal, nil
	}), nil
}

// head is a request's head without the empty line at its end. The connection is
// to be closed after the answer.
func (t Target) head(method string, more ...string) string {
	host := t.URL.Host
	var b strings.Builder
	for _, h := range t.Headers {
		if strings.EqualFold(h.Name, "Host") {
			host = h.Value.Reveal()
			continue
		}
		fmt.Fprintf(&b, "%s: %s\r\n", h.Name, h.Value.Reveal())
	}
	for _, line := range more {
		b.WriteString(line + "\r\n")
	}
	path := strings.TrimSuffix(t.URL.EscapedPath(), "/") + t.Path
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: hermes-soak\r\nConnection: close\r\n%s", method, path, host, b.String())
}

// get is a whole request.
func (t Target) get() string { return t.head("GET", "Accept: */*") + "\r\n" }

// conn is a connection to the target: raw, or TLS over it.
type conn struct {
	net.Conn
	raw net.Conn
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// open makes a connection that ends with ctx.
func (t Target) open(ctx context.Context, dial dialFunc) (*conn, error) {
	port := "80"
	if t.TLS != nil {
		port = "443"
	}
	raw, err := dial(ctx, "tcp", net.JoinHostPort(t.URL.Hostname(), cmp.Or(t.URL.Port(), port)))
	if err != nil {
		return nil, err
	}
	if t.TLS == nil {
		return &conn{raw, raw}, nil
	}
	cfg := t.TLS.Clone()
	cfg.ServerName = cmp.Or(cfg.ServerName, t.URL.Hostname())
	cfg.NextProtos = []string{"http/1.1"}
	over := tls.Client(raw, cfg)
	if err := over.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return &conn{over, raw}, nil
}

var longAgo = time.Unix(1, 0)

// until ends whatever c waits for when ctx does. The function it returns unties
// them, and reports whether ctx had not ended.
func (c *conn) until(ctx context.Context) (untie func() bool) {
	return context.AfterFunc(ctx, func() { _ = c.raw.SetDeadline(longAgo) })
}

// resets can be told to close with RST; a TCP connection can.
type resets interface{ SetLinger(sec int) error }

// reset closes the connection with RST, past any TLS.
func (c *conn) reset() error {
	r, ok := c.raw.(resets)
	if !ok {
		c.leave()
		return errors.New("the connection is not TCP and has no RST")
	}
	return errors.Join(r.SetLinger(0), c.raw.Close())
}

// leave closes the connection without a word of TLS, which could block.
func (c *conn) leave() {
	_ = c.raw.Close() // nothing is waited for, so nothing can fail that matters
}

// connecting bounds what every target is quick at: to take a connection, and
// some bytes of a request.
const connecting = 10 * time.Second

// pace is the pause between two steps of what is slow.
const pace = 100 * time.Millisecond

// attempt opens a connection, and does with it what may take at most d. The
// connection is left where that fails; else it is the caller's, without a
// deadline of its own.
func (t Target) attempt(ctx context.Context, dial dialFunc, d time.Duration, do func(*conn) error) (*conn, error) {
	bounded, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	c, err := t.open(bounded, dial)
	if err == nil {
		untie := c.until(bounded)
		err = do(c)
		if untie() && err == nil {
			return c, nil
		}
		c.leave()
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case bounded.Err() != nil:
		return nil, fmt.Errorf("not within %s: %w", d, cmp.Or(err, bounded.Err()))
	}
	return nil, err
}

// send is an attempt that writes text.
func (t Target) send(ctx context.Context, text string) (*conn, error) {
	return t.attempt(ctx, t.Dial, connecting, func(c *conn) error { return write(c, text) })
}

func write(c *conn, text string) error {
	_, err := io.WriteString(c, text)
	return err
}

// drain reads what comes until the end, ctx, or most bytes, and returns their
// number. An end of any kind is one.
func (c *conn) drain(ctx context.Context, most int64) int64 {
	defer c.until(ctx)()
	n, _ := io.Copy(io.Discard, io.LimitReader(c, most))
	return n
}

// hold runs the rest of a fault that is in place, for at most d, and returns
// its heal, which also tells what run returned. The context of Inject has no
// say in it: heal is called even when that is done.
func hold(c *conn, d time.Duration, run func(ctx context.Context) error) func(context.Context) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	untie := c.until(ctx)
	ended := make(chan error, 1)
	go func() {
		defer cancel()
		defer untie()
		ended <- run(ctx)
		close(ended)
	}()
	return func(context.Context) error {
		cancel()
		return <-ended // run waits for nothing but the connection, which has no time left
	}
}

// smallBuffer is what SmallBuffer asks for, in bytes; Linux takes it twice.
const smallBuffer = 4 << 10
