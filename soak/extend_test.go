package soak

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// undecidable leaks ever more slowly, so that no look can tell it from chance.
func undecidable() func(*server, int) {
	next := 3.0
	return func(s *server, _ int) {
		if float64(s.sent) >= next {
			s.conns++
			next *= 1.12
		}
	}
}

// oneIn leaks with every n-th request.
func oneIn(n int) func(*server, int) {
	return func(s *server, _ int) {
		if s.sent%n == 0 {
			s.conns++
		}
	}
}

// onlyGrowth is a run of 5 batches of 40 in which growth alone speaks.
func onlyGrowth(looks int) *server {
	s := newServer(5, 40, 1)
	s.loop.Start.Scenario.Looks = looks
	s.loop.Start.Scenario.Skip = []string{"released", "pool bound"}
	return s
}

// TestExtended: a run that growth does not decide goes on, to twice and four
// times the plan and not further; every other run ends as planned.
func TestExtended(t *testing.T) {
	tests := map[string]struct {
		looks  int
		server func(*server)
		times  int // of the plan
		exit   int
	}{
		"undecided at every look":   {3, func(s *server) { s.leak = undecidable() }, 4, ExitUnknown},
		"undecided, one look":       {1, func(s *server) { s.leak = undecidable() }, 1, ExitUnknown},
		"undecided, no looks given": {0, func(s *server) { s.leak = undecidable() }, 1, ExitUnknown},
		"decided at the second":     {3, func(s *server) { s.leak = oneIn(25) }, 2, ExitFail},
		"decided at the first":      {3, func(s *server) { s.leak = onSessions }, 1, ExitFail},
		"clean":                     {3, func(*server) {}, 1, ExitPass},
		"on time":                   {3, func(s *server) { s.every = 200 * time.Millisecond }, 1, ExitFail},
		"growth skipped": {3, func(s *server) {
			s.leak = undecidable()
			s.loop.Start.Scenario.Skip = append(s.loop.Start.Scenario.Skip, "growth")
		}, 1, ExitPass},
		"another check fails": {3, func(s *server) {
			s.leak = undecidable()
			s.loop.Start.Scenario.Skip = nil
		}, 1, ExitFail},
		"too many errors to judge by": {3, func(s *server) {
			s.leak = undecidable()
			s.loop.Start.Scenario.MaxErrors = 1
			s.answer = func(s *server, _ int) Answer {
				if s.sent%20 == 0 {
					return Answer{N: 1, Class: ClassStatus, Status: 500, Bytes: 38}
				}
				return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
			}
		}, 1, ExitUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := onlyGrowth(tt.looks)
			tt.server(s)
			r := s.soak(t)
			sent, _ := r.errors()
			if sent != tt.times*200 || r.planned() != sent || len(r.Batches) != tt.times*5 || r.Conclusion.Exit != tt.exit {
				t.Errorf("%d of %d requests in %d batches, exit %d; want %d times the plan, exit %d", sent, r.planned(), len(r.Batches), r.Conclusion.Exit, tt.times, tt.exit)
			}
			for i, b := range r.Batches {
				if b.Batch != i+1 || b.Requests == 0 || b.P50 == 0 {
					t.Errorf("batch %d is %+v", i+1, b)
				}
			}
			for i, e := range r.Extensions {
				if e.Look != i+2 || e.Batches != 10<<i || e.Requests != 400<<i || !strings.HasPrefix(e.Reason, "growth handles: ") {
					t.Errorf("extension %d is %+v", i+1, e)
				}
			}
			if _, ok := r.Rests[RestEnd]; !ok || r.Stop.Reason != StopDone {
				t.Errorf("stop %+v, last reading taken: %v", r.Stop, ok)
			}
			replaysAlike(t, s, r)
		})
	}
}

// TestExtensionLeavesTheFirstLookAlone: up to the first extension the record is
// that of a run without; the cells go on where it ended, each stretch with its
// drain behind it.
func TestExtensionLeavesTheFirstLookAlone(t *testing.T) {
	plain, extended := onlyGrowth(1), onlyGrowth(3)
	plain.leak, extended.leak = undecidable(), undecidable()
	plain.soak(t)
	r := extended.soak(t)
	for i, e := range plain.events[1:] { // the plans differ
		if e.Kind == "stop" {
			break
		}
		want, errA := json.Marshal(e)
		got, errB := json.Marshal(extended.events[i+1])
		if errA != nil || errB != nil || string(got) != string(want) {
			t.Fatalf("event %d is %s, without extension %s", e.Seq, got, want)
		}
	}
	var stretches []WaveKind
	slots, cell, block := 0, -1, 0
	for _, w := range r.waves.all() {
		switch kind := w.Kind; kind {
		case WaveLoad, WaveIdle:
			if slots++; w.Cell != cell && w.Cell != cell+1 || w.Block != block && w.Block != block+1 {
				t.Fatalf("cell %d of block %d follows cell %d of block %d", w.Cell, w.Block, cell, block)
			}
			cell, block = w.Cell, w.Block
			stretches = append(stretches, WaveLoad)
		case WaveDrain:
			stretches = append(stretches, WaveDrain)
		}
	}
	stretches = slices.Compact(stretches)
	if want := []WaveKind{WaveLoad, WaveDrain, WaveLoad, WaveDrain, WaveLoad, WaveDrain}; !slices.Equal(stretches, want) {
		t.Errorf("stretches %v, want %v", stretches, want)
	}
	if slots != 3*(cell+1) || cell != 4*40-1 || block != 4*8-1 {
		t.Errorf("%d slots, the last of cell %d and block %d", slots, cell, block)
	}
}

// TestEndsInTheExtension: an extension ends early as a plan does, and what was
// seen after the first drain is not taken for the last look.
func TestEndsInTheExtension(t *testing.T) {
	tests := map[string]struct {
		server  func(*server)
		exit    int
		reason  StopReason
		line    string
		drained bool
	}{
		"interrupted": {func(s *server) { s.quitAt(300, 0) }, ExitUnknown, StopInterrupted, "of 400 requests", true},
		"dies": {func(s *server) {
			leak := s.leak
			s.leak = func(s *server, p int) {
				leak(s, p)
				s.dead = s.sent > 300
			}
		}, ExitFail, StopDied, "DOWN", false},
		"blind":                              {func(s *server) { s.blindAfter = 300 }, ExitBroken, StopBlind, "can no longer be measured", false},
		"interrupted in the drain before it": {func(s *server) { s.quitAt(216, time.Second) }, ExitUnknown, StopInterrupted, "of 200 requests", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := onlyGrowth(3)
			s.leak = undecidable()
			tt.server(s)
			r := s.soak(t)
			if r.Conclusion.Exit != tt.exit || r.Stop.Reason != tt.reason || !strings.Contains(r.Conclusion.Line, tt.line) {
				t.Errorf("exit %d, stop %q, line %q; want %d, %q, %q", r.Conclusion.Exit, r.Stop.Reason, r.Conclusion.Line, tt.exit, tt.reason, tt.line)
			}
			if _, drained := r.Rests[RestEnd]; drained != tt.drained {
				t.Errorf("drained: %v, want %v", drained, tt.drained)
			}
		})
	}
}

// quitAt has the user quit some time after the n-th request of the run.
func (s *server) quitAt(n int, after time.Duration) {
	leak := s.leak
	s.leak = func(s *server, p int) {
		if leak(s, p); s.sent == n {
			time.AfterFunc(after, func() { close(s.quit) })
		}
	}
}

// TestLeftInTheExtension: the second interrupt leaves at once.
func TestLeftInTheExtension(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := onlyGrowth(3)
		s.began, s.quit = time.Now(), make(chan struct{})
		s.loop.Quit = s.quit
		ctx, cancel := context.WithCancel(t.Context())
		leak := undecidable()
		s.leak = func(s *server, p int) {
			if leak(s, p); s.sent == 300 {
				close(s.quit)
				time.AfterFunc(time.Second, cancel)
			}
		}
		if r, err := s.loop.Soak(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// TestFailFast: the third failing look running ends the load, where much was
// gained; the drain and the verdict follow as ever.
func TestFailFast(t *testing.T) {
	tests := map[string]struct {
		server  func(*server)
		batches int // closed, of 50
		reason  StopReason
		exit    int
		line    string
	}{
		"leak": {func(s *server) { s.leak = oneIn(1) }, 20, StopFailFast, ExitFail, "LEAK per-request"},
		"a quarter of the headroom": {func(s *server) {
			s.leak = oneIn(10)
			s.loop.Start.Target.Limit = 300
		}, 20, StopFailFast, ExitFail, "LEAK per-request"},
		"little gained as yet": {func(s *server) { s.leak = oneIn(20) }, 50, StopDone, ExitFail, "LEAK per-request"},
		"not asked": {func(s *server) {
			s.leak = onSessions
			s.loop.Start.Scenario.FailFast = false
		}, 50, StopDone, ExitFail, "LEAK per-request"},
		"on time": {func(s *server) { s.every = 50 * time.Millisecond }, 20, StopFailFast, ExitFail, "LEAK per-time"},
		"a pause in the leak breaks the row": {func(s *server) {
			s.leak = func(s *server, _ int) {
				if s.sent < 450 || s.sent > 900 {
					s.conns++
				}
			}
		}, 50, StopDone, ExitFail, "LEAK per-request"},
		"clean": {func(*server) {}, 50, StopDone, ExitPass, "PASS"},
		"sawtooth": {func(s *server) {
			s.leak = func(s *server, probe int) {
				if onSessions(s, probe); s.conns == 30 {
					s.conns = 0
				}
			}
		}, 50, StopDone, ExitPass, "PASS"},
		"warm-up": {func(s *server) {
			s.leak = func(s *server, probe int) {
				if s.sent < 600 {
					onSessions(s, probe)
				}
			}
		}, 50, StopDone, ExitPass, "PASS"},
		"all given back in the drain": {func(s *server) {
			s.leak = oneIn(1)
			s.idleTimeout = time.Second
		}, 20, StopFailFast, ExitUnknown, "UNKNOWN: --fail-fast ended the load after 688 of 2000 requests"},
		"growth skipped": {func(s *server) {
			s.leak = onSessions
			s.loop.Start.Scenario.Skip = append(s.loop.Start.Scenario.Skip, "growth")
		}, 50, StopDone, ExitPass, "PASS"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(50, 40, 1)
			s.loop.Start.Target.Limit = 1 << 20
			s.loop.Start.Scenario.Looks, s.loop.Start.Scenario.FailFast = 3, true
			s.loop.Start.Scenario.Skip = []string{"released", "pool bound"}
			tt.server(s)
			r := s.soak(t)
			if len(r.Batches) != tt.batches || r.Stop.Reason != tt.reason {
				t.Errorf("%d batches, stop %+v; want %d, %q", len(r.Batches), r.Stop, tt.batches, tt.reason)
			}
			if r.Conclusion.Exit != tt.exit || !strings.HasPrefix(r.Conclusion.Line, tt.line) {
				t.Errorf("exit %d, %q; want %d, %q", r.Conclusion.Exit, r.Conclusion.Line, tt.exit, tt.line)
			}
			if _, drained := r.Rests[RestEnd]; !drained || len(r.Extensions) > 0 {
				t.Errorf("drained: %v, extended %d times", drained, len(r.Extensions))
			}
			replaysAlike(t, s, r)
		})
	}
}

func TestScenarioOfLooks(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Scenario)
		wrong  string
	}{
		"none given":      {func(*Scenario) {}, ""},
		"one":             {func(s *Scenario) { s.Looks = 1 }, ""},
		"three":           {func(s *Scenario) { s.Looks = 3 }, ""},
		"two":             {func(s *Scenario) { s.Looks = 2 }, "looks: want 1, or 3"},
		"fewer than none": {func(s *Scenario) { s.Looks = -1 }, "looks: want 1, or 3"},
		"three by time":   {func(s *Scenario) { s.Looks, s.For = 3, time.Hour }, "looks: a run planned by time"},
		"tolerance":       {func(s *Scenario) { s.Tolerance = 0.001 }, ""},
		"less than none":  {func(s *Scenario) { s.Tolerance = -0.001 }, "tolerance: want"},
		"no number":       {func(s *Scenario) { s.Tolerance = math.NaN() }, "tolerance: want"},
		"without end":     {func(s *Scenario) { s.Tolerance = math.Inf(1) }, "tolerance: want"},
	} {
		s := newServer(5, 40, 1).loop.Start.Scenario
		tt.change(&s)
		err := s.Validate()
		if (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: %v, want %q", name, err, tt.wrong)
		}
	}
}
