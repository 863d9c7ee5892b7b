package soak

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak/ratchet"
)

// TestFaultShapes: what each occurrence leaves behind does not pass, however few rises
// there were; what fills up and stops, comes and goes or only shakes raises no question.
func TestFaultShapes(t *testing.T) {
	const seeds = 25
	pool := func(size int) func(*faulty, int, *rand.Rand) {
		return func(f *faulty, n int, _ *rand.Rand) { f.conns = min(size, f.conns+n) }
	}
	sawtooth := func(size int) func(*faulty, int, *rand.Rand) {
		return func(f *faulty, n int, _ *rand.Rand) { f.conns = (f.conns + n) % size }
	}
	leak := func(f *faulty, n int, _ *rand.Rand) { f.conns += n }
	for name, tt := range map[string]struct {
		after func(f *faulty, n int, rng *rand.Rand)
		every time.Duration // 0 is at random times
		leaks bool
		says  string // at least once
	}{
		"leak":               {leak, 0, true, "fault:pause leaves +2.00 state.db handles behind per occurrence"},
		"leak, five waves":   {leak, 1200 * time.Millisecond, true, "and it has not stopped: too few to tell a leak from chance: have it come more often (a shorter every=), or run longer"},
		"leak, four waves":   {leak, 1500 * time.Millisecond, true, "+2.00 state.db handles kept per occurrence"},
		"leak, two waves":    {leak, 3 * time.Second, true, "were never given back, and 2 waves can be judged"},
		"pool of 4":          {pool(4), 0, false, "9 file descriptors came with it and no more"},
		"pool of 8":          {pool(8), 0, false, "17 file descriptors came with it and no more"},
		"pool of 20":         {pool(20), 0, false, "41 file descriptors came with it and no more"},
		"pool of 20, timed":  {pool(20), 600 * time.Millisecond, false, "41 file descriptors came with it and no more"},
		"sawtooth of 10":     {sawtooth(10), 0, false, ""},
		"sawtooth of 30":     {sawtooth(30), 0, false, ""},
		"jitter":             {func(f *faulty, _ int, rng *rand.Rand) { f.conns = rng.IntN(4) }, 0, false, ""},
		"a step and no more": {func(f *faulty, _ int, _ *rand.Rand) { f.conns = 1 }, 0, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			said := ""
			for seed := range uint64(seeds) {
				f := newFaulty(seed)
				s, rng := &f.loop.Start.Scenario, rand.New(rand.NewPCG(seed, 7))
				s.Skip, f.lasts = []string{"released", "pool bound"}, 10*time.Millisecond
				s.Probes[2].At, s.Probes[2].Every = tt.every, tt.every
				f.kept = func(n int) { tt.after(f, n, rng) }
				v := verdictOf(t, f.soak(t), "recovers", "fault:pause")
				if (v.Status == Pass) == tt.leaks {
					t.Errorf("seed %d: %s %s", seed, v.Status, v.Reason)
				}
				said += v.Reason + "\n"
			}
			if !strings.Contains(said, tt.says) {
				t.Errorf("want %q, got\n%s", tt.says, said)
			}
		})
	}
}

// TestLateFault: of a fault that came once, what came long after it is no pass.
func TestLateFault(t *testing.T) {
	f := newFaulty(3)
	p := &f.loop.Start.Scenario.Probes[2]
	p.At = 2 * time.Second
	f.kept = func(int) {
		time.AfterFunc(4*time.Second, func() {
			f.mu.Lock()
			f.conns++
			f.mu.Unlock()
		})
	}
	r := f.soak(t)
	v := verdictOf(t, r, "recovers", "fault:pause")
	if want := "at the end there were 3 file descriptors more than before it first came, and 1 wave can be judged, too few"; v.Status != Unknown || !strings.Contains(v.Reason, want) || !strings.Contains(v.Reason, "(every=), or leave") {
		t.Errorf("%s %s", v.Status, v.Reason)
	}
}

// TestFaultFamilies: a fault that leaves threads behind fails, or is unknown where it
// came too seldom.
func TestFaultFamilies(t *testing.T) {
	for _, tt := range []struct {
		at     time.Duration
		status Status
		reason string
	}{
		{0, Fail, "fault:pause leaves +1.00 threads behind per occurrence (95%"},
		{2 * time.Second, Unknown, "threads that came with it were never given back, and 1 wave can be judged"},
	} {
		f := newFaulty(3)
		f.lasts, f.loop.Start.Scenario.Probes[2].At = 10*time.Millisecond, tt.at
		f.kept = func(n int) { f.threads += n }
		v := verdictOf(t, f.soak(t), "recovers", "fault:pause")
		if v.Status != tt.status || !strings.Contains(v.Reason, tt.reason) {
			t.Errorf("%s %s", v.Status, v.Reason)
		}
	}
}

// TestARuntimesThread: one thread more is no question about a fault that came once; the
// runtime of a server starts one now and then.
func TestARuntimesThread(t *testing.T) {
	f := newFaulty(3)
	f.loop.Start.Scenario.Probes[2].At = 2 * time.Second
	f.kept = func(int) { f.threads++ }
	if v := verdictOf(t, f.soak(t), "recovers", "fault:pause"); v.Status != Pass {
		t.Errorf("%s %s", v.Status, v.Reason)
	}
}

// TestSuspectedFault: where most rises came after a fault, it is that which is named, as
// likely, and nothing is said per request or forecast.
func TestSuspectedFault(t *testing.T) {
	suspected := 0
	for seed := range uint64(20) {
		r := newUncertain(seed).soak(t)
		g := verdictOf(t, r, "growth", "handles")
		if !strings.Contains(g.Reason, "probably") {
			continue
		}
		suspected++
		all := r.grown[0].Gained
		for _, want := range []string{"probably fault:pause keeps +2.00 state.db handles per occurrence (95% ", fmt.Sprintf("; %d of %d came after it)", all, all), "Look for what is opened and not closed on the path that fault:pause takes"} {
			if !strings.Contains(g.Reason, want) {
				t.Errorf("seed %d: want %q in %s", seed, want, g.Reason)
			}
		}
		if strings.Contains(g.Headline, "per request (") || strings.Contains(g.Reason, "poll") {
			t.Errorf("seed %d: %s", seed, g.Reason)
		}
	}
	if suspected == 0 {
		t.Error("growth was sure each time, and nothing was tried")
	}
}

// TestSuspect: a fault is suspected of a leak where most of it came after it, and more
// than its share of the load explains.
func TestSuspect(t *testing.T) {
	r := NewReport()
	r.Start.Scenario = newFaulty(1).loop.Start.Scenario
	for _, tt := range []struct {
		fault, gained, doses int64 // of all the gain, of 60, and of the load, of 200
		want                 bool
	}{{54, 60, 60, true}, {35, 35, 180, true}, {31, 60, 60, true}, {30, 60, 60, false}, {54, 60, 180, false}} {
		g := grown{}
		g.Gained = tt.gained
		g.Endpoints = []ratchet.EndpointRate{
			{Probe: 0, Requests: 200 - tt.doses, Gained: tt.gained - tt.fault, Rate: ratchet.Interval{Rate: float64(tt.gained-tt.fault) / float64(200-tt.doses)}},
			{Probe: 2, Requests: tt.doses, Gained: tt.fault, Rate: ratchet.Interval{Rate: float64(tt.fault) / float64(tt.doses)}},
		}
		if _, ok := g.suspect(r); ok != tt.want {
			t.Errorf("%+v: %v", tt, ok)
		}
	}
}

// TestFaultUnjudged: where growth has no answer, it is its reason that is told.
func TestFaultUnjudged(t *testing.T) {
	f := newFaulty(3)
	s := &f.loop.Start.Scenario
	s.Batches, s.Requests, f.keeps = 1, 20, 1
	s.Probes[2].At = time.Millisecond
	r := f.soak(t)
	v := verdictOf(t, r, "recovers", "fault:pause")
	if g := r.grown[0]; g.why == "" || v.Status != Unknown || !strings.Contains(v.Reason, "growth has no answer: "+g.why) {
		t.Errorf("growth %q\n%s %s", g.why, v.Status, v.Reason)
	}
}

// TestFaultThatNeverCame: it is told why, and how it would come.
func TestFaultThatNeverCame(t *testing.T) {
	const name = "fault:pause"
	for want, tt := range map[string]struct {
		f    FaultDone
		stop StopReason
		last time.Duration
	}{
		"the run was interrupted in the middle of " + name: {FaultDone{begun: true, timed: true}, StopInterrupted, 0},
		"the run ended before it came to " + name:          {FaultDone{timed: true}, StopInterrupted, 0},
		"the run ended before it came to " + name + ": its time (at=, every=) is after the end of the load; run longer, or have it come sooner": {FaultDone{timed: true}, StopDone, 0},
		"the run ended before it came to " + name + ": run it longer, with --for 6s":                                                            {FaultDone{}, StopDone, 3 * time.Second},
	} {
		r := NewReport()
		r.Stop.Reason, r.Start.Scenario.For, tt.f.Fault = tt.stop, tt.last, name
		if v := tt.f.verdict(r); v.Status != Unknown || v.Reason != want {
			t.Errorf("%s %s\nwant %s", v.Status, v.Reason, want)
		}
	}
}

// TestInterruptedFault: a fault that had begun when the user quit did not come too late.
func TestInterruptedFault(t *testing.T) {
	f := newFaulty(3)
	f.cut = true
	f.loop.Start.Scenario.Probes[2].At = time.Second
	v := verdictOf(t, f.soak(t), "recovers", "fault:pause")
	if v.Status != Unknown || v.Reason != "the run was interrupted in the middle of fault:pause" {
		t.Errorf("%s %s", v.Status, v.Reason)
	}
}

// TestSurvived: the last line of a pass says what the server has survived.
func TestSurvived(t *testing.T) {
	f := newFaulty(3)
	f.loop.Start.Scenario.Probes = append(f.loop.Start.Scenario.Probes, NewFault("abort", "abort"))
	f.lasts = 10 * time.Millisecond
	r := f.soak(t)
	want := fmt.Sprintf("PASS: no leak in 200 requests and %d occurrences of 2 faults, in ", r.Faults[0].Injected+r.Faults[1].Injected)
	if !strings.HasPrefix(r.Conclusion.Line, want) {
		t.Errorf("want %q, got %q", want, r.Conclusion.Line)
	}
}

// TestClimbs: a level that comes again stands in the way of no proof, one that falls, or
// that has stopped, does.
func TestClimbs(t *testing.T) {
	for _, tt := range []struct {
		levels []int64
		want   int
	}{
		{nil, 0},
		{[]int64{4, 5, 6, 7, 8, 9, 10}, 7},
		{[]int64{4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 11}, 8},
		{[]int64{4, 4, 5, 5, 6}, 3},
		{[]int64{4, 5, 6, 6, 6, 6, 6}, 0},
		{[]int64{4, 5, 6, 5, 7, 8, 9}, 0},
		{[]int64{4, 4, 4}, 0},
	} {
		if got := climbs(tt.levels); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.levels, got, tt.want)
		}
	}
}

// TestGoesOn: rises that went on to the last third of the turns raise the question, those
// that stopped, or become ever fewer, do not.
func TestGoesOn(t *testing.T) {
	for _, tt := range []struct {
		gained     []int64
		goesOn, is bool // is: it filled up
	}{
		{nil, false, false},
		{[]int64{4, 4}, false, false},
		{[]int64{4, 4, 4}, true, false},
		{[]int64{0, 1, 0, 1, 0, 1}, true, false},
		{[]int64{4, 4, 4, 0, 0, 0}, false, true},
		{[]int64{4, 4, 4, 4, 0, 0}, true, false},
		{[]int64{8, 6, 4, 3, 2, 1, 1, 0, 1, 0, 0, 1}, false, false},
	} {
		var turns []turn
		for _, n := range tt.gained {
			turns = append(turns, turn{4, n})
		}
		if goesOn(turns) != tt.goesOn || full(turns) != tt.is {
			t.Errorf("%v: goes on %t, full %t", tt.gained, goesOn(turns), full(turns))
		}
	}
}

// TestLikelyBesideFaults: where a fault leaks as well, the only endpoint that surely does is
// named as likely; occurrences are not told as requests, and what the fault keeps may be
// that of requests.
func TestLikelyBesideFaults(t *testing.T) {
	likely := 0
	for seed := range uint64(10) {
		f := newFaulty(seed)
		f.keeps, f.leak = 1, onSessions
		r := f.soak(t)
		g := r.grown[0]
		if !g.proven(r) || len(g.guilties(r)) > 0 {
			continue
		}
		likely++
		reason := verdictOf(t, r, "growth", "handles").Reason
		for _, want := range []string{" occurrences of faults in ", "begin with GET /api/sessions"} {
			if !strings.Contains(reason, want) {
				t.Errorf("seed %d: no %q in %s", seed, want, reason)
			}
		}
		if where := g.whereSeen(r); !strings.HasPrefix(where, "probably GET /api/sessions: of the endpoints") {
			t.Errorf("seed %d: %s", seed, where)
		}
		if v := verdictOf(t, r, "recovers", "fault:pause"); !strings.Contains(v.Reason, "probably of GET /api/sessions, and what stays of its requests") {
			t.Errorf("seed %d: %s", seed, v.Reason)
		}
	}
	if likely == 0 {
		t.Error("one was guilty each time, and nothing was tried")
	}
}
