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
			var last Outlook
			s.loop.Seen = func(r *Report) { last = r.Outlook() }
			r := s.soak(t)
			status := Unknown
			if last.Leak != nil {
				status = map[bool]Status{true: Fail, false: Pass}[*last.Leak]
			}
			for _, v := range r.Verdicts {
				if v.Check == "growth" && v.Subject == "handles" && v.Status != status {
					t.Errorf("while it went on, growth was %s; it ended with %+v", status, v)
				}
			}
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

// TestWatchSpells: a watch records where the state changes and nothing in between,
// says when the server was not well and when it was again, and passes one that is.
func TestWatchSpells(t *testing.T) {
	well, sick := []Rung{{Name: RungHealth, OK: true}, {Name: "deep health"}}, []Rung{{Name: RungHealth}, {Name: "deep health"}}
	ladders := func(minute int) Ladder {
		switch {
		case minute >= 3 && minute < 6, minute >= 12:
			return Ladder{State: StateDegraded, Evidence: "degraded: health 503", Rungs: sick}
		case minute == 8:
			return Ladder{Evidence: "unknown: no answer"}
		}
		return Ladder{State: StateDegraded, Evidence: "degraded: deep health 503", Rungs: well}
	}
	const past = "; 3 min into the watch it was seen degraded: health 503; well again 6 min into it"
	for _, tt := range []struct {
		whole           time.Duration
		climbs          int // recorded
		exit            int
		headline, alive string
	}{
		{150 * time.Second, 2, ExitPass, "without any request of ours; rules out", "degraded: deep health 503"},
		{11 * time.Minute, 4, ExitPass, "without any request of ours, but it was not well all the time: see alive", "degraded: deep health 503" + past},
		{14 * time.Minute, 5, ExitFail, "DEGRADED degraded: health 503; its health was good before, and no more" + past + "; 12 min into the watch it was seen degraded: health 503",
			"degraded: health 503; its health was good before, and no more" + past + "; 12 min into the watch it was seen degraded: health 503"},
	} {
		s := newServer(5, 40, 1).watch(5*time.Second, tt.whole)
		s.loop.Climb = func(_ context.Context, when string) Ladder {
			lad := ladders(int(time.Since(s.began) / time.Minute))
			lad.When = when
			return lad
		}
		r := s.soak(t)
		if len(r.Ladders) != tt.climbs {
			t.Errorf("%s: %d climbs are recorded, want %d: %+v", tt.whole, len(r.Ladders), tt.climbs, r.Ladders)
		}
		if v := verdictOf(t, r, "alive", r.Verdicts[len(r.Verdicts)-1].Subject); v.Reason != tt.alive || r.Conclusion.Exit != tt.exit || !strings.Contains(r.Conclusion.Line, tt.headline) {
			t.Errorf("%s: %s\n%+v", tt.whole, v.Reason, r.Conclusion)
		}
		replaysAlike(t, s, r)
	}
}

// TestWatchFlaps: a server that does not serve at one look and does at the next is
// watched on, and told of; one that still does not is down.
func TestWatchFlaps(t *testing.T) {
	for name, tt := range map[string]struct {
		confirmed bool
		exit      int
		want      string
	}{
		"it came back": {false, ExitPass, "up; 3 min into the watch it was seen wedged-hang: it hangs; well again 3 min into it"},
		"it is wedged": {true, ExitFail, "wedged-hang: it hangs; fds"},
	} {
		s := newServer(5, 40, 1).watch(5*time.Second, 11*time.Minute)
		climbs := 0
		s.loop.Climb = func(_ context.Context, when string) Ladder {
			if climbs++; climbs == 4 || climbs > 4 && tt.confirmed {
				return Ladder{When: when, State: StateWedgedHang, Evidence: "wedged-hang: it hangs"}
			}
			return Ladder{When: when, State: StateUp, Evidence: "up"}
		}
		r := s.soak(t)
		if v := verdictOf(t, r, "alive", ""); r.Conclusion.Exit != tt.exit || !strings.Contains(v.Reason, tt.want) {
			t.Errorf("%s: %+v\n%s", name, r.Conclusion, v.Reason)
		}
		if tt.confirmed && climbs != 5 {
			t.Errorf("%d climbs, want 3 good ones and 2 that agree", climbs)
		}
		replaysAlike(t, s, r)
	}
}

// TestWatchCtrlCOfAHungServer: whatever climb is under way, and whatever was seen
// before, the first Ctrl-C has its verdict within seconds.
func TestWatchCtrlCOfAHungServer(t *testing.T) {
	const patience = 20 * time.Second // what a climb takes
	for name, tt := range map[string]struct {
		hangs, quit time.Duration // from when on
		exit        int
		line        string
	}{
		"before the first sample": {0, 2 * time.Second, ExitUnknown, "UNKNOWN: growth handles: it ended before a sample was taken between its start and its end"},
		"between two climbs":      {3*time.Minute + time.Second, 3*time.Minute + 30*time.Second, ExitUnknown, "UNKNOWN: alive: the server's health is unknown: no answer within 5s of the interrupt"},
		"in the first climb":      {150 * time.Second, 3*time.Minute + 10*time.Second, ExitUnknown, "UNKNOWN: alive: the server's health is unknown: no answer within 5s of the interrupt"},
		"in the second climb":     {150 * time.Second, 3*time.Minute + 30*time.Second, ExitFail, "DOWN wedged-hang: it hangs"},
		"when it is known":        {150 * time.Second, 0, ExitFail, "DOWN wedged-hang: it hangs"},
	} {
		s := newServer(5, 40, 1).watch(5*time.Second, 0)
		synctest.Test(t, func(t *testing.T) {
			s.began, s.quit = time.Now(), make(chan struct{})
			s.loop.Quit = s.quit
			climbs, ended := 0, time.Time{}
			s.loop.Climb = func(ctx context.Context, when string) Ladder {
				climbs++
				if time.Since(s.began) < tt.hangs {
					return Ladder{When: when, State: StateUp, Evidence: "up"}
				}
				defer func() { ended = time.Now() }()
				select {
				case <-ctx.Done():
					return Ladder{When: when, Evidence: "unknown: " + context.Cause(ctx).Error()}
				case <-time.After(patience):
					return Ladder{When: when, State: StateWedgedHang, Evidence: "wedged-hang: it hangs"}
				}
			}
			if tt.quit > 0 {
				time.AfterFunc(tt.quit, func() { close(s.quit) })
			}
			r, err := s.loop.Soak(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if r.Conclusion.Exit != tt.exit || !strings.Contains(r.Conclusion.Line, tt.line) {
				t.Errorf("%s: %+v, stop %+v", name, r.Conclusion, r.Stop)
			}
			if took := time.Since(s.began) - tt.quit; tt.quit > 0 && took > lastLook+2*time.Second {
				t.Errorf("%s: it took %s from the Ctrl-C", name, took)
			}
			if tt.quit == 0 && (climbs != 5 || time.Since(ended) > 2*time.Second) {
				t.Errorf("%s: %d climbs, the last %s before the end", name, climbs, time.Since(ended))
			}
			replaysAlike(t, s, r)
		})
	}
}

// TestWatchCtrlCBeforeTheFirstSample: no verdict denies what another one counts.
func TestWatchCtrlCBeforeTheFirstSample(t *testing.T) {
	s := newServer(5, 40, 1).watch(5*time.Second, 0)
	s.loop.Climb = func(ctx context.Context, when string) Ladder {
		if when == ClimbStart {
			time.AfterFunc(4*time.Second, func() { close(s.quit) })
		}
		return s.climb(ctx, when)
	}
	r := s.soak(t)
	if v := verdictOf(t, r, "headroom", ""); v.Status != Pass || v.Reason != "the peak was 8 of 4096 file descriptors" {
		t.Errorf("headroom: %+v", v)
	}
	if v := verdictOf(t, r, "growth", "handles"); v.Status != Unknown || v.Reason != "it ended before a sample was taken between its start and its end. Watch it longer" {
		t.Errorf("growth: %+v", v)
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
	if r.waves.len() >= mostWatched {
		t.Errorf("%d samples are kept", r.waves.len())
	}
	if first, last := r.waves.at(0).Start, r.waves.at(r.waves.len()-1).End; first != 0 || last != n*every {
		t.Errorf("they are from %s to %s", first, last)
	}
	if low := r.series[GaugeFDs].oldest(); low != 10 {
		t.Errorf("the lowest of the first samples is %d, want 10", low)
	}
	Judge(r)
	g := r.grown[0]
	if g.class != LeakPerTime || g.PerHour.Low > 1 || g.PerHour.High < 1 {
		t.Errorf("got %q at %+v per hour, want a leak of one", g.class, g.PerHour)
	}
}
