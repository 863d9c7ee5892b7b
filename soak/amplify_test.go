package soak

import (
	"context"
	"strings"
	"testing"
)

// inside is the server of the tests seen from within, too.
type inside struct {
	*server
	rss, limit  int64 // that a request adds; 0 is no limit
	collections int64
	unknown     string
	traced      bool
}

func (s inside) Sample(ctx context.Context) (Sample, error) {
	got, err := s.server.Sample(ctx)
	if err != nil {
		return got, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	got.Gauges[GaugeRSS] = 50<<20 + s.rss*int64(s.sent)
	if s.limit > 0 {
		got.Nearest = &Nearest{PID: 1, FDs: got.Gauges[GaugeFDs], Limit: s.limit}
	}
	return got, nil
}

// Trace counts one connection a request, all closed but those that are kept.
func (s inside) Trace(context.Context) Trace {
	if !s.traced {
		return Trace{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sent, kept := int64(s.sent), int64(s.conns)
	return Trace{Python: "3.11", Collections: s.collections, Unknown: s.unknown,
		Sites: []Site{{Where: "server.py:7", Function: "rows", Opened: sent, Closed: sent - kept, Peak: min(sent, 1+kept)}}}
}

// TestAmplified: a run without a garbage collector judges handles alone, ends
// before it takes too much, and is no answer where the collector ran all the same.
func TestAmplified(t *testing.T) {
	for name, tt := range map[string]struct {
		set    func(*inside)
		target string
		reason StopReason
		exit   int
		line   string
	}{
		"a leak": {func(s *inside) { s.leak = oneIn(1) }, "python", StopCeiling, ExitFail, "LEAK per-request: "},
		"clean":  {func(*inside) {}, "python", StopDone, ExitPass, "PASS: "},
		"threads are not judged": {func(s *inside) {
			s.leak = func(s *server, _ int) { s.threads++ }
		}, "python", StopDone, ExitPass, "PASS: "},
		"memory":                    {func(s *inside) { s.rss = 4 << 20 }, "python", StopCeiling, ExitUnknown, "UNKNOWN: the load was ended after "},
		"descriptors":               {func(s *inside) { s.leak, s.limit = oneIn(1), 256 }, "python", StopCeiling, ExitFail, "LEAK "},
		"undone":                    {func(s *inside) { s.collections = 3 }, "python", StopDone, ExitUnknown, "UNKNOWN: amplified: the amplification was undone"},
		"undone, and a leak":        {func(s *inside) { s.leak, s.collections = oneIn(1), 3 }, "python", StopCeiling, ExitFail, "LEAK per-request: "},
		"not every process":         {func(s *inside) { s.unknown = "pid 7 is not traced" }, "python", StopDone, ExitUnknown, "UNKNOWN: amplified: not every process"},
		"go":                        {func(s *inside) { s.traced = false }, "go", StopDone, ExitPass, "PASS: "},
		"neither, and so no answer": {func(s *inside) { s.traced = false }, "", StopDone, ExitUnknown, "UNKNOWN: amplified: the target is no Python"},
		"a leak of what is neither": {func(s *inside) { s.leak, s.traced = oneIn(1), false }, "", StopCeiling, ExitFail, "LEAK per-request: "},
		"given back, and much memory": {func(s *inside) {
			s.rss = 2 << 20
			s.leak = func(s *server, _ int) { s.conns = 0 }
		}, "python", StopCeiling, ExitUnknown, "UNKNOWN: the load was ended after "},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(20, 40, 1)
			in := inside{server: s, traced: true}
			s.loop.Start.Scenario.Amplify, s.loop.Start.Target.Amplified = AmplifyNoGC, tt.target
			tt.set(&in)
			s.loop.Sampler = in
			r := s.soak(t)
			if r.Stop.Reason != tt.reason || r.Conclusion.Exit != tt.exit || !strings.HasPrefix(r.Conclusion.Line, tt.line) {
				t.Errorf("stop %+v, exit %d, %q; want %q, %d, %q", r.Stop, r.Conclusion.Exit, r.Conclusion.Line, tt.reason, tt.exit, tt.line)
			}
			if _, drained := r.Rests[RestEnd]; !drained {
				t.Error("it was not drained")
			}
			if in.leak != nil && in.traced && tt.exit == ExitFail && !strings.Contains(r.Conclusion.Line, "; server.py:7 rows: ") {
				t.Errorf("the last line names no place: %s", r.Conclusion.Line)
			}
			replaysAlike(t, s, r)
		})
	}
}

// TestAmplifyIsSuggested: where growth is not decided and the target is Python, it
// is said how an answer may be had.
func TestAmplifyIsSuggested(t *testing.T) {
	for want, loaded := range map[bool]bool{true: true, false: false} {
		s := newServer(2, 4, 1)
		s.loop.Start.Target.Tracing = &Tracing{Loaded: loaded}
		r := s.soak(t)
		if v := verdictOf(t, r, "growth", "handles"); v.Status != Unknown || strings.Contains(v.Reason, "--amplify gc-off") != want {
			t.Errorf("loaded %v: %+v", loaded, v)
		}
	}
}

// TestAmplifiedPlan: what an amplified run cannot judge is refused.
func TestAmplifiedPlan(t *testing.T) {
	for want, change := range map[string]func(*Scenario){
		"there is only gc-off": func(s *Scenario) { s.Amplify = "more" },
		"judges handles alone": func(s *Scenario) { s.Amplify, s.Gate = AmplifyNoGC, []string{GaugeRSS} },
	} {
		s := newServer(2, 4, 1).loop.Start.Scenario
		if change(&s); s.Validate() == nil || !strings.Contains(s.Validate().Error(), want) {
			t.Errorf("want %q, got %v", want, s.Validate())
		}
	}
}
