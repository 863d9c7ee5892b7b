package faults

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

// clients are all faults of clients, and quick about what they wait for.
var clients = map[string]string{
	"abort": "abort:within=3s", "half-open": "half-open", "slow-reader": "slow-reader:within=3s",
	"slow-headers": "slow-headers", "reset": "reset", "malformed": "malformed:within=3s",
	"burst": "burst:count=3,within=3s", "sse-drop": "sse-drop:within=3s",
}

func TestClients(t *testing.T) {
	for _, k := range kinds() {
		if _, listed := clients[k.name]; listed != (k.client != nil) {
			t.Errorf("%s is missing in the tests of all clients", k.name)
		}
	}
}

func failed(t *testing.T, spec string, to Target, want string) error {
	t.Helper()
	heal, err := client(t, spec, to).Inject(t.Context())
	if err == nil || !strings.Contains(err.Error(), "did not happen") || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v; want %q", spec, err, want)
	}
	if heal != nil {
		t.Errorf("%s: a heal although nothing happened", spec)
	}
	return err
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	l.Close()
	for _, spec := range clients {
		failed(t, spec, targetAt(l.Addr().String()), "refused")
	}
}

func TestRemote(t *testing.T) {
	for _, spec := range clients {
		if err := failed(t, spec, targetAt("192.0.2.1:80"), "not a loopback address"); !errors.Is(err, load.ErrRemote) {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

// TestNoAnswer: what needs an answer did not happen without one.
func TestNoAnswer(t *testing.T) {
	for name, want := range map[string]string{
		"abort": "not within 3s", "slow-reader": "not within 3s", "sse-drop": "not within 3s", "burst": "no request was answered",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			silent, _ := watch(t, "")
			failed(t, clients[name], targetAt(silent), want)
		})
	}
}

func TestNoStream(t *testing.T) {
	for answer, want := range map[string]string{
		small: `the answer is 200 "" and no event stream`,
		"HTTP/1.1 404 Not Found\r\nContent-Type: text/event-stream\r\n\r\n":                              "the answer is 404",
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n":                                     "not within 3s",
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n":                            "not within 3s",
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 2\r\n\r\n\n\n":            "ended before its first event",
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n": "waiting for the first event",
		"what?\r\n\r\n": "reading the stream's head",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			addr, _ := watch(t, answer)
			failed(t, clients["sse-drop"], targetAt(addr), want)
		})
	}
}

// TestSomeOfBurst: a burst that is smaller than what was asked for is none.
func TestSomeOfBurst(t *testing.T) {
	addr, _ := watch(t, small)
	to, dialed := targetAt(addr), atomic.Int32{}
	dial := to.Dial
	to.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dialed.Add(1) == 3 {
			return nil, errors.New("too many")
		}
		return dial(ctx, network, addr)
	}
	failed(t, "burst:count=5,within=3s", to, "1 of 5 requests could not be sent: too many")
}

func TestClientErrors(t *testing.T) {
	for _, c := range []struct {
		spec, want string
		change     func(*Target)
	}{
		{"down", "not one of a client", func(*Target) {}},
		{"abort", "want a path of the target", func(t *Target) { t.Path = "" }},
		{"abort", "TLS settings say otherwise", func(t *Target) { t.URL.Scheme = "https" }},
		{"abort", "TLS settings say otherwise", func(t *Target) { t.TLS = &tls.Config{} }},
		{"abort", "control characters", func(t *Target) { t.Headers = []soak.Header{{Name: "X", Value: soak.NewSecret("a\r\nb")}} }},
	} {
		s, err := Parse(c.spec)
		ok(t, err)
		to := targetAt("127.0.0.1:1")
		c.change(&to)
		if _, err := s.Client(to, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.spec, err, c.want)
		}
	}
}

// TestNoRST: where there is no RST, there is no abort.
func TestNoRST(t *testing.T) {
	addr, _ := watch(t, small)
	to := targetAt(addr)
	plain := func(dial dialFunc) dialFunc {
		return func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			return struct{ net.Conn }{c}, err
		}
	}
	to.Dial, to.DialSmall = plain(to.Dial), plain(to.DialSmall)
	failed(t, "abort", to, "has no RST")
	failed(t, "reset", to, "has no RST")
	heal, err := client(t, "slow-reader:for=1m", to).Inject(t.Context())
	ok(t, err)
	if err := heal(t.Context()); err == nil || !strings.Contains(err.Error(), "has no RST") {
		t.Errorf("slow-reader: %v", err)
	}
}

// TestCancel: a fault in the middle ends with its context, at once.
func TestCancel(t *testing.T) {
	for _, spec := range []string{
		"abort:within=1m", "slow-reader:within=1m", "sse-drop:within=1m", "burst:count=3,within=1m", "malformed:within=1m", "malformed:count=64,within=1m",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		visits := make(chan visit, 1000)
		addr := serve(t, func(c *net.TCPConn) {
			n, err := c.Read(make([]byte, 1))
			time.AfterFunc(100*time.Millisecond, cancel) // it is in the middle
			for n > 0 && err == nil {
				n, err = c.Read(make([]byte, 4<<10))
			}
			visits <- visit{end: ending(err)}
		})
		begun := time.Now()
		heal, err := client(t, spec, targetAt(addr)).Inject(ctx)
		if !errors.Is(err, context.Canceled) || heal != nil || time.Since(begun) > 30*time.Second {
			t.Errorf("%s: %v after %s", spec, err, time.Since(begun))
		}
		next(t, visits) // the connection has ended
	}
}

func TestCancelledBefore(t *testing.T) {
	addr, _ := watch(t, small)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, spec := range clients {
		if _, err := client(t, spec, targetAt(addr)).Inject(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

// TestCancelledWhileHeld: a fault that is in place stays until it is healed, and
// can be healed although the context is done.
func TestCancelledWhileHeld(t *testing.T) {
	for spec, end := range map[string]string{"half-open:for=1m": "closed", "slow-headers:for=1m": "closed", "slow-reader:for=1m": "reset"} {
		addr, visits := watch(t, small)
		ctx, cancel := context.WithCancel(t.Context())
		heal, err := client(t, spec, targetAt(addr)).Inject(ctx)
		ok(t, err)
		cancel()
		time.Sleep(50 * time.Millisecond)
		if len(visits) > 0 {
			t.Errorf("%s: ended before its heal", spec)
		}
		ok(t, heal(ctx))
		if v := next(t, visits); v.end != end {
			t.Errorf("%s: the server saw %q", spec, v.end)
		}
	}
}

// TestEndless: answers without an end are left, and are kept nowhere.
func TestEndless(t *testing.T) {
	stream := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
	for _, c := range []struct{ name, spec, head, more, fails string }{
		{"abort", "abort", endless, kilobytes, ""},
		{"slow-reader", "slow-reader:rate=65536,for=500ms", endless, kilobytes, ""},
		{"malformed", "malformed:within=1m", endless, kilobytes, ""},
		{"burst", "burst:count=2,within=1m", endless, kilobytes, ""},
		{"sse-drop, a line", "sse-drop", stream, kilobytes, "waiting for the first event"},
		{"sse-drop, empty lines", "sse-drop", stream, "\n\n\n\n", "ended before its first event"},
		{"sse-drop, a head", "sse-drop", "HTTP/1.1 200 OK\r\nX: ", kilobytes, "reading the stream's head"},
		{"sse-drop, heads", "sse-drop", "", "HTTP/1.1 103 Early Hints\r\n\r\n", "reading the stream's head"},
	} {
		addr, visits := pour(t, c.head, c.more)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		heal, err := client(t, c.spec, targetAt(addr)).Inject(t.Context())
		if c.fails == "" {
			ok(t, err)
			ok(t, heal(t.Context()))
		} else if err == nil || !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: %v; want %q", c.name, err, c.fails)
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
			t.Errorf("%s: took %d bytes", c.name, grown)
		}
		if v := next(t, visits); v.end != "reset" {
			t.Errorf("%s: the server saw %q", c.name, v.end)
		}
	}
}
