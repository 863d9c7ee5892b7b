package soak

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak/ratchet"
)

// figures are those of a judged run.
func figures(t *testing.T, r *Report) *Figures {
	t.Helper()
	f, err := NewFigures(r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestBaseline: what the check says of a run, alone and beside the other checks, and
// that the record alone gives the same.
func TestBaseline(t *testing.T) {
	short := func(s *server) { s.loop.Start.Scenario.Batches, s.loop.Start.Scenario.Requests = 1, 20 }
	allowed := func(s *server) { s.other, s.loop.Start.Scenario.Watch[0].Allow = 6, 40 }
	for name, tt := range map[string]struct {
		earlier, later func(*server)
		status         Status
		growth         Status
		exit           int
		reason, line   string // parts of them
	}{
		"clean": {nil, nil, Pass, Pass, ExitPass,
			"compared with run test of 2000-01-01T00:00:00Z: no rate and no level that counts differs; state.db handles kept: 0 before, 0 now", "PASS: no leak"},
		"it leaks, and growth says so": {nil, leaky(2), Fail, Fail, ExitFail,
			"state.db handles kept by GET /api/sessions: 0 before, ", "LEAK per-request: "},
		"it holds more, which growth lets pass": {nil, allowed, Fail, Pass, ExitFail,
			"state.db handles at rest: 0 before (95% of the time 0 to 0), 13 now (13 to 13); 3 may be requests that were in flight at once; 1 may be what it wanders; also handles at rest. Look at what was changed since",
			"REGRESSION: state.db handles at rest: 0 before"},
		"it holds as much as before": {allowed, allowed, Pass, Pass, ExitPass, "no rate and no level that counts differs", "PASS: no leak"},
		"it leaked before too":       {leaky(10), leaky(10), Pass, Fail, ExitFail, "no rate and no level that counts differs", "LEAK per-request: "},
		"it holds more threads": {nil, func(s *server) { s.threads = 500 }, Pass, Pass, ExitPass,
			"no rate and no level that counts differs; state.db handles kept: 0 before, 0 now; +0 per 1,000 requests (95% -5.9 to +5.88); more threads at rest: ", "PASS: no leak"},
		"it no longer leaks": {leaky(10), nil, Pass, Pass, ExitPass, "state.db handles kept by GET /api/sessions: ", "PASS: no leak"},
		"both are short": {short, short, Unknown, Unknown, ExitUnknown,
			"too few load waves could be judged: 3, and 8 are needed; soak both with 5 batches", "UNKNOWN: growth"},
		"names are denied now": {nil, func(s *server) { s.denied = "no" }, Unknown, Pass, ExitUnknown, "in the new run the gauge group:state.db* could not be read", "UNKNOWN: "},
		"other plans": {func(s *server) { s.loop.Start.Scenario.Batches = 30 }, nil, Pass, Pass, ExitPass,
			"compared with run test of 2000-01-01T00:00:00Z, from which it also differs in batches (30 and 20): ", "PASS: "},
	} {
		t.Run(name, func(t *testing.T) {
			earlier := figures(t, someRun(t, 1, tt.earlier))
			var s *server
			r := someRun(t, 2, func(server *server) {
				s = server
				s.loop.Start.Baseline = earlier
				if tt.later != nil {
					tt.later(s)
				}
			})
			v := verdictOf(t, r, "baseline", "")
			if v.Status != tt.status || !strings.Contains(v.Reason, tt.reason) || r.Conclusion.Exit != tt.exit || !strings.HasPrefix(r.Conclusion.Line, tt.line) {
				t.Errorf("%s: %s\n%d: %s", v.Status, v.Reason, r.Conclusion.Exit, r.Conclusion.Line)
			}
			if g := verdictOf(t, r, "growth", "handles"); g.Status != tt.growth {
				t.Errorf("growth: %s: %s", g.Status, g.Reason)
			}
			if (v.Class == LeakRegression) != (tt.status == Fail) || r.Baseline.New.Exit != tt.exit {
				t.Errorf("class %s, exit %d", v.Class, r.Baseline.New.Exit)
			}
			again, err := Replay(s.events)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(again.Verdicts, r.Verdicts) || !reflect.DeepEqual(again.Baseline, r.Baseline) {
				t.Errorf("judged again: %+v", again.Verdicts)
			}
		})
	}
}

// TestEnough: the batches that a short run is told to have are enough for an answer.
func TestEnough(t *testing.T) {
	for _, s := range []Scenario{{Batches: 1, Requests: 20, Concurrency: 1}, {Batches: 2, Requests: 5, Concurrency: 1}, {Batches: 3, Requests: 8, Concurrency: 8}} {
		_, rest, _ := strings.Cut(s.enough(), "soak both with ")
		n := 0
		for _, c := range strings.TrimSuffix(rest, " batches") {
			n = 10*n + int(c-'0')
		}
		run := func(seed uint64) *Figures {
			return figures(t, someRun(t, seed, func(server *server) {
				p := &server.loop.Start.Scenario
				p.Batches, p.Requests, p.Concurrency = n, s.Requests, s.Concurrency
			}))
		}
		if c := Compare(run(1), run(2)); n <= s.Batches || c.Answer != Same {
			t.Errorf("%d batches of %d: %s", n, s.Requests, c.Line)
		}
	}
	if s := (Scenario{For: 1}); s.enough() != "; both runs want to be longer" {
		t.Error(s.enough())
	}
}

// TestFiguresRoundTrip: what is written of figures comes back to the bit.
func TestFiguresRoundTrip(t *testing.T) {
	f := figures(t, someRun(t, 1, leaky(7)))
	f.Gauges[0].Kept.Dispersion = math.Nextafter(4.0/3, 2)
	one, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var back Figures
	if err := json.Unmarshal(one, &back); err != nil || !reflect.DeepEqual(&back, f) {
		t.Errorf("%v, got %+v\nwant %+v", err, back, *f)
	}
	if two, err := json.Marshal(back); err != nil || !bytes.Equal(one, two) {
		t.Errorf("%v\n%s\n%s", err, one, two)
	}
}

// TestRefusesFigures that no run has come to.
func TestRefusesFigures(t *testing.T) {
	good := figures(t, someRun(t, 1, leaky(7)))
	text, err := json.Marshal(good)
	if err != nil || good.refuse() != nil {
		t.Fatal(err, good.refuse())
	}
	for name, spoil := range map[string]func(*Figures){
		"no run":               func(f *Figures) { f.Run = "" },
		"requests":             func(f *Figures) { f.Requests = -1 },
		"exit":                 func(f *Figures) { f.Exit = 2 },
		"in flight":            func(f *Figures) { f.MaxInFlight = mostSent + 1 },
		"many gauges":          func(f *Figures) { f.Gauges = make([]GaugeFigures, mostCompared+1) },
		"a gauge twice":        func(f *Figures) { f.Gauges[1] = f.Gauges[0] },
		"nothing known":        func(f *Figures) { f.Gauges[0].Kept, f.Gauges[0].Probes = nil, nil },
		"endpoints, no sum":    func(f *Figures) { f.Gauges[0].Kept, f.Gauges[0].Unfit = nil, "why" },
		"no level":             func(f *Figures) { f.Gauges[0].Level = nil },
		"a unit of no memory":  func(f *Figures) { f.Gauges[0].Unit = 1 },
		"a level not a number": func(f *Figures) { f.Gauges[0].Level.Low = math.NaN() },
		"a level upside down":  func(f *Figures) { f.Gauges[0].Level.Low = f.Gauges[0].Level.High + 1 },
		"an endless level":     func(f *Figures) { f.Gauges[0].Level.High = math.Inf(1) },
		"a level below 0":      func(f *Figures) { f.Gauges[0].Level.Low = -1 },
		"no gauge's name":      func(f *Figures) { f.Gauges[0].Gauge = "" },
		"an endpoint twice":    func(f *Figures) { f.Gauges[0].Probes[1].Probe = f.Gauges[0].Probes[0].Probe },
		"no endpoint's name":   func(f *Figures) { f.Gauges[0].Probes[0].Probe = "" },
		"year 0":               func(f *Figures) { f.Started = time.Date(1, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600)) },
		"gained":               func(f *Figures) { f.Gauges[0].Kept.Gained = -1 },
		"gained, next to none": func(f *Figures) { f.Gauges[0].Kept.Gained = 5e-324 },
		"held, a part":         func(f *Figures) { f.Gauges[0].Kept.Held = 0.5 },
		"scattered, no rise":   func(f *Figures) { f.Gauges[0].Probes[1].Kept.Gained, f.Gauges[0].Probes[1].Kept.Dispersion = 0, 3 },
		"gained, absurd":       func(f *Figures) { f.Gauges[0].Kept.Gained = 1e17 },
		"held":                 func(f *Figures) { f.Gauges[0].Probes[0].Kept.Held = math.NaN() },
		"dispersion":           func(f *Figures) { f.Gauges[0].Probes[1].Kept.Dispersion = 0.5 },
		"dispersion, absurd":   func(f *Figures) { f.Gauges[0].Kept.Dispersion = 4*f.Gauges[0].Kept.Gained + 1 },
		"no request":           func(f *Figures) { f.Gauges[0].Kept.Requests = 0 },
		"fell":                 func(f *Figures) { f.Gauges[0].Kept.Fell = math.NaN() },
		"peak":                 func(f *Figures) { f.Gauges[0].Kept.Peak = -1 },
		"seconds":              func(f *Figures) { f.Gauges[0].Kept.Seconds = math.Inf(1) },
		"more waves":           func(f *Figures) { f.Gauges[0].Kept.LoadWaves = int(f.Gauges[0].Kept.Requests) + 1 },
		"a time before it":     func(f *Figures) { f.Times[0].Measured = &Measured{-1, -1, 1} },
		"no such time":         func(f *Figures) { f.Times[0].Figure = "p95" },
	} {
		var bad *Figures
		if err := json.Unmarshal(text, &bad); err != nil {
			t.Fatal(err)
		}
		spoil(bad)
		start := Event{Schema: Schema, Run: "X", Kind: "start", Start: &Start{Baseline: bad}}
		if err := NewReport().Apply(start); err == nil || !strings.Contains(err.Error(), "the baseline") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMemoryInOneUnit: memory is counted in the larger unit of two runs, in MiB.
func TestMemoryInOneUnit(t *testing.T) {
	of := func(unit int64, gained float64) *Figures {
		return &Figures{Gauges: []GaugeFigures{{Gauge: GaugeRSS, Compared: true, Unit: unit, Kept: &ratchet.Kept{Requests: 5000, LoadWaves: 100, Gained: gained, Dispersion: 1}}}}
	}
	for name, tt := range map[string]struct {
		earlier, later *Figures
		answer         Compared
		before, now    float64
	}{
		"as much, counted coarser": {of(1<<20, 400), of(4<<20, 100), Same, 0.08, 0.08},
		"as much, counted finer":   {of(4<<20, 100), of(1<<20, 400), Same, 0.08, 0.08},
		"more":                     {of(1<<20, 100), of(4<<20, 100), Worse, 0.02, 0.08},
	} {
		d := Compare(tt.earlier, tt.later).Differences[0]
		if d.Answer != tt.answer || math.Abs(d.Old.Value-tt.before) > 1e-12 || math.Abs(d.New.Value-tt.now) > 1e-12 || d.Unit != "MiB of memory" {
			t.Errorf("%s: %s, %s", name, d.Answer, d.Reason)
		}
	}
}

// TestCompareAmplified: without a collector handles alone are compared, and no level; the
// load may have been ended since it had shown enough.
func TestCompareAmplified(t *testing.T) {
	run := func(seed uint64, change func(*inside)) *Figures {
		return figures(t, someRun(t, seed, func(s *server) {
			in := &inside{server: s, traced: true}
			s.loop.Start.Scenario.Amplify, s.loop.Start.Target.Amplified = AmplifyNoGC, "python"
			s.loop.Sampler = in
			if change != nil {
				change(in)
			}
		}))
	}
	clean := run(1, nil)
	for name, tt := range map[string]struct {
		later  func(*inside)
		answer Compared
		line   string
	}{
		"clean":             {nil, Same, "SAME: "},
		"it leaks":          {func(s *inside) { s.leak = oneIn(1) }, Worse, "WORSE: state.db handles kept"},
		"it starts threads": {func(s *inside) { s.leak = func(s *server, _ int) { s.threads++ } }, Same, "SAME: "},
		"it was undone":     {func(s *inside) { s.collections = 3 }, CannotTell, "CANNOT TELL: state.db handles kept: in the new run the amplification was undone"},
	} {
		c := Compare(clean, run(2, tt.later))
		if c.Answer != tt.answer || !strings.HasPrefix(c.Line, tt.line) {
			t.Errorf("%s: %s", name, c.Line)
		}
		for _, d := range c.Differences {
			if d.Gauge == GaugeThreads || d.Gauge == GaugeChildren || d.Figure == FigureLevel && d.Gated {
				t.Errorf("%s: %s is compared", name, d.Title())
			}
		}
	}
}

// TestCompareActs: the time to recover from a fault that ends the server is told.
func TestCompareActs(t *testing.T) {
	of := func(took time.Duration) *Figures {
		r := someRun(t, 1, nil)
		r.Start.Scenario.Acts = []Act{{Name: "fault:kill", Fault: "kill", Times: 6}}
		for range 6 {
			r.acts = append(r.acts, ActDone{Recovery: &Recovery{Took: took, State: StateUp}})
		}
		return figures(t, r)
	}
	c := Compare(of(time.Second), of(2*time.Second))
	d := c.Differences[len(c.Differences)-1]
	if c.Answer != Same || d.Title() != "recovery from fault:kill" || d.Answer != Worse || d.Gated || d.Change.Value != 1e9 {
		t.Errorf("%s: %+v", c.Line, d)
	}
}

// TestCompareFaults: what a fault keeps is compared per occurrence, and how long it took
// to recover is told.
func TestCompareFaults(t *testing.T) {
	run := func(seed uint64, leaks bool) *Report {
		f := newFaulty(seed)
		f.loop.Start.Scenario.Skip = []string{"released", "pool bound"}
		if leaks {
			f.kept = func(n int) { f.conns += n }
		}
		return f.soak(t)
	}
	find := func(c *Comparison, figure, gauge string) Difference {
		i := slices.IndexFunc(c.Differences, func(d Difference) bool {
			return d.Figure == figure && d.Gauge == gauge && d.Endpoint == "fault:pause"
		})
		if i < 0 {
			t.Fatalf("no %s %s in %+v", figure, gauge, c.Differences)
		}
		return c.Differences[i]
	}
	clean := run(1, false)
	same := comparedRuns(t, clean, run(2, false))
	if d := find(same, FigureRate, GaugeFDs); same.Answer != Same || d.Answer != Same || !d.Gated || !strings.Contains(d.Reason, " per occurrence (95% ") {
		t.Errorf("%s: %+v", same.Line, d)
	}
	if d := find(same, FigureRecovery, ""); d.Gated || d.Old == nil || d.Title() != "recovery from fault:pause" {
		t.Errorf("%+v", d)
	}
	worse := comparedRuns(t, clean, run(3, true))
	if d := find(worse, FigureRate, GroupGauge("state.db*")); d.Answer != Worse || !strings.HasPrefix(worse.Line, "WORSE: state.db handles kept by fault:pause: 0 before, 2 now; +2 per occurrence (95% +") {
		t.Errorf("%s: %+v", worse.Line, d)
	}
}

// TestCompareNoTime: a record may say that it grows with time, and not for how long.
func TestCompareNoTime(t *testing.T) {
	of := func() *Figures {
		return &Figures{Gauges: []GaugeFigures{{Gauge: GaugeFDs, Compared: true, ByTime: true, NoLevel: "none", Kept: &ratchet.Kept{Requests: 500, LoadWaves: 100, Gained: 40, Dispersion: 1}}}}
	}
	if d := Compare(of(), of()).Differences[0]; d.Answer != CannotTell || d.Reason == "" {
		t.Errorf("%s, %q", d.Answer, d.Reason)
	}
}
