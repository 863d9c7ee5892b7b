package load

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hermes-soak/soak"
)

func TestConnections(t *testing.T) {
	for _, tc := range []struct {
		concurrency, requests int
		each                  bool
		most, fewest          int64
	}{
		{1, 20, false, 1, 1},
		{4, 40, false, 4, 1},
		{1, 20, true, 20, 20},
		{4, 40, true, 40, 40},
		{8, 3, false, 3, 1},
	} {
		s := serveRaw(t, keepAlive)
		d := driver(t, s.url, func(c *Config) { c.Concurrency, c.ConnectionPerRequest = tc.concurrency, tc.each })
		if out := send(t, d, tc.requests); out.Errors() != 0 {
			t.Errorf("%+v: %+v", tc, out.Answers)
		}
		if n := s.conns.Load(); n > tc.most || n < tc.fewest {
			t.Errorf("%+v: %d connections", tc, n)
		}
	}
}

// openConns counts the client's ends of connections.
type openConns struct{ n, most atomic.Int64 }

type countedConn struct {
	*net.TCPConn
	close func()
}

func (c countedConn) Close() error { c.close(); return c.TCPConn.Close() }

func (o *openConns) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	o.most.Store(max(o.most.Load(), o.n.Add(1)))
	var once sync.Once
	return countedConn{c.(*net.TCPConn), func() { once.Do(func() { o.n.Add(-1) }) }}, nil
}

// TestNothingStaysOpen: connections end with the wave, whatever it met.
func TestNothingStaysOpen(t *testing.T) {
	for name, handle := range map[string]func(*peer){
		"kept":     keepAlive,
		"short":    func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello") },
		"hang":     func(p *peer) { p.hang() },
		"leftover": func(p *peer) { p.request(); p.say(hello + hello); p.hang() },
	} {
		s := serveRaw(t, handle)
		requests, timeout := 6, time.Minute
		if name == "hang" {
			requests, timeout = giveUpAfter, 100*time.Millisecond // more would be dropped
		}
		d := driver(t, s.url, func(c *Config) { c.Concurrency, c.Timeout = 3, timeout })
		var open openConns
		d.dial = open.dial
		for range 2 {
			send(t, d, requests)
			if n := open.n.Load(); n != 0 {
				t.Errorf("%s: %d connections open after the wave", name, n)
			}
			eventually(t, name+": the server's ends closed", func() bool { return s.open.Load() == 0 })
		}
		if n := open.most.Load(); n > 3 {
			t.Errorf("%s: %d connections at once", name, n)
		}
	}
}

// TestOpenModel: a server that stalls once is charged with everyone who had to
// wait when requests are due at a rate, with one request when they are not.
func TestOpenModel(t *testing.T) {
	stallOnce := func() func(*peer) {
		var once sync.Once
		return func(p *peer) {
			for p.request() {
				once.Do(func() { time.Sleep(2 * time.Second) })
				p.say(hello)
			}
		}
	}
	slow := func(rate float64) (n int) {
		d := driver(t, serveRaw(t, stallOnce()).url, func(c *Config) { c.Rate = rate })
		for _, l := range send(t, d, 50).Latencies {
			if l > time.Second { // a busy machine is not so slow by itself
				n++
			}
		}
		return n
	}
	if n := slow(20); n < 15 || n > 30 {
		t.Errorf("open: %d of 50 slow, want about 20", n)
	}
	if n := slow(0); n != 1 {
		t.Errorf("closed: %d of 50 slow, want 1", n)
	}
}

func TestRate(t *testing.T) {
	d := driver(t, serveRaw(t, keepAlive).url, func(c *Config) { c.Concurrency, c.Rate = 4, 5 })
	start := time.Now()
	out := send(t, d, 6)
	if took := time.Since(start); took < time.Second || took > 6*time.Second {
		t.Errorf("6 requests at 5/s took %s", took)
	}
	if out.MaxInFlight > 2 {
		t.Errorf("%d in flight at 5/s of a fast server: waiting for the due time counts", out.MaxInFlight)
	}
	start = time.Now()
	if _, err := d.Send(context.Background(), soak.Wave{Kind: soak.WavePrefill, Requests: 100}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 10*time.Second { // half of what they take at the rate
		t.Errorf("a burst of 100 took %s", took)
	}
}

func TestMaxInFlight(t *testing.T) {
	for _, tc := range []struct{ concurrency, requests, want int }{{1, 5, 1}, {4, 12, 4}, {4, 2, 2}} {
		var lock sync.Mutex
		var in, most int
		var once sync.Once
		full := make(chan struct{})
		count := func(n int) {
			lock.Lock()
			defer lock.Unlock()
			in += n
			if most = max(most, in); in == tc.want {
				once.Do(func() { close(full) })
			}
		}
		s := serveRaw(t, func(p *peer) {
			for p.request() {
				count(1)
				<-full
				count(-1)
				p.say(hello)
			}
		})
		out := send(t, driver(t, s.url, func(c *Config) { c.Concurrency = tc.concurrency }), tc.requests)
		lock.Lock()
		if out.MaxInFlight != tc.want || most != tc.want {
			t.Errorf("%+v: says %d, the server saw %d", tc, out.MaxInFlight, most)
		}
		lock.Unlock()
	}
}

// TestOrder: answers come in the order in which the requests ended.
func TestOrder(t *testing.T) {
	others := make(chan struct{})
	s := serveRaw(t, func(p *peer) {
		p.request()
		if p.n == 1 {
			<-others
			time.Sleep(150 * time.Millisecond)
		}
		p.say("HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n", 200+p.n)
		if p.n == 3 {
			p.request() // until the client has closed it
			close(others)
		}
	})
	d := driver(t, s.url, func(c *Config) { c.Concurrency, c.ConnectionPerRequest = 2, true })
	out := send(t, d, 3)
	if last := out.Answers[2].Status; last != 201 {
		t.Errorf("the slowest is not last: %+v", out.Answers)
	}
	if l := out.Latencies[2]; l < 150*time.Millisecond {
		t.Errorf("the last latency is %s", l)
	}
}

func TestContextDone(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := serveRaw(t, func(p *peer) {
		for p.request() {
			cancel()
			time.Sleep(50 * time.Millisecond)
			p.say(hello)
		}
	})
	out, err := driver(t, s.url, nil).Send(ctx, soak.Wave{Kind: soak.WaveLoad, Requests: 9})
	if err != nil || out.Sent() != 1 || out.Errors() != 0 || s.requests.Load() != 1 {
		t.Errorf("got %+v, %v; the server saw %d", out, err, s.requests.Load())
	}
	d := driver(t, s.url, func(c *Config) { c.Rate = 0.1 })
	ctx, cancel2 := context.WithTimeout(context.Background(), time.Second)
	defer cancel2()
	start := time.Now()
	out, err = d.Send(ctx, soak.Wave{Kind: soak.WaveLoad, Requests: 2})
	if err != nil || out.Sent() != 1 || time.Since(start) > 5*time.Second { // the second is due after 10 s
		t.Errorf("waiting for a due time: %+v, %v after %s", out, err, time.Since(start))
	}
}

func TestClose(t *testing.T) {
	for name, handle := range map[string]func(*peer){
		"no byte": func(p *peer) { p.request(); p.hang() },
		"in body": func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"); p.hang() },
	} {
		s := serveRaw(t, handle)
		d := driver(t, s.url, func(c *Config) { c.Concurrency = 3 })
		closed := make(chan time.Time, 1)
		go func() {
			for s.requests.Load() < 3 {
				time.Sleep(time.Millisecond)
			}
			closed <- time.Now()
			d.Close()
		}()
		out, err := d.Send(context.Background(), soak.Wave{Kind: soak.WaveLoad, Requests: 6})
		if !errors.Is(err, ErrClosed) || out.Sent() != 0 {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
		if took := time.Since(<-closed); took > 10*time.Second { // far from their minute
			t.Errorf("%s: took %s", name, took)
		}
		if _, err := d.Send(context.Background(), soak.Wave{Requests: 1}); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: sending on a closed driver: %v", name, err)
		}
		if _, err := d.Try(context.Background(), probe(t, "/")); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: trying on a closed driver: %v", name, err)
		}
	}
}

func TestTry(t *testing.T) {
	s := serveRaw(t, func(p *peer) {
		if p.n == 1 {
			p.request()
			p.say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n[1,2]")
			return
		}
		p.hang()
	})
	d := driver(t, s.url, nil)
	r, err := d.Try(context.Background(), probe(t, "/x?a=1"))
	if err != nil || !r.Connected || !r.FirstByte || r.Class != soak.ClassOK || r.Items == nil || *r.Items != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if r, err := d.Try(ctx, probe(t, "/")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("aborted: %+v, %v", r, err)
	}
}

// TestOnTheWire: what the server gets is one plain HTTP/1.1 GET.
func TestOnTheWire(t *testing.T) {
	got := make(chan *http.Request, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r }))
	defer srv.Close()
	d := driver(t, srv.URL+"/base/", func(c *Config) { c.Probes = []soak.Probe{probe(t, "/api/s?q=a%20b")} })
	send(t, d, 1)
	r := <-got
	if r.Method != "GET" || r.RequestURI != "/base/api/s?q=a%20b" || r.Proto != "HTTP/1.1" || r.Host != strings.TrimPrefix(srv.URL, "http://") {
		t.Errorf("got %s %s %s to %s", r.Method, r.RequestURI, r.Proto, r.Host)
	}
	if e := r.Header.Get("Accept-Encoding"); e != "" || len(r.TransferEncoding) > 0 || r.ContentLength != 0 {
		t.Errorf("got %v, body %d", r.Header, r.ContentLength)
	}
}

func TestConfig(t *testing.T) {
	for want, edit := range map[string]func(*Config){
		"concurrency": func(c *Config) { c.Concurrency = 0 },
		"timeout":     func(c *Config) { c.Timeout = 0 },
		"rate":        func(c *Config) { c.Rate = math.NaN() },
		"scheme":      func(c *Config) { c.BaseURL = "localhost:1" },
		"GET /bad": func(c *Config) {
			c.Probes = []soak.Probe{{Request: soak.Request{Method: "GET", Path: "/\x7fsecret", Name: "GET /bad"}}}
		},
	} {
		cfg := Config{BaseURL: "http://127.0.0.1:1", Concurrency: 1, Timeout: time.Second}
		edit(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", want, err)
		}
	}
	d := driver(t, "http://127.0.0.1:1", nil)
	for _, p := range []int{-1, 1} {
		if _, err := d.Send(context.Background(), soak.Wave{Probe: p, Requests: 1}); err == nil {
			t.Errorf("probe %d: no error", p)
		}
	}
	if out, err := d.Send(context.Background(), soak.Wave{Probe: -1}); err != nil || out.Sent() != 0 {
		t.Errorf("idle slot: %+v, %v", out, err)
	}
}
