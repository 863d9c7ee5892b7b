package ladder

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

// patience is what a busy machine does not take for an answer.
const patience = 2 * time.Second

// config is that of a server whose process is alive and listens.
func config(s *server) Config {
	return Config{
		BaseURL:    s.url,
		Health:     "/health",
		DeepHealth: "/health?deep=1",
		Session:    page("/api/sessions"),
		Timeout:    patience,
		Process: func(context.Context) (string, soak.State) {
			return "pid 22468 alive", soak.StateUp
		},
		Listening: func(context.Context) (string, bool, bool) {
			return s.addr + " in LISTEN", true, true
		},
		Queue: func(context.Context) (int64, bool) { return 7, true },
	}
}

// page is the probe that GETs a path.
func page(path string) soak.Probe {
	p, err := soak.NewProbe(path)
	if err != nil {
		panic(err)
	}
	return p
}

func climber(t *testing.T, cfg Config) *Climber {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// climbed climbs and asserts the state and, word for word, the evidence; ADDR
// in it stands for the server's address.
func climbed(t *testing.T, s *server, cfg Config, state soak.State, evidence string) soak.Ladder {
	t.Helper()
	l := climber(t, cfg).Climb(context.Background(), "start")
	if l.State != state || l.When != "start" {
		t.Errorf("state %q at %q, want %q", l.State, l.When, state)
	}
	if want := strings.ReplaceAll(evidence, "ADDR", s.addr); l.Evidence != want {
		t.Errorf("evidence\n got %s\nwant %s", l.Evidence, want)
	}
	for end := time.Now().Add(time.Minute); s.open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections left", s.open.Load())
		}
	}
	return l
}

// healthy is a server with nothing wrong; tests change one thing.
func healthy(path, how string) map[string]string {
	m := map[string]string{"/health": "200 ok", "/health?deep=1": "200 ok", "/api/sessions": "200 [1,2]"}
	m[path] = how
	return m
}

func TestAnswers(t *testing.T) {
	const foot = "pid 22468 alive, ADDR in LISTEN, "
	const page = ", GET /api/sessions 200 with 5 bytes"
	for _, tc := range []struct {
		path, how string
		state     soak.State
		evidence  string
	}{
		{"", "", soak.StateUp, "health 200, deep health 200" + page},
		{"/health?deep=1", "404 none", soak.StateUp, "health 200, deep health not offered (404)" + page},
		{"/health?deep=1", "405 none", soak.StateUp, "health 200, deep health not offered (405)" + page},
		{"/health", "404 none", soak.StateUp, "health not offered (404), deep health 200" + page},
		{"/health?deep=1", "503 degraded", soak.StateDegraded, "health 200, deep health 503" + page},
		{"/health?deep=1", "hang", soak.StateDegraded, "health 200, deep health timed out after 2s, before the first byte" + page},
		{"/health", "500 no", soak.StateDegraded, "health 500, deep health 200" + page},
		{"/health", "302 login", soak.StateDegraded, "health 302, deep health 200" + page},
		{"/health", "byte", soak.StateDegraded, "health timed out after 2s, in mid-answer, deep health 200" + page},
		{"/api/sessions", "500 no", soak.StateDegraded, "health 200, deep health 200, GET /api/sessions 500"},
		{"/api/sessions", "404 no", soak.StateDegraded, "health 200, deep health 200, GET /api/sessions 404"},
		{"/api/sessions", "200 ", soak.StateDegraded, "health 200, deep health 200, GET /api/sessions 200 with 0 bytes"},
		{"/api/sessions", "short", soak.StateDegraded, "health 200, deep health 200, GET /api/sessions 200, cut short after 5 bytes"},
		{"/api/sessions", "reset", soak.StateDegraded, "health 200, deep health 200, GET /api/sessions reset before the first byte"},
		{"/api/sessions", "close", soak.StateDegraded, "health 200, deep health 200, GET /api/sessions closed before the first byte"},
	} {
		t.Run(tc.path+" "+tc.how, func(t *testing.T) {
			t.Parallel()
			s := pages(t, healthy(tc.path, tc.how))
			l := climbed(t, s, config(s), tc.state, string(tc.state)+": "+foot+tc.evidence)
			if n := s.conns.Load(); n != 3 {
				t.Errorf("%d requests, want one a path", n)
			}
			ok := true
			for _, r := range l.Rungs {
				ok = ok && r.OK
			}
			if ok != (tc.state == soak.StateUp) || len(l.Rungs) != 7 || l.Queue == nil || *l.Queue != 7 {
				t.Errorf("got %+v", l)
			}
		})
	}
}

// TestPageAsExpected: a page is right where it is as its probe expects.
func TestPageAsExpected(t *testing.T) {
	for _, tc := range []struct {
		how      string
		expect   soak.Expect
		state    soak.State
		evidence string
	}{
		{"404 none", soak.Expect{Status: []soak.StatusRange{{From: 404, To: 404}}}, soak.StateUp, "GET /api/sessions 404 with 4 bytes"},
		{"200 none", soak.Expect{Status: []soak.StatusRange{{From: 404, To: 404}}}, soak.StateDegraded, "GET /api/sessions 200"},
		{"200 none", soak.Expect{JSON: true}, soak.StateDegraded, "GET /api/sessions 200, not-json"},
		{"200 [1]", soak.Expect{MinItems: 1}, soak.StateUp, "GET /api/sessions 200 with 3 bytes"},
	} {
		s := pages(t, healthy("/api/sessions", tc.how))
		cfg := config(s)
		cfg.Session.Expect = tc.expect
		climbed(t, s, cfg, tc.state, string(tc.state)+": pid 22468 alive, ADDR in LISTEN, health 200, deep health 200, "+tc.evidence)
	}
}

// TestAccess: the ladder carries what the load carries, over TLS too.
func TestAccess(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write([]byte("ok"))
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	cfg := Config{BaseURL: srv.URL, Health: "/health", Session: page("/api/sessions"), Timeout: 20 * time.Second}
	if l := climber(t, cfg).Climb(t.Context(), "start"); l.State != "" || !strings.Contains(l.Evidence, "--ca FILE") {
		t.Errorf("a stranger's certificate: %+v", l)
	}
	cfg.Access.Roots = x509.NewCertPool()
	cfg.Access.Roots.AddCert(srv.Certificate())
	if l := climber(t, cfg).Climb(t.Context(), "start"); l.State != soak.StateDegraded || !strings.Contains(l.Evidence, "health 401") {
		t.Errorf("without the header: %+v", l)
	}
	cfg.Access.Headers = []soak.Header{{Name: "X-Key", Value: soak.NewSecret("hunter2")}}
	if l := climber(t, cfg).Climb(t.Context(), "start"); l.State != soak.StateUp {
		t.Errorf("with it: %+v", l)
	}
}

func TestWedged(t *testing.T) {
	for _, tc := range []struct {
		how      string
		state    soak.State
		evidence string
		conns    int64
	}{
		{"reset", soak.StateWedgedReset, "wedged-reset: pid 22468 alive, ADDR in LISTEN, 20 of 20 requests reset before the first byte", 21}, // the last is a handshake
		{"close", soak.StateWedgedReset, "wedged-reset: pid 22468 alive, ADDR in LISTEN, 20 of 20 requests closed before the first byte, if it speaks no HTTP: --url tcp://ADDR", 21},
		{"hang", soak.StateWedgedHang, "wedged-hang: pid 22468 alive, ADDR in LISTEN, 2 of 2 requests timed out before the first byte, 7 connections wait to be accepted", 2},
	} {
		t.Run(tc.how, func(t *testing.T) {
			t.Parallel()
			s := pages(t, healthy("/health", tc.how))
			start := time.Now()
			l := climbed(t, s, config(s), tc.state, tc.evidence)
			if took := time.Since(start); took > 6*patience {
				t.Errorf("took %s", took)
			}
			if n := s.conns.Load(); n != tc.conns {
				t.Errorf("%d connections, want %d", n, tc.conns)
			}
			if last := l.Rungs[len(l.Rungs)-1]; last.Name != "first byte" || last.OK {
				t.Errorf("the last rung is %+v", last)
			}
		})
	}
}

// TestSlowResets: resets that take nearly a timeout each are bounded in time.
func TestSlowResets(t *testing.T) {
	s := serve(t, func(p *peer) { time.Sleep(patience * 2 / 3); p.reset() })
	start := time.Now()
	l := climber(t, config(s)).Climb(context.Background(), "failure")
	if took := time.Since(start); l.State != soak.StateWedgedReset || took > 6*patience {
		t.Errorf("%s after %s", l.Evidence, took)
	}
}

// TestFlapping: a server that resets some requests is degraded, not wedged.
func TestFlapping(t *testing.T) {
	s := serve(t, func(p *peer) {
		if p.n%4 == 1 {
			p.reset()
			return
		}
		p.say(200, "ok")
	})
	climbed(t, s, config(s), soak.StateDegraded, "degraded: pid 22468 alive, ADDR in LISTEN, 5 of 20 requests reset before the first byte, "+
		"health 200, deep health reset before the first byte, GET /api/sessions 200 with 2 bytes")
}

func TestRefused(t *testing.T) {
	s := gone(t)
	cfg := config(s)
	cfg.Listening = func(context.Context) (string, bool, bool) { return s.addr + " not in LISTEN", false, true }
	climbed(t, s, cfg, soak.StateRefused, "refused: pid 22468 alive, ADDR not in LISTEN, connection to ADDR: refused")
	if l := climber(t, cfg).Peek(context.Background(), "start"); l.State != soak.StateRefused {
		t.Errorf("peek: %+v", l)
	}
}

// TestResetOnAccept: the reset of a connection that was taken may overtake the end
// of its dialing; the server is wedged all the same.
func TestResetOnAccept(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for range 4 { // the more accept, the sooner the reset
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_ = conn.(*net.TCPConn).SetLinger(0)
				_ = conn.Close()
			}
		}()
	}
	s := &server{url: "tcp://" + l.Addr().String(), addr: l.Addr().String()}
	cfg := config(s)
	cfg.Queue = nil
	c := climber(t, cfg)
	for range 1000 { // of which nothing is known but that it takes connections
		if k := c.Climb(t.Context(), "failure"); k.State != soak.StateUp {
			t.Fatal(k.Evidence)
		}
	}
	s.url = "http://" + s.addr
	c = climber(t, config(s))
	for range 100 {
		if k := c.Climb(t.Context(), "failure"); k.State != soak.StateWedgedReset || !strings.Contains(k.Evidence, "20 of 20 requests reset before the first byte") {
			t.Fatal(k.Evidence)
		}
	}
}

// TestNotConnected: only a port that refuses is refused. What was reset had been
// taken, and what could not be reached is not known.
func TestNotConnected(t *testing.T) {
	for _, tc := range []struct {
		reply load.Reply
		state soak.State
	}{
		{load.Reply{Answer: soak.Answer{Class: soak.ClassRefused}}, soak.StateRefused},
		{load.Reply{Answer: soak.Answer{Class: soak.ClassReset}, Connected: true}, soak.StateWedgedReset},
		{load.Reply{Answer: soak.Answer{Class: soak.ClassTimeout}}, soak.StateWedgedHang},
		{load.Reply{Answer: soak.Answer{Class: soak.ClassOther}}, ""},
	} {
		k, tried := &climb{Ladder: soak.Ladder{When: soak.ClimbEnd}}, &tries{}
		tried.add(tc.reply)
		climber(t, config(&server{url: "http://127.0.0.1:1"})).accepted(t.Context(), k, tried)
		if k.State != tc.state || (tried.err != nil) != (tc.state == "") {
			t.Errorf("%+v: %q, %v", tc.reply, k.State, tried.err)
		}
	}
}

// gone is a server that has closed its port.
func gone(t *testing.T) *server {
	var s *server
	t.Run("gone", func(t *testing.T) { s = pages(t, nil) })
	return s
}

func TestProcess(t *testing.T) {
	for _, state := range []soak.State{soak.StateDied, soak.StateRestarted} {
		s := pages(t, healthy("", ""))
		cfg := config(s)
		cfg.Process = func(context.Context) (string, soak.State) { return "pid 22468 is a zombie", state }
		climbed(t, s, cfg, state, string(state)+": pid 22468 is a zombie")
		if l := climber(t, cfg).Peek(context.Background(), "x"); l.State != state {
			t.Errorf("peek: %+v", l)
		}
		if n := s.conns.Load(); n != 0 {
			t.Errorf("%s: %d requests", state, n)
		}
	}
}

// TestAnotherListens: the process lives, and somebody else has its port.
func TestAnotherListens(t *testing.T) {
	s := pages(t, healthy("", ""))
	cfg := config(s)
	cfg.Listening = func(context.Context) (string, bool, bool) { return s.addr + " not in LISTEN by pid 22468", false, true }
	climbed(t, s, cfg, soak.StateRestarted,
		"restarted: pid 22468 alive, ADDR not in LISTEN by pid 22468, ADDR accepts connections, another process listens")
}

// TestListensByNow: the process did not listen yet when it was looked at, as one
// that executes itself again, and does when the connection was taken.
func TestListensByNow(t *testing.T) {
	for _, tc := range []struct {
		name, evidence string
		known          bool
		rung           soak.Rung
	}{
		{"seen", "ADDR in LISTEN, ", true, soak.Rung{Name: soak.RungListening, OK: true, Detail: "ADDR in LISTEN"}},
		{"not seen", "", false, soak.Rung{Name: soak.RungListening, Detail: "cannot be seen: ADDR in LISTEN"}},
	} {
		s := pages(t, healthy("", ""))
		cfg := config(s)
		looks := 0
		cfg.Listening = func(context.Context) (string, bool, bool) {
			if looks++; looks == 1 {
				return s.addr + " not in LISTEN", false, true
			}
			return s.addr + " in LISTEN", true, tc.known
		}
		l := climbed(t, s, cfg, soak.StateUp, "up: pid 22468 alive, ADDR not in LISTEN, ADDR accepts connections, "+tc.evidence+
			"health 200, deep health 200, GET /api/sessions 200 with 5 bytes")
		tc.rung.Detail = strings.ReplaceAll(tc.rung.Detail, "ADDR", s.addr)
		if len(l.Rungs) != 7 || l.Rungs[1] != tc.rung || looks != 2 {
			t.Errorf("%s: %d looks, rungs %+v", tc.name, looks, l.Rungs)
		}
	}
}

// TestNothingKnown: a server of which we have but the address.
func TestNothingKnown(t *testing.T) {
	s := pages(t, map[string]string{"/": "200 ok"})
	cfg := Config{BaseURL: s.url, Timeout: patience}
	climbed(t, s, cfg, soak.StateUp, "up: ADDR accepts connections, first byte came")
	if l := climber(t, cfg).Peek(context.Background(), "x"); l.State != "" || len(l.Rungs) != 0 {
		t.Errorf("peek: %+v", l)
	}
	unknown := config(s)
	unknown.Process = func(context.Context) (string, soak.State) { return "denied", "" }
	unknown.Listening = func(context.Context) (string, bool, bool) { return "denied", false, false }
	unknown.Queue = func(context.Context) (int64, bool) { return 0, false }
	unknown.Health, unknown.DeepHealth, unknown.Session = "", "", page("/")
	l := climbed(t, s, unknown, soak.StateUp, "up: ADDR accepts connections, first byte came, GET / 200 with 2 bytes")
	unseen := soak.Rung{Name: soak.RungListening, Detail: "cannot be seen: denied"}
	if l.Queue != nil || l.Rungs[0] != unseen {
		t.Errorf("queue %v, rungs %+v", l.Queue, l.Rungs)
	}
	l = climber(t, unknown).Peek(context.Background(), "x")
	if l.State != "" || len(l.Rungs) != 1 || l.Rungs[0] != unseen || l.Evidence != "unknown: nothing can be seen without a request" {
		t.Errorf("peek: %+v", l)
	}
}

func TestPeekSendsNothing(t *testing.T) {
	s := pages(t, healthy("", ""))
	l := climber(t, config(s)).Peek(context.Background(), "batch")
	if l.State != soak.StateUp || len(l.Rungs) != 2 || l.Queue == nil || l.When != "batch" {
		t.Errorf("got %+v", l)
	}
	if n := s.conns.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// TestNotClimbed: what was not seen has no state.
func TestNotClimbed(t *testing.T) {
	s := pages(t, healthy("/health", "hang"))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	l := climber(t, config(s)).Climb(ctx, "end")
	if l.State != "" || l.State.Serving() || !strings.Contains(l.Evidence, "unknown: ") || !strings.Contains(l.Evidence, "deadline") {
		t.Errorf("ctx done: %+v", l)
	}
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	s = serve(t, func(p *peer) {
		if p.path == "/api/sessions" {
			cancel()
			p.hang()
		}
		p.say(200, "ok")
	})
	patient := config(s)
	patient.Timeout = time.Minute
	if l := climber(t, patient).Climb(ctx, "end"); l.State != "" || l.Rungs[len(l.Rungs)-1].Name != "session" {
		t.Errorf("ctx done at the top: %+v", l)
	}
	cfg := config(s)
	cfg.BaseURL = "http://192.0.2.1:80"
	if l := climber(t, cfg).Climb(context.Background(), "end"); l.State != "" || !strings.Contains(l.Evidence, "--allow-remote 192.0.2.1") {
		t.Errorf("not loopback: %+v", l)
	}
}

func TestConfig(t *testing.T) {
	for want, edit := range map[string]func(*Config){
		"scheme":         func(c *Config) { c.BaseURL = "localhost:1" },
		"timeout":        func(c *Config) { c.Timeout = 0 },
		"health ladder:": func(c *Config) { c.DeepHealth = "health" },
	} {
		cfg := Config{BaseURL: "http://127.0.0.1:1", Timeout: time.Second}
		edit(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
