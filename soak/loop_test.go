package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// server is a target that exists only in the test: a driver and a sampler over
// one count of connections to state.db.
type server struct {
	loop                          *Loop
	leak                          func(s *server, probe int) // called for every request
	answer                        func(s *server, probe int) Answer
	conns                         int // open connections
	sent                          int
	began                         time.Time
	every                         time.Duration // a background leak
	dead                          bool
	denied                        string
	mu                            sync.Mutex // of what Send and Sample share
	inFlight, threads             int
	noDatabase                    bool
	workers                       int // each with a connection of its own
	recycle                       int // requests after which the workers are replaced; 0 is never
	quit                          chan struct{}
	deafAfter                     int   // requests after which another process listens
	state                         State // of the ladder
	sockets, blindAfter, diskFull int64
	events                        []Event
	other                         int           // connections of the pool, kept by design
	idleTimeout                   time.Duration // after which without requests it closes its connections; 0 is never
	lastSent                      time.Time
	clients                       bool          // the background leak is connections of clients
	wedgesAfter, diesAfter        time.Duration // since it began; 0 is never
	away                          func(*server) // what happens while nobody looks; nil is nothing
}

func (s *server) Send(_ context.Context, w Wave) (out Outcome, err error) {
	for range w.Requests {
		s.busy(true)
		time.Sleep(time.Millisecond)
		s.busy(false)
		s.mu.Lock()
		s.sent++
		s.lastSent = time.Now()
		if s.leak != nil {
			s.leak(s, w.Probe)
		}
		a := Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
		if s.answer != nil {
			a = s.answer(s, w.Probe)
		}
		s.mu.Unlock()
		out.Add(a, time.Millisecond)
	}
	out.MaxInFlight = min(1, w.Requests)
	return out, nil
}

// busy opens and closes the connection of a request that is under way.
func (s *server) busy(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inFlight = 0; yes && !s.noDatabase {
		s.inFlight = 1
	}
}

func (s *server) Sample(context.Context) (Sample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.diesAfter > 0 && time.Since(s.began) > s.diesAfter {
		s.dead = true
	}
	if s.dead {
		return Sample{}, ErrGone
	}
	if s.blindAfter > 0 && int64(s.sent) > s.blindAfter {
		return Sample{}, ErrBlind
	}
	if s.idleTimeout > 0 && time.Since(s.lastSent) > s.idleTimeout {
		s.conns = 0
	}
	c := s.conns + s.other + s.inFlight
	if s.every > 0 {
		c += int(time.Since(s.began) / s.every)
	}
	n := int64(c)
	g := map[string]int64{GaugeFDs: 8 + 2*n + s.sockets, GaugeThreads: int64(s.threads), GaugeChildren: 0, GaugeSocket: 3 + s.sockets}
	if n > 0 {
		g[GaugeFDs]++
	}
	if s.clients {
		g[GaugeClients] = n
	}
	if s.denied != "" {
		return Sample{Gauges: g, Denied: s.denied}, nil
	}
	const p = "state.db*"
	g[GroupGauge(p)] = 2*n + min(n, 1)
	g[MemberGauge(p, "state.db")] = n
	g[MemberGauge(p, "state.db-wal")] = n
	g[MemberGauge(p, "state.db-shm")] = min(n, 1)
	out := Sample{Gauges: g}
	if s.workers > 0 {
		out = s.forked(g)
	}
	return out, nil
}

func (s *server) Record(e Event) error {
	if s.events = append(s.events, e); s.diskFull > 0 && e.Seq >= s.diskFull {
		return errDiskFull
	}
	return nil
}

func (s *server) climb(_ context.Context, when string) Ladder {
	if s.dead {
		return Ladder{When: when, State: StateDied, Evidence: "died: pid 1 is gone"}
	}
	if s.wedgesAfter > 0 && time.Since(s.began) > s.wedgesAfter {
		s.state = StateWedgedHang
	}
	return Ladder{When: when, State: s.state, Evidence: string(s.state)}
}

// peek sees only that the port is gone.
func (s *server) peek(_ context.Context, when string) Ladder {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deafAfter > 0 && s.sent > s.deafAfter {
		s.state = StateRestarted
	}
	return Ladder{When: when, State: s.state}
}

func newServer(batches, requests int, seed uint64) *server {
	s := &server{state: StateUp, threads: 5}
	s.loop = &Loop{
		Run: "test", Source: "test", Driver: s, Sampler: s, Recorder: s, Climb: s.climb, Peek: s.peek,
		Start: Start{Tool: "test", Target: Target{Kind: "bundled", URL: "http://127.0.0.1:1", PID: 1, Ticks: 1, Limit: 4096}, Scenario: Scenario{
			Batches: batches, Requests: requests, Concurrency: 1, Timeout: time.Second, Drain: 2 * time.Second, Seed: seed,
			MaxErrors: 0.01, PollEvery: 5 * time.Second, Watch: []Group{{Pattern: "state.db*"}},
			Probes: []Probe{
				{Request: Request{Method: "GET", Path: "/api/sessions", Name: "GET /api/sessions"}},
				{Request: Request{Method: "GET", Path: "/api/projects", Name: "GET /api/projects"}},
			},
		}},
	}
	return s
}

// soak runs the loop in a bubble of fake time.
func (s *server) soak(t *testing.T) *Report {
	t.Helper()
	var rep *Report
	synctest.Test(t, func(t *testing.T) {
		s.began, s.quit = time.Now(), make(chan struct{}) // of this bubble
		s.loop.Quit = s.quit
		var err error
		if rep, err = s.loop.Soak(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	return rep
}

func verdictOf(t *testing.T, r *Report, check, subject string) Verdict {
	t.Helper()
	for _, v := range r.Verdicts {
		if v.Check == check && v.Subject == subject {
			return v
		}
	}
	t.Fatalf("no verdict %s %s in %+v", check, subject, r.Verdicts)
	return Verdict{}
}

func onSessions(s *server, probe int) {
	if probe == 0 {
		s.conns++
	}
}

func TestVerdicts(t *testing.T) {
	tests := map[string]struct {
		server  func(*server)
		exit    int
		class   LeakClass
		line    string // in the last line
		check   string // a check and the status it must have
		subject string
		status  Status
	}{
		"clean":       {func(*server) {}, ExitPass, LeakNone, "PASS: no leak in 200 requests", "growth", "handles", Pass},
		"per request": {func(s *server) { s.leak = onSessions }, ExitFail, LeakPerRequest, "GET /api/sessions keeps +2.00 state.db handles per request", "released", "state.db*", Fail},
		"sawtooth": {func(s *server) {
			s.leak = func(s *server, probe int) {
				if onSessions(s, probe); s.conns == 30 {
					s.conns = 0
				}
			}
		}, ExitFail, LeakDeferred, "state.db handles are not given back", "pool bound", "state.db*", Fail},
		"on time": {func(s *server) { s.every = 200 * time.Millisecond }, ExitFail, LeakPerTime, "whatever is polled", "growth", "handles", Fail},
		"pool of one": {func(s *server) {
			s.leak = func(s *server, _ int) { s.conns = 1 }
		}, ExitPass, LeakNone, "PASS", "released", "state.db*", Pass},
		"pool of five, one in flight": {func(s *server) {
			s.leak = func(s *server, _ int) { s.conns = 5 }
			s.threads = 3
		}, ExitFail, LeakBounded, "HELD bounded: state.db handles", "released", "state.db*", Fail},
		"one connection for each thread": {func(s *server) {
			s.leak = func(s *server, _ int) { s.conns = 5 }
		}, ExitUnknown, LeakNone, "perhaps one for each thread", "released", "state.db*", Unknown},
		"one connection, late": {func(s *server) {
			s.leak = func(s *server, _ int) {
				if s.sent > 60 {
					s.conns = 1
				}
			}
		}, ExitPass, LeakBounded, "PASS", "released", "state.db*", Pass},
		"a worker process with a connection each": {func(s *server) { s.workers = 4 }, ExitPass, LeakNone, "PASS", "pool bound", "state.db*", Pass},
		"nothing of a default group": {func(s *server) {
			s.noDatabase = true
			s.loop.Start.Scenario.Watch[0].Default = true
		}, ExitPass, LeakNone, "name yours with --watch", "growth", "handles", Pass},
		"nothing of a group that was asked for": {func(s *server) { s.noDatabase = true }, ExitUnknown, LeakNone, "is the pattern right?", "released", "state.db*", Unknown},
		"an endpoint goes silent": {func(s *server) {
			s.answer = func(s *server, probe int) Answer {
				if s.sent > 100 && probe == 1 {
					return Answer{N: 1, Class: ClassTimeout}
				}
				return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
			}
		}, ExitFail, LeakNone, "ERRORS", "alive", "", Pass},
		"workers, none near its own limit": {func(s *server) {
			s.workers = 4
			s.loop.Start.Target.Limit = 16
		}, ExitPass, LeakNone, "PASS", "headroom", "", Pass},
		"held before the first request": {func(s *server) { s.other = 4 }, ExitPass, LeakNone, "PASS", "pool bound", "state.db*", Pass},
		"dies": {func(s *server) {
			s.leak = func(s *server, _ int) { s.dead = s.sent > 100 }
		}, ExitFail, LeakNone, "DOWN died: pid 1 is gone", "alive", "", Fail},
		"names denied":          {func(s *server) { s.denied = "permission denied" }, ExitUnknown, LeakNone, "UNKNOWN", "growth", "handles", Pass},
		"names denied, leaking": {func(s *server) { s.denied = "permission denied"; s.leak = onSessions }, ExitFail, LeakPerRequest, "GET /api/sessions keeps +2.00 handles per request", "released", "state.db*", Unknown},
		"errors": {func(s *server) {
			s.answer = func(s *server, _ int) Answer {
				if s.sent%20 == 0 {
					return Answer{N: 1, Class: ClassStatus, Status: 500, Bytes: 38}
				}
				return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
			}
		}, ExitFail, LeakNone, "ERRORS", "growth", "handles", Unknown},
		"hollow": {func(s *server) {
			s.answer = func(s *server, probe int) Answer {
				if s.sent > 120 && probe == 1 {
					return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 20}
				}
				return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 670}
			}
		}, ExitFail, LeakNone, "HOLLOW GET /api/projects", "alive", "", Pass},
		"near the limit": {func(s *server) { s.loop.Start.Target.Limit = 8 }, ExitFail, LeakExhausted, "EXHAUSTED", "headroom", "", Fail},
		"limit unknown":  {func(s *server) { s.loop.Start.Target.Limit = 0 }, ExitUnknown, LeakNone, "--limit", "headroom", "", Unknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(5, 40, 1)
			tt.server(s)
			r := s.soak(t)
			if r.Conclusion.Exit != tt.exit || r.Conclusion.Class != tt.class && tt.class != "" {
				t.Errorf("exit %d class %q, want %d %q", r.Conclusion.Exit, r.Conclusion.Class, tt.exit, tt.class)
			}
			if !strings.Contains(r.Conclusion.Line, tt.line) {
				t.Errorf("last line %q, want %q in it", r.Conclusion.Line, tt.line)
			}
			if v := verdictOf(t, r, tt.check, tt.subject); v.Status != tt.status {
				t.Errorf("%s %s: %s (%s), want %s", tt.check, tt.subject, v.Status, v.Reason, tt.status)
			}
			if !t.Failed() {
				return
			}
			for _, v := range r.Verdicts {
				t.Logf("%-7s %-10s %-10s %s: %s", v.Status, v.Check, v.Subject, v.Class, v.Reason)
			}
			t.Log(r.Conclusion.Line)
		})
	}
}

func TestReplayGivesTheSameBytes(t *testing.T) {
	s := newServer(5, 40, 3)
	s.leak = onSessions
	replaysAlike(t, s, s.soak(t))
}

// replaysAlike writes and reads the events of the run and makes its report anew.
func replaysAlike(t *testing.T, s *server, live *Report) {
	t.Helper()
	var events []Event
	for _, e := range s.events {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back Event
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		events = append(events, back)
	}
	again, err := Replay(events)
	if err != nil {
		t.Fatal(err)
	}
	a, errA := json.Marshal(live)
	b, errB := json.Marshal(again)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("live and replayed reports differ:\n%s\n%s", a, b)
	}
}

// generation counts how often the workers were replaced.
func (s *server) generation() int {
	if s.recycle == 0 {
		return 0
	}
	return s.sent / s.recycle
}

// forked is the sample of a tree in which the root and each worker hold g, and
// the workers a connection each once the first request was sent.
func (s *server) forked(g map[string]int64) Sample {
	out := Sample{Gauges: map[string]int64{}, Nearest: &Nearest{PID: 2, FDs: 11, Limit: 16}}
	for pid := range s.workers + 1 {
		part := maps.Clone(g)
		if pid > 0 && s.sent > 0 {
			const p = "state.db*"
			part[GaugeFDs] += 3
			part[GroupGauge(p)] += 3
			for _, base := range []string{"state.db", "state.db-wal", "state.db-shm"} {
				part[MemberGauge(p, base)]++
			}
		}
		for gauge, v := range part {
			out.Gauges[gauge] += v
		}
		ticks := uint64(1)
		if pid > 0 {
			ticks += uint64(s.generation())
		}
		out.Parts = append(out.Parts, Part{PID: pid + 1, Ticks: ticks, Gauges: part})
	}
	return out
}
