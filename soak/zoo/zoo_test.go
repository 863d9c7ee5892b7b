package main

import (
	"math/rand/v2"
	"slices"
	"testing"

	"hermes-soak/soak/ratchet"
)

// All of these are seeded. Their bars leave three standard deviations to what was measured with many more runs.

func TestHealthyServersDoNotFail(t *testing.T) {
	const runs = 200
	// In 3,000 runs of 5 batches each, two failed of these, and none of any other.
	rare := []string{"sawtooth at random", mixes}
	for _, n := range []int{shortest, long} {
		p := newPlan(n, requests, probes)
		for i, k := range append(slices.Clone(healthy), kind{mixes, "", nil}) {
			target := mixed
			if k.make != nil {
				target = alone(k.make)
			}
			allowed := 0
			if n == shortest && slices.Contains(rare, k.name) {
				allowed = 1
			}
			got := count(uint64(i), runs, p, target, harmless)
			if got.fails > allowed || got.unknown > 2 {
				t.Errorf("%s, %d batches: of %d runs %d fail, %d are unknown", k.name, n, runs, got.fails, got.unknown)
			}
		}
	}
}

// leaks are the sizes at which the leaks of the zoo are seen nearly always: the least power in per cent.
var leaks = map[string]struct {
	batches, runs int
	power         float64
}{
	"1/2":                           {5, 200, 99},
	"1/10":                          {10, 200, 98},
	"1/100":                         {50, 200, 92},
	"one endpoint":                  {19, 200, 97},
	"on errors":                     {50, 200, 91},
	"three at a time":               {19, 200, 94},
	"bursts":                        {19, 200, 84},
	"staircase":                     {50, 20, 99},
	"late start":                    {10, 200, 98},
	"under jitter of 5":             {15, 60, 93},
	"under a warm-up":               {10, 200, 97},
	"under a sawtooth":              {19, 200, 92},
	"under a sawtooth at random":    {19, 200, 91},
	"under a sawtooth of 50 to 100": {50, 200, 97},
	"1/20 under a sawtooth":         {50, 100, 93},
	"under a collector on a timer":  {19, 100, 92},
	"beside others that fall":       {10, 100, 95},
	"on a timer":                    {5, 200, 99},
	"on time, at random":            {10, 250, 94},
}

// seldom are those that are not seen often in any run that is short enough for a test.
var seldom = []string{"1/1000", "1/20 under a sawtooth of 50 to 100"}

// Leaks are seen, with their class, endpoint and rate.
func TestLeaksAreSeen(t *testing.T) {
	var covered tally
	for i, l := range leaking {
		size, ok := leaks[l.name]
		if !ok {
			if !slices.Contains(seldom, l.name) {
				t.Errorf("%s: in no test", l.name)
			}
			continue
		}
		got := count(100+uint64(i), size.runs, newPlan(size.batches, requests, probes), l.target(), l.truth)
		class, endpoint := got.ofFails(got.rightly), got.ofFails(got.named)
		t.Logf("%s, %d batches: power %s %%, class %s %%, endpoint %s %%, covered %s %%", l.name, size.batches,
			got.failed().text("%.1f"), class.text("%.1f"), endpoint.text("%.1f"), got.ofFails(got.covered).text("%.1f"))
		if got.failed().percent() < size.power {
			t.Errorf("%s, %d batches: power %.1f %%, want %g %%", l.name, size.batches, got.failed().percent(), size.power)
		}
		if least := 98.0; class.percent() < least || endpoint.percent() < least {
			t.Errorf("%s, %d batches: class %.1f %%, endpoint %.1f %%, want %g %%", l.name, size.batches, class.percent(), endpoint.percent(), least)
		}
		if l.rate > 0 {
			covered.merge(got)
			if got.ofFails(got.covered).percent() < 90 {
				t.Errorf("%s, %d batches: %.1f %% of the intervals hold the rate", l.name, size.batches, got.ofFails(got.covered).percent())
			}
		}
	}
	if c := covered.ofFails(covered.covered); c.percent() < 95 {
		t.Errorf("%.1f %% of all intervals hold the rate", c.percent())
	}
}

// The promises of the page are not refuted, and none of the rates is.
func TestPromises(t *testing.T) {
	for i, b := range promises {
		name, target, is := oneIn(b.every)
		runs := 200
		if b.batches > long {
			runs = 60
		}
		got := count(200+uint64(i), runs, newPlan(b.batches, b.requests, probes), target, is)
		if got.failed().upper() < b.percent || got.failed().percent() < b.percent-3 || got.rightly != got.fails {
			t.Errorf("%s in %d x %d: power %.1f %%, want %g %%; the class is right in %d of %d", name, b.batches, b.requests,
				got.failed().percent(), b.percent, got.rightly, got.fails)
		}
	}
}

// An endpoint that leaks is named, and another one hardly ever.
func TestEndpointsAreNamed(t *testing.T) {
	const runs = 300
	for i, tt := range []struct {
		name              string
		batches, requests int
		probes, only      int
		chance            float64
		seen, named       float64 // at least, in per cent of the runs
	}{
		{"one of two endpoints, 22 handles", 11, 40, 2, 0, 0.1, 92.5, 80},
		{"one of four endpoints, 44 handles", 19, 93, 4, 3, 0.1, 96.5, 95.5},
		{"one of two endpoints, 100 handles", 10, 40, 2, 1, 0.5, 99, 97.5},
		{"both endpoints, 200 handles", 10, 40, 2, all, 0.5, 99, 0},
	} {
		p, target := newPlan(tt.batches, tt.requests, tt.probes), alone(leak(tt.chance, tt.only, 1))
		seen, named, wrong := 0, 0, 0
		for run := range runs {
			g := simulate(rand.New(rand.NewPCG(300+uint64(i), uint64(run))), p, target).found[0]
			if g.Class != ratchet.PerRequest {
				continue
			}
			seen++
			for _, e := range g.Endpoints {
				if e.Guilty && e.Probe == tt.only {
					named++
				} else if e.Guilty {
					wrong++
				}
			}
		}
		t.Logf("%s: seen %d of %d, named %d, a wrong one %d", tt.name, seen, runs, named, wrong)
		if s := (share{seen, runs}); s.percent() < tt.seen || (share{named, runs}).percent() < tt.named || wrong > 3 {
			t.Errorf("%s: seen in %.1f %%, named in %.1f %%, a wrong one in %d of %d", tt.name, s.percent(), share{named, runs}.percent(), wrong, runs)
		}
	}
}

// A leak on time is not blamed on requests at any look, nor one on requests on time.
func TestTheCauseIsRight(t *testing.T) {
	const runs = 250
	for i, tt := range []struct {
		name    string
		s       shape
		batches int
		is      truth
		seen    float64
	}{
		{"timer", timer(tick), 5, often(tick), 98},
		{"at random", poisson(tick), 5, often(tick), 85},
		{"at random, longer", poisson(tick), 10, often(tick), 95},
		{"at random, under jitter", over(poisson(tick), jitter(1, 1)), 10, often(tick), 80},
		{"on requests, under jitter", over(leak(0.5, all, 1), jitter(1, 1)), 5, each(0.5), 95},
		{"on requests, under a sawtooth", over(leak(0.5, all, 1), sawtooth(5, 50)), 10, each(0.5), 90},
	} {
		got := count(400+uint64(i), runs, newPlan(tt.batches, requests, probes), alone(tt.s), tt.is)
		if got.fails-got.rightly > 3 || got.failed().percent() < tt.seen {
			t.Errorf("%s: of %d runs %d fail, %d of them with the wrong cause", tt.name, runs, got.fails, got.fails-got.rightly)
		}
	}
}

// What a run says it would have failed, it fails.
func TestDetectableIsTrue(t *testing.T) {
	for i, tt := range []struct {
		name          string
		noise         shape
		batches, runs int
		overran       float64 // share of the cells
	}{
		{"flat", flat, 5, 300, 0}, {"flat", flat, 19, 300, 0}, {"flat", flat, 30, 40, 0},
		{"jitter of 1", jitter(1, 1), 11, 200, 0}, {"bounded walk", boundedWalk, 11, 200, 0},
		{"a busy machine", flat, 5, 300, 0.3}, {"a very busy machine", flat, 11, 200, 0.5},
	} {
		rng, p := seeded(500+uint64(i)), newPlan(tt.batches, requests, probes)
		said, seen := 0, 0
		judge := func(s ratchet.Segment) ratchet.Growth { return ratchet.Analyse(s, level/looks/3, level/looks/3, rng) }
		for range tt.runs {
			s := loaded(rng, p, tt.noise)
			overran := make(map[int]bool)
			for j, w := range s.Waves {
				if _, drawn := overran[w.Cell]; !drawn {
					overran[w.Cell] = w.Cell >= 0 && rng.Float64() < tt.overran
				}
				s.Waves[j].Overran = overran[w.Cell]
			}
			n := judge(s).Detectable
			if n == 0 {
				continue
			}
			said++
			leaked := int64(0)
			for j, w := range s.Waves {
				for at := rng.ExpFloat64(); at < float64(w.Requests)/n; at += rng.ExpFloat64() {
					leaked++
				}
				s.Values[j] += leaked
			}
			if judge(s).Class == ratchet.PerRequest {
				seen++
			}
		}
		t.Logf("%s, %d batches: %d of %d", tt.name, tt.batches, seen, said)
		if seen < said*92/100 || said < tt.runs*3/4 {
			t.Errorf("%s, %d batches: seen %d of %d that %d runs said", tt.name, tt.batches, seen, said, tt.runs)
		}
	}
}

// Under a process on time every order of the three slots is equally likely, so p < 1/20 in at most a twentieth of the draws.
func TestCausalityHoldsItsLevel(t *testing.T) {
	const runs = 2000
	rng, p := seeded(600), newPlan(5, requests, probes)
	low := 0
	for range runs {
		if analyse(loaded(rng, p, poisson(2*slot))).PCausal < 0.05 {
			low++
		}
	}
	if low > runs/20+30 || low < runs/50 { // 3 standard deviations; and it does say something
		t.Errorf("%d of %d under 0.05", low, runs)
	}
}

// A run that cannot be decided is extended, and costs more than was planned; one that can is not.
func TestExtension(t *testing.T) {
	p := newPlan(11, 20, probes)
	slow := count(700, 200, p, alone(leak(0.1, all, 1)), each(0.1))
	if slow.extended == 0 || slow.first == slow.fails || slow.spent <= slow.planned || slow.spent > 4*slow.planned {
		t.Errorf("a leak of 22 units: %+v", slow)
	}
	if fast := count(701, 50, p, alone(leak(0.5, all, 1)), each(0.5)); fast.extended > 0 || fast.spent != fast.planned {
		t.Errorf("a leak of 110 units: %+v", fast)
	}
	if none := count(702, 50, p, alone(flat), harmless); none.extended > 0 || none.spent != none.planned || none.fails > 0 || none.unknown > 0 {
		t.Errorf("no leak: %+v", none)
	}
}

// The tally does not depend on who counts.
func TestCountIsOneByOne(t *testing.T) {
	p, target := newPlan(10, 20, probes), alone(over(leak(0.1, 1, 1), sawtooth(5, 50)))
	is := truth{rate: 0.1, endpoint: 1}
	var serial tally
	for i := range 40 {
		serial.add(simulate(rand.New(rand.NewPCG(800, uint64(i+1))), p, target), p, is)
	}
	if got := count(800, 40, p, target, is); got != serial {
		t.Errorf("%+v, one by one %+v", got, serial)
	}
}
