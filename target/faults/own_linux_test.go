package faults

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak/load"
	"hermes-soak/target"
)

// own is what we hold ourselves.
type own struct{ fds, goroutines, children int }

func ours(t *testing.T) own {
	t.Helper()
	tree, err := target.Tree(procRoot, os.Getpid())
	ok(t, err)
	return own{openFDs(), runtime.NumGoroutine(), len(tree) - 1}
}

// nothingMore waits until we hold no more than before.
func nothingMore(t *testing.T, before own) {
	t.Helper()
	var now own
	defer func() {
		if t.Failed() {
			t.Logf("%+v now, %+v before", now, before)
		}
	}()
	eventually(t, "we hold no more than before", func() bool {
		now = ours(t)
		return now.fds <= before.fds && now.goroutines <= before.goroutines && now.children <= before.children
	})
}

// behaviours are servers by how they treat a client.
var behaviours = map[string]func(t *testing.T) (addr string){
	"answers": func(t *testing.T) string { return serve(t, generous) },
	"hangs": func(t *testing.T) string {
		l, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
		ok(t, err)
		t.Cleanup(func() { l.Close() })
		return l.Addr().String()
	},
	"resets": func(t *testing.T) string {
		return serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 1))
			_ = c.SetLinger(0)
		})
	},
	"is gone": func(t *testing.T) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ok(t, err)
		defer l.Close()
		return l.Addr().String()
	},
}

// generous answers a request with more than its own buffer takes, or with the
// beginning of a stream, and waits for the client to leave.
func generous(c *net.TCPConn) {
	_ = c.SetWriteBuffer(4 << 10)
	buf := make([]byte, 4<<10)
	n, err := c.Read(buf)
	if err != nil {
		return
	}
	if strings.Contains(string(buf[:n]), "text/event-stream") {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: here\n\n")
	} else if _, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(kilobytes), kilobytes); err != nil {
		return
	}
	_ = c.CloseWrite()
	_, _ = io.Copy(io.Discard, c)
}

const occurrences = 20

// TestOwnClients: a bad client leaves nothing in ourselves, whatever the server does
// with it. Those that last are held together, as the program does.
func TestOwnClients(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it closes connections that nobody else does
	for behaviour, start := range behaviours {
		for name, spec := range clients {
			t.Run(name+", the server "+behaviour, func(t *testing.T) {
				f := client(t, strings.Replace(spec, "within=3s", "within="+patienceWith(behaviour), 1), targetAt(start(t)))
				before := ours(t)
				var heals []func(context.Context) error
				for range occurrences {
					heal, err := f.Inject(t.Context())
					if err == nil {
						heals = append(heals, heal)
					}
					if (err == nil) != (heal != nil) {
						t.Fatalf("%v, and a heal: %t", err, heal != nil)
					}
					if behaviour == "answers" {
						ok(t, err)
					}
				}
				for _, heal := range heals {
					_ = heal(t.Context()) // one that was hung up on cannot be reset any more
				}
				nothingMore(t, before)
			})
		}
	}
}

// patienceWith is short where no answer will come.
func patienceWith(behaviour string) string {
	if behaviour == "answers" {
		return "10s"
	}
	return "20ms"
}

// networks are all faults of the network, so that they are over soon.
var networks = map[string]string{
	"latency": "latency:by=5ms,jitter=5ms", "bandwidth": "bandwidth:rate=10000", "reset-peer": "reset-peer", "slicer": "slicer:size=4096",
	"timeout": "timeout", "down": "down",
}

func TestNetworks(t *testing.T) {
	for _, k := range kinds() {
		if _, listed := networks[k.name]; listed != (k.network != nil) {
			t.Errorf("%s is missing in the tests of the whole network", k.name)
		}
	}
}

// TestOwnNetworks: a bad network leaves nothing in ourselves. While the proxy is there
// it holds as much after many faults as after the first: what it kept open towards the
// target would be counted as the target's.
func TestOwnNetworks(t *testing.T) {
	for behaviour, start := range behaviours {
		for name, spec := range networks {
			t.Run(name+", the server "+behaviour, func(t *testing.T) {
				addr := ""
				if behaviour != "is gone" {
					addr = start(t)
				}
				before := ours(t)
				p, end := proxyBefore(t, addr)
				defer end()
				s, err := Parse(spec)
				ok(t, err)
				f, err := s.Network(p)
				ok(t, err)
				once := func() {
					heal, err := f.Inject(t.Context())
					ok(t, err)
					exchange(t, p.Addr(), len(kilobytes), 20*time.Millisecond)
					ok(t, heal(t.Context()))
				}
				once()
				first, rest := ours(t), heldBy(t, p)
				for range occurrences {
					once()
				}
				nothingMore(t, first)
				eventually(t, fmt.Sprintf("the proxy holds its %d descriptors, and no more", rest), func() bool { return heldBy(t, p) <= rest })
				end()
				nothingMore(t, before)
			})
		}
	}
}

// proxyBefore starts a proxy before addr, or before a server that is gone since where
// that is "", and returns it with its end.
func proxyBefore(t *testing.T, addr string) (p *Proxy, end func()) {
	t.Helper()
	if addr == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ok(t, err)
		defer l.Close()
		addr = l.Addr().String()
	}
	p, err := StartProxy(t.Context(), load.Dialer(nil), addr)
	ok(t, err)
	return p, func() { ok(t, p.Close()) }
}

// heldBy are the file descriptors of the proxy's process at rest.
func heldBy(t *testing.T, p *Proxy) int {
	t.Helper()
	n := 0
	for last := -1; n != last; {
		last = n
		time.Sleep(50 * time.Millisecond)
		names, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.process.cmd.Process.Pid))
		ok(t, err)
		n = len(names)
	}
	return n
}
