package soak

import (
	"strings"
	"testing"
	"time"
)

// TestAboveTheLimit: descriptors that were opened before the limit was lowered lie
// beyond it, and neither a sample nor a peak counts them as a use of it.
func TestAboveTheLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		peak      int64
		nearest   *Nearest
		parts     int
		fds       int64
		limit     int64
		exhausted string
	}{
		"full at the peak":       {65, &Nearest{PID: 1, FDs: 60, Limit: 64}, 0, 64, 64, "the peak was 64 of 64 file descriptors, 100 %"},
		"more than fits":         {70, &Nearest{PID: 1, FDs: 60, Limit: 64}, 0, 64, 64, "the peak was 64 of 64 file descriptors, 100 %"},
		"half at the peak":       {40, &Nearest{PID: 1, FDs: 20, Limit: 64}, 0, 39, 64, ""},
		"of several processes":   {99, &Nearest{PID: 1, FDs: 20, Limit: 64}, 2, 20, 64, ""},
		"the limit is not known": {40, nil, 0, 40, 64, ""},
	} {
		r := NewReport()
		r.Start.Target.Limit = 64
		held := int64(40)
		if tt.nearest != nil {
			held = tt.nearest.FDs + 1
		}
		s := Sample{Gauges: map[string]int64{GaugeFDs: held}, Nearest: tt.nearest}
		for pid := range tt.parts {
			s.Parts = append(s.Parts, Part{PID: pid, Gauges: map[string]int64{}})
		}
		r.applyWave(WaveDone{Wave: outside(WaveDrain), Sample: s, Peak: &tt.peak})
		if fds, limit, ok := r.nearestLimit(); fds != tt.fds || limit != tt.limit || !ok {
			t.Errorf("%s: %d of %d, %t", name, fds, limit, ok)
		}
		v := headroom{}.Judge(r)[0]
		if (v.Status == Fail) != (tt.exhausted != "") || !strings.Contains(v.Reason, tt.exhausted) {
			t.Errorf("%s: %s", name, v.Reason)
		}
	}
}

// TestPinnedAtTheLimit: a server that holds all it can hold grows no more, which is
// no pass and no bound.
func TestPinnedAtTheLimit(t *testing.T) {
	// upTo leaks on every request what fits under the limit of 64.
	upTo := func(s *server, _ int) { s.conns = min(s.conns+9, 27) }
	for name, tt := range map[string]struct {
		server  func(*server)
		status  Status
		class   LeakClass
		reason  string
		release Verdict
	}{
		"a watch of it":  {func(s *server) { s.other = 27; s.watch(5*time.Second, 10*time.Minute) }, Unknown, "", "63 handles throughout, over 8 min; the server is at its limit, 63 of 64", Verdict{}},
		"half way there": {func(s *server) { s.other = 12; s.watch(5*time.Second, 10*time.Minute) }, Pass, LeakNone, "rules out more than", Verdict{}},
		"a run":          {func(s *server) { s.leak = upTo }, Unknown, "", "at its limit, 63 of 64 file descriptors, where it can grow no more", Verdict{Status: Fail, Class: LeakExhausted, Headline: "HELD up to the limit: state.db handles are not given back"}},
		"a limit pretended": {func(s *server) {
			s.leak, s.loop.Start.Target.Limit, s.loop.Start.Scenario.Limit = upTo, 4096, 64
		}, Pass, LeakNone, "rules out more than", Verdict{Status: Fail, Class: LeakBounded, Headline: "HELD bounded: state.db handles are not given back"}},
		"a limit given": {func(s *server) {
			s.leak, s.loop.Start.Target.Limit, s.loop.Start.Scenario.Limit = upTo, 0, 64
		}, Unknown, "", "at its limit", Verdict{Status: Fail, Class: LeakExhausted}},
	} {
		s := newServer(20, 40, 1)
		s.threads, s.loop.Start.Target.Limit = 3, 64
		tt.server(s)
		r := s.soak(t)
		v := verdictOf(t, r, "growth", "handles")
		if v.Status != tt.status || v.Class != tt.class || !strings.Contains(v.Reason, tt.reason) {
			t.Errorf("%s: %+v, want %q", name, v, tt.reason)
		}
		if tt.status == Unknown && r.Conclusion.Exit == ExitPass {
			t.Errorf("%s: it passes", name)
		}
		if tt.release.Status == "" {
			continue
		}
		for _, check := range []string{"released", "pool bound"} {
			if v := verdictOf(t, r, check, "state.db*"); v.Status != tt.release.Status || v.Class != tt.release.Class || check == "released" && !strings.Contains(v.Headline, tt.release.Headline) {
				t.Errorf("%s: %+v", name, v)
			}
		}
		if !strings.HasPrefix(r.Conclusion.Line, "EXHAUSTED") {
			t.Errorf("%s: %s", name, r.Conclusion.Line)
		}
	}
}

// TestTrendAtTheLimit: no time is told until what has come.
func TestTrendAtTheLimit(t *testing.T) {
	s := newServer(5, 40, 1).watch(5*time.Second, 10*time.Minute)
	s.every, s.loop.Start.Target.Limit = 10*time.Second, 64
	var trends []string
	s.loop.Seen = func(r *Report) { trends = append(trends, r.Trend()) }
	r := s.soak(t)
	if last := trends[len(trends)-1]; !strings.HasPrefix(last, "trend=?; it is at its limit, ") || !strings.HasSuffix(last, " of 64 file descriptors") {
		t.Errorf("the last: %s", last)
	}
	if early := trends[20]; !strings.Contains(early, "at that rate the limit 64 is reached after") {
		t.Errorf("an early one: %s", early)
	}
	v := verdictOf(t, r, "growth", "handles")
	if v.Status != Fail || !strings.Contains(v.Reason, ". It is at its limit, ") || !strings.Contains(v.Headline, "; it is at its limit, ") || strings.Contains(v.Reason, "after 0") {
		t.Errorf("%s\n%s", v.Reason, v.Headline)
	}
}

// TestLimitMetInTheRun: what has come is not forecast, in words or in a chart, and requests
// that fail for want of a descriptor do not lower what a request keeps.
func TestLimitMetInTheRun(t *testing.T) {
	s := newServer(10, 40, 3)
	s.loop.Start.Scenario.Looks = 1
	atLimit(s, 400, onSessions, answers500)
	r := s.soak(t)
	g := r.grown[0]
	v := verdictOf(t, r, "growth", "handles")
	e, one := g.guilty(r)
	if v.Status != Fail || v.Class != LeakPerRequest || !one || e.Rate.Rate < 1.9 || e.Rate.Rate > 2.1 {
		t.Fatalf("%s: %s", v.Status, v.Reason)
	}
	_, errors := r.errors()
	sent, failed := 0, false
	for _, w := range r.waves.all() {
		for _, a := range w.answers() {
			if failed = failed || a.Class != ClassOK; !failed {
				sent += a.N
			}
		}
	}
	want := "t has come, at 401 of 404 file descriptors: requests began to fail after " + count(int64(sent), "request")
	c := NewCharts(r)
	for what, told := range map[string]string{"the reason": v.Reason, "the headline": v.Headline, "the chart": c.Gauges[0].Summary, "the page": NewView(r).Answers[3].Text} {
		if errors == 0 || !strings.Contains(told, want) || strings.Contains(told, "reached") {
			t.Errorf("%s of %d errors: %s, want %q", what, errors, told, want)
		}
	}
	for _, gauge := range c.Gauges {
		if gauge.Forecast != nil {
			t.Errorf("%s goes on beyond the limit", gauge.Gauge)
		}
	}
}
