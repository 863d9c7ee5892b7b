package faults

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const small = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// TestAbort: the server cannot even write 64 KiB before it is reset, since
// nothing reads them.
func TestAbort(t *testing.T) {
	seen := make(chan visit, 1)
	addr := serve(t, func(c *net.TCPConn) {
		ok(t, c.SetWriteBuffer(4<<10))
		buf := make([]byte, 4<<10)
		n, _ := c.Read(buf)
		_, err := c.Write([]byte(endless + strings.Repeat("x", 64<<10)))
		seen <- visit{text: string(buf[:n]), end: ending(err)}
	})
	inject(t, client(t, "abort", targetAt(addr)))()
	v := next(t, seen)
	if v.end != "reset" {
		t.Errorf("the server's write ended in %q", v.end)
	}
	want := "GET /api/sessions HTTP/1.1\r\nHost: " + addr + "\r\nUser-Agent: hermes-soak\r\nConnection: close\r\nCookie: sid=1\r\nAccept: */*\r\n\r\n"
	if v.text != want {
		t.Errorf("asked\n%q, want\n%q", v.text, want)
	}
}

// TestHalfOpen: half a request comes, nothing more, and a FIN when the time is
// up or the fault is healed.
func TestHalfOpen(t *testing.T) {
	whole := targetAt("x").get()
	for _, c := range []struct {
		spec   string
		itself bool
		least  time.Duration
	}{{"half-open:for=300ms", true, 250 * time.Millisecond}, {"half-open:for=1m", false, 0}} {
		addr, visits := watch(t, small)
		heal := inject(t, client(t, c.spec, targetAt(addr)))
		if !c.itself {
			heal()
		}
		v := next(t, visits)
		if c.itself {
			heal()
		}
		if v.end != "closed" || v.took < c.least || len(v.text) < len(whole)/2 || strings.Contains(v.text, "\r\n\r\n") {
			t.Errorf("%s: %+v", c.spec, v)
		}
	}
}

// TestSlowReader: the server is busy with an answer for as long as the fault
// lasts, and then reset.
func TestSlowReader(t *testing.T) {
	for _, c := range []struct {
		spec   string
		itself bool
	}{{"slow-reader:for=500ms,rate=16", true}, {"slow-reader:for=1m,rate=16", false}} {
		seen := make(chan visit, 1)
		addr := serve(t, func(c *net.TCPConn) {
			begun := time.Now()
			ok(t, c.SetWriteBuffer(4<<10))
			_, _ = c.Read(make([]byte, 4<<10))
			_, err := c.Write([]byte(endless + strings.Repeat("x", 64<<10)))
			seen <- visit{end: ending(err), took: time.Since(begun)}
		})
		heal := inject(t, client(t, c.spec, targetAt(addr)))
		if !c.itself {
			heal()
		}
		v := next(t, seen)
		if v.end != "reset" || c.itself && v.took < 450*time.Millisecond {
			t.Errorf("%s: %+v", c.spec, v)
		}
		if c.itself {
			heal()
		}
	}
}

// TestSlowReaderReads: at ten times rate bytes a second an answer does arrive.
func TestSlowReaderReads(t *testing.T) {
	body := 64 << 10
	wrote := make(chan error, 1)
	addr := serve(t, func(c *net.TCPConn) {
		ok(t, c.SetWriteBuffer(4<<10))
		_, _ = c.Read(make([]byte, 4<<10))
		_, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", body, strings.Repeat("x", body))
		wrote <- err
		_, _ = c.Read(make([]byte, 1)) // the client leaves
	})
	heal := inject(t, client(t, "slow-reader:for=1m,rate=4096", targetAt(addr)))
	select {
	case err := <-wrote:
		ok(t, err)
	case <-time.After(time.Minute):
		t.Error("the answer was not read")
	}
	heal()
}

// TestSlowHeaders: bytes come one at a time, and a request never comes to its end.
func TestSlowHeaders(t *testing.T) {
	reads := make(chan string, 1000)
	addr := serve(t, func(c *net.TCPConn) {
		defer close(reads)
		buf := make([]byte, 4<<10)
		for {
			n, err := c.Read(buf)
			reads <- string(buf[:n])
			if err != nil {
				reads <- ending(err)
				return
			}
		}
	})
	heal := inject(t, client(t, "slow-headers:for=2s", targetAt(addr)))
	got := slices.Collect(func(yield func(string) bool) {
		for r := range reads {
			if !yield(r) {
				return
			}
		}
	})
	heal()
	text := strings.Join(got[:len(got)-1], "")
	if !strings.HasSuffix(strings.TrimRight(text, "a"), "X-Slow: ") || strings.Contains(text, "\r\n\r\n") {
		t.Errorf("the request: %q", text)
	}
	if more := strings.Count(text[strings.Index(text, "X-Slow"):], "a"); more < 3 || more > 22 || len(got) < 4 {
		t.Errorf("%d bytes in %d reads within two seconds", more, len(got))
	}
	if got[len(got)-1] != "closed" {
		t.Errorf("it ended %s", got[len(got)-1])
	}
}

// TestSlowHeadersHungUp: the fault ends where the server has enough.
func TestSlowHeadersHungUp(t *testing.T) {
	addr := serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 10)) })
	undo, err := client(t, "slow-headers:for=5m", targetAt(addr)).Inject(t.Context())
	ok(t, err)
	time.Sleep(500 * time.Millisecond)
	ok(t, undo(t.Context()))
}

func TestReset(t *testing.T) {
	addr, visits := watch(t, "")
	inject(t, client(t, "reset:size=1000", targetAt(addr)))()
	v := next(t, visits)
	head, body, _ := strings.Cut(v.text, "\r\n\r\n")
	if v.end != "reset" || len(body) != 500 || !strings.HasPrefix(head, "POST /api/sessions ") || !strings.Contains(head, "Content-Length: 1000") {
		t.Errorf("the server saw %+v", v)
	}
}

// TestMalformed: every shape comes once, in an order that the seed sets.
func TestMalformed(t *testing.T) {
	order := func(seed uint64) []string {
		addr, visits := watch(t, "HTTP/1.1 400 Bad Request\r\n\r\n")
		s, err := Parse("malformed:within=10ms")
		ok(t, err)
		f, err := s.Client(targetAt(addr), seed)
		ok(t, err)
		var texts []string
		for range shapes {
			inject(t, f)()
			texts = append(texts, strings.ReplaceAll(next(t, visits).text, addr, "HOST"))
		}
		return texts
	}
	one, again, two := order(1), order(1), order(2)
	if !slices.Equal(one, again) || slices.Equal(one, two) {
		t.Error("the order is not the seed's")
	}
	slices.Sort(one)
	slices.Sort(two)
	if !slices.Equal(one, two) || len(slices.Compact(one)) != len(shapes) {
		t.Error("not every shape came once")
	}
}

// TestBurst: all clients are there at once.
func TestBurst(t *testing.T) {
	const n = 20
	var here atomic.Int32
	seen, all := make(chan visit, n), make(chan int)
	addr := serve(t, func(c *net.TCPConn) {
		buf := make([]byte, 4<<10)
		k, _ := c.Read(buf)
		if here.Add(1) == n {
			close(all)
		}
		select {
		case <-all:
		case <-time.After(time.Minute):
			return
		}
		_, err := c.Write([]byte(small))
		_ = c.CloseWrite()
		if err == nil {
			_, err = c.Read(buf[k:])
		}
		seen <- visit{text: string(buf[:k]), end: ending(err)}
	})
	inject(t, client(t, fmt.Sprintf("burst:count=%d", n), targetAt(addr)))()
	for range n {
		if v := next(t, seen); v.end != "closed" || !strings.HasSuffix(v.text, "\r\n\r\n") {
			t.Errorf("a client: %+v", v)
		}
	}
}

// TestSSEDrop: the stream is dropped after its first event, with RST.
func TestSSEDrop(t *testing.T) {
	for _, first := range []string{": here\n\n", "data: 1\n\n", "event: x\r\ndata: 1\r\n\r\n"} {
		sent := make(chan bool, 1)
		head := "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"
		addr, visits := watchSlowly(t, head, first, sent)
		inject(t, client(t, "sse-drop:path=/events", targetAt(addr)))()
		v := next(t, visits)
		if v.end != "reset" || !strings.HasPrefix(v.text, "GET /events ") || !strings.Contains(v.text, "Accept: text/event-stream\r\n") {
			t.Errorf("%q: the server saw %+v", first, v)
		}
		if len(sent) != 1 {
			t.Errorf("%q: dropped before the event", first)
		}
	}
}

// watchSlowly is watch with an answer in two parts.
func watchSlowly(t *testing.T, head, later string, sent chan<- bool) (string, <-chan visit) {
	seen := make(chan visit, 10)
	return serve(t, func(c *net.TCPConn) {
		buf := make([]byte, 4<<10)
		n, _ := c.Read(buf)
		_, err := c.Write([]byte(head))
		ok(t, err)
		time.Sleep(100 * time.Millisecond)
		sent <- true
		_, err = c.Write([]byte(later))
		ok(t, err)
		_, err = c.Read(buf[n:])
		seen <- visit{text: string(buf[:n]), end: ending(err)}
	}), seen
}
