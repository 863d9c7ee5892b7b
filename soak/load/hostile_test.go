package load

import (
	"bytes"
	"fmt"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// memoryMost is what the whole process may take, whatever a server sends.
const memoryMost = 200 << 20

// mostMemory watches what the runtime holds of the machine's memory, and returns
// the most of it when it is called.
func mostMemory() func() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		var m uint64
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			metrics.Read(sample)
			m = max(m, sample[0].Value.Uint64()-sample[1].Value.Uint64())
			select {
			case <-tick.C:
			case <-stop:
				most <- m
				tick.Stop()
				return
			}
		}
	}()
	return func() uint64 { close(stop); return <-most }
}

// pour writes block after block until the client goes.
func (p *peer) pour(block []byte, total int64) {
	for sent := int64(0); sent < total; sent += int64(len(block)) {
		if _, err := p.Write(block); err != nil {
			return
		}
	}
}

// TestHostileServers: with 32 requests in flight, whatever comes back is bounded
// in time and in our memory, and is an error.
func TestHostileServers(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	const tenGB = 10 << 30
	var headers bytes.Buffer
	for i := range 50000 {
		fmt.Fprintf(&headers, "%x:\r\n", i)
	}
	for _, tt := range []struct {
		name   string
		handle func(*peer)
	}{
		{"never answers", func(p *peer) { p.request(); p.hang() }},
		{"10 GB", func(p *peer) {
			p.request()
			p.say(head+"Content-Length: %d\r\n\r\n", int64(tenGB))
			p.pour(bytes.Repeat([]byte("x"), 64<<10), tenGB)
		}},
		{"10 GB of JSON", func(p *peer) {
			p.request()
			p.say(head + "Content-Type: application/json\r\n\r\n[")
			p.pour(bytes.Repeat([]byte("1,"), 32<<10), tenGB)
		}},
		{"10 GB in chunks of a byte", func(p *peer) {
			p.request()
			p.say(head + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
			p.pour(bytes.Repeat([]byte("1\r\n1\r\n"), 8<<10), tenGB)
		}},
		{"a chunk without an end of its length", func(p *peer) {
			p.request()
			p.say(head + "Transfer-Encoding: chunked\r\n\r\n")
			p.pour(bytes.Repeat([]byte("0"), 64<<10), tenGB)
		}},
		{"a byte at a time", func(p *peer) {
			p.request()
			for p.say(head + "Content-Length: 1000\r\n\r\n"); ; {
				if _, err := p.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		}},
		{"a byte of the head at a time", func(p *peer) {
			p.request()
			for _, b := range []byte(head + "X: " + strings.Repeat("x", 1000)) {
				if _, err := p.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		}},
		{"headers without end", func(p *peer) { p.request(); p.say(head); p.pour(headers.Bytes(), tenGB) }},
		{"one header without end", func(p *peer) {
			p.request()
			p.say(head + "X: ")
			p.pour(bytes.Repeat([]byte("x"), 64<<10), tenGB)
		}},
		{"100 Continue for ever", func(p *peer) {
			p.request()
			p.pour(bytes.Repeat([]byte("HTTP/1.1 100 Continue\r\n\r\n"), 1000), tenGB)
		}},
		{"100 Continue for ever, slowly", func(p *peer) {
			for p.request(); ; {
				if _, err := p.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}},
		{"reads nothing", func(p *peer) { p.hang() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serveRaw(t, tt.handle)
			d := driver(t, s.url, func(c *Config) { c.Concurrency, c.Timeout = 32, 500*time.Millisecond })
			began, most := time.Now(), mostMemory()
			out, err := d.Send(t.Context(), soak.Wave{Kind: soak.WaveLoad, Requests: 32})
			if err != nil || out.Sent() == 0 || out.Errors() != out.Sent() {
				t.Errorf("%v, %+v: want nothing but errors", err, out)
			}
			if took := time.Since(began); took > 30*time.Second { // far from what 10 GB take
				t.Errorf("it took %s", took)
			}
			if m := most(); m > memoryMost {
				t.Errorf("%d MiB of memory", m>>20)
			}
		})
	}
}

// TestRedirectForEver: a redirect is an answer, and nothing follows it.
func TestRedirectForEver(t *testing.T) {
	s := serveRaw(t, func(p *peer) {
		for p.request() {
			p.say("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")
		}
	})
	if out := send(t, driver(t, s.url, nil), 5); out.Errors() != 0 || s.requests.Load() != 5 {
		t.Errorf("the server saw %d requests; %+v", s.requests.Load(), out.Answers)
	}
}
