package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// malformedBytes bounds what is read of one answer.
const malformedBytes = 64 << 10

// malformed is a client that sends what is no right request, each on a
// connection of its own, and takes what comes. The shapes come in the seed's
// order, each once before one comes again. All are GETs, so that a target that
// makes sense of one changes nothing.
var malformed = kind{
	name: "malformed", path: true, keys: []key{count(keyCount, 1, 1, 64).drawn(1, 2), span(keyWithin, time.Second, 10*time.Millisecond, time.Minute).drawnSpan(20*time.Millisecond, 60*time.Millisecond)},
	client: func(s Spec, t Target, seed uint64) injector {
		order := rand.New(rand.NewPCG(seed, 0)).Perm(len(shapes))
		next := 0
		return func(ctx context.Context) (func(context.Context) error, error) {
			for range s.number(keyCount) {
				sh := shapes[order[next%len(order)]]
				next++
				if err := t.sendShape(ctx, sh, s.span(keyWithin)); err != nil {
					return nil, fmt.Errorf("request %s: %w", sh.name, err)
				}
			}
			return healed, nil
		}
	},
}

// sendShape sends one, as far as the target takes it, and reads for at most
// wait.
func (t Target) sendShape(ctx context.Context, sh shape, wait time.Duration) error {
	c, err := t.attempt(ctx, t.Dial, connecting, func(c *conn) error {
		n, err := c.Write([]byte(sh.text(t)))
		if n > 0 {
			return nil // a target may well hang up in the middle
		}
		return err
	})
	if err != nil {
		return err
	}
	defer c.leave()
	bounded, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	c.drain(bounded, malformedBytes)
	return ctx.Err()
}

// A shape is one way to be wrong.
type shape struct {
	name string
	text func(t Target) string
}

var shapes = []shape{
	{"version", func(t Target) string { return strings.Replace(t.get(), "HTTP/1.1", "HTTP/9.9", 1) }},
	{"no-version", func(t Target) string { return strings.Replace(t.get(), " HTTP/1.1", "", 1) }},
	{"no-colon", with("no colon in this line", "")},
	{"folded", with(" a line that continues nothing", "")},
	{"nul", with("X-Nul: a\x00b", "")},
	{"bare-cr", with("X-Bare: a\rb", "")},
	{"huge-header", with("X-Huge: "+strings.Repeat("a", 128<<10), "")},
	{"many-headers", with(strings.TrimSuffix(strings.Repeat("X-Many: a\r\n", 4<<10), "\r\n"), "")},
	{"chunk-size", with("Transfer-Encoding: chunked", "zz\r\nabc\r\n0\r\n\r\n")},
	{"chunk-overflow", with("Transfer-Encoding: chunked", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n")},
	{"length-short", with("Content-Length: 3", "abcdefgh")},
	{"length-long", with("Content-Length: 1000", "abc")},
	{"length-negative", with("Content-Length: -1", "abc")},
	{"two-lengths", with("Content-Length: 3\r\nContent-Length: 8", "abcdefgh")},
	{"length-and-chunks", func(t Target) string {
		return with("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"+t.get())(t)
	}},
	{"chunks-and-length", func(t Target) string {
		return with("Transfer-Encoding: chunked\r\nContent-Length: 4", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(t.get()), t.get()))(t)
	}},
	{"disguised-chunks", func(t Target) string {
		return with("Content-Length: 5\r\nTransfer-Encoding : xchunked", "0\r\n\r\n"+t.get())(t)
	}},
	{"not-http", func(Target) string { return "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not HTTP at all\r\n\r\n" }},
}

// with is a GET with more header lines, and what follows its head.
func with(lines, body string) func(Target) string {
	return func(t Target) string { return t.head("GET", lines) + "\r\n" + body }
}
