//go:build !race

// Under the race detector a sync.Pool drops some of what it is given.

package load

import (
	"fmt"
	"strconv"
	"testing"

	"hermes-soak/soak"
)

// TestNoAllocations: after the first requests of a wave nothing more is allocated for
// another, neither where it is late nor where it has to wait for its time.
func TestNoAllocations(t *testing.T) {
	p := probe(t, "/x")
	p.Expect = soak.Expect{Type: "application/json", JSON: true, MinItems: 2, MinBytes: 5}
	for name, tc := range map[string]struct {
		rate    float64
		changes bool // no answer is like the one before
	}{
		"closed": {}, "late": {rate: 1e6}, "paced": {rate: 5000}, "changing": {changes: true},
	} {
		d := driver(t, serveWire(t, tc.changes), func(c *Config) { c.Probes, c.Rate = []soak.Probe{p}, tc.rate })
		wave := func(n int) float64 {
			return testing.AllocsPerRun(2, func() {
				if out := send(t, d, n); out.Errors() != 0 {
					t.Errorf("%s: got %+v", name, out.Answers)
				}
			})
		}
		few, many := wave(100), wave(600)
		if each := (many - few) / 500; each > 0.05 {
			t.Errorf("%s: %.2f allocations a request", name, each)
		}
	}
}

// serveWire answers each request, which comes in one piece, and allocates nothing
// for it.
func serveWire(t *testing.T, changes bool) string {
	const body = `{"sessions":[{"id":%d},{"id":2}]}`
	return serveRaw(t, func(p *peer) {
		n := int64(1e9)
		first := fmt.Sprintf(body, n)
		wire := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: x\r\nContent-Length: %d\r\n\r\n%s", len(first), first)
		at := len(wire) - len(first) + len(`{"sessions":[{"id":`)
		for buf := make([]byte, 4<<10); ; {
			if _, err := p.Read(buf); err != nil {
				return
			}
			if _, err := p.Write(wire); err != nil {
				return
			}
			if changes {
				n++
				strconv.AppendInt(wire[:at], n, 10)
			}
		}
	}).url
}
