package soak

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// watch is a watch of s, a sample each five seconds for as long.
func (s *server) watch(every, whole time.Duration) *server {
	sc := &s.loop.Start.Scenario
	sc.Observe = &Observe{Every: every, ClimbEvery: time.Minute, Alert: 0.8}
	sc.Probes, sc.Batches, sc.Requests, sc.For = []Probe{}, 0, 0, whole
	s.loop.Start.Target.Kind = "attached"
	s.loop.Driver = nil // it sends nothing
	return s
}

func TestWatch(t *testing.T) {
	const every = 5 * time.Second
	tests := map[string]struct {
		server func(*server)
		whole  time.Duration
		exit   int
		class  LeakClass
		line   string
		reason string // of some verdict
	}{
		"nothing happens":  {func(*server) {}, 10 * time.Minute, ExitPass, LeakNone, "PASS: no leak in 10 min, without any request of ours; rules out more than", "up"},
		"a leak on time":   {func(s *server) { s.every = 20 * time.Second }, 20 * time.Minute, ExitFail, LeakPerTime, "LEAK per-time: the server keeps +5.96 state.db handles per minute (95% 4.82-7.29), without any request of ours; limit 4096 after 11.1 h", "launchd's limit 256 is reached after"},
		"too few samples":  {func(s *server) { s.every = time.Second }, 30 * time.Second, ExitUnknown, LeakNone, "Watch it longer", "samples could be judged"},
		"near its limit":   {func(s *server) { s.loop.Start.Target.Limit = 10 }, 10 * time.Minute, ExitFail, LeakExhausted, "EXHAUSTED the peak was 8 of 10 file descriptors, 80 % of the soft limit (80 % fails)", ""},
		"its clients come": {func(s *server) { s.every = 20 * time.Second; s.clients = true }, 20 * time.Minute, ExitUnknown, LeakNone, "the clients' connections rose by", ""},
		"it was wedged":    {func(s *server) { s.state = StateWedgedReset }, 10 * time.Minute, ExitFail, LeakNone, "DOWN wedged-reset", ""},
		"it wedges":        {func(s *server) { s.wedgesAfter = 5 * time.Minute }, 10 * time.Minute, ExitFail, LeakNone, "DOWN wedged-hang", ""},
		"it dies":          {func(s *server) { s.diesAfter = 5 * time.Minute }, 10 * time.Minute, ExitFail, LeakNone, "DOWN died", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(5, 40, 1).watch(every, tt.whole)
			tt.server(s)
			r := s.soak(t)
			if c := r.Conclusion; c.Exit != tt.exit || c.Class != tt.class || !strings.Contains(c.Line, tt.line) {
				t.Errorf("got %+v, want exit %d, %q and %q", c, tt.exit, tt.class, tt.line)
			}
			found := tt.reason == ""
			for _, v := range r.Verdicts {
				found = found || strings.Contains(v.Reason, tt.reason)
				if v.Check == "released" || v.Check == "pool bound" || v.Check == "answers" {
					t.Errorf("%s was judged without a request", v.Check)
				}
			}
			if !found {
				t.Errorf("no %q in %+v", tt.reason, r.Verdicts)
			}
			again, err := Replay(s.events)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := asJSON(t, r), asJSON(t, again); a != b {
				t.Errorf("judged again:\n%s\nwant\n%s", b, a)
			}
		})
	}
}

func asJSON(t *testing.T, r *Report) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestWatchUntilCtrlC: without an end of its own a watch goes on until the user has
// seen enough, is judged then, and climbs the ladder once a minute.
func TestWatchUntilCtrlC(t *testing.T) {
	s := newServer(5, 40, 1).watch(5*time.Second, 0)
	climbs, seen := 0, 0
	synctest.Test(t, func(t *testing.T) {
		s.began, s.quit = time.Now(), make(chan struct{})
		s.loop.Quit = s.quit
		s.loop.Climb = func(ctx context.Context, when string) Ladder { climbs++; return s.climb(ctx, when) }
		s.loop.Seen = func(r *Report) { seen++ }
		time.AfterFunc(10*time.Minute+time.Second, func() { close(s.quit) })
		r, err := s.loop.Soak(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r.Conclusion.Exit != ExitPass || r.Stop.Reason != StopDone {
			t.Errorf("got %+v, stop %q", r.Conclusion, r.Stop.Reason)
		}
		if took := time.Since(s.began); took > 10*time.Minute+2*time.Second {
			t.Errorf("it took %s to end", took)
		}
	})
	if seen < 118 || seen > 120 || climbs < 11 || climbs > 12 {
		t.Errorf("%d samples and %d climbs, want about 119, and 11", seen, climbs)
	}
}

// TestWatchIsBounded: however long a watch is, it keeps so many samples, and the
// level and the rate are those of the whole of it.
func TestWatchIsBounded(t *testing.T) {
	r := NewReport()
	const every = 5 * time.Second
	apply := func(e Event) {
		e.Schema, e.Run, e.Seq = Schema, "x", r.events
		if err := r.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	s := newServer(5, 40, 1).watch(every, 0)
	apply(Event{Kind: "start", Start: &s.loop.Start})
	const n = 5 * mostWatched
	for i := range n {
		at := time.Duration(i) * every
		fds := int64(10 + i/720) // one an hour
		apply(Event{Kind: "wave", Mono: at + every, Wave: &WaveDone{Wave: outside(WaveWatch), Start: at, End: at + every,
			Sample: Sample{Gauges: map[string]int64{GaugeFDs: fds + int64(i%7)}}}})
	}
	if len(r.waves) >= mostWatched {
		t.Errorf("%d samples are kept", len(r.waves))
	}
	if first, last := r.waves[0].Start, r.waves[len(r.waves)-1].End; first != 0 || last != n*every {
		t.Errorf("they are from %s to %s", first, last)
	}
	if low := r.series[GaugeFDs].runs[0].value; low != 10 {
		t.Errorf("the lowest of the first samples is %d, want 10", low)
	}
	Judge(r)
	g := r.grown[0]
	if g.class != LeakPerTime || g.PerHour.Low > 1 || g.PerHour.High < 1 {
		t.Errorf("got %q at %+v per hour, want a leak of one", g.class, g.PerHour)
	}
}
