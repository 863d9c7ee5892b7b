package ratchet

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// segment draws a run of any shape, leaks among them.
func segment(t *rapid.T) Segment {
	rng := seeded(rapid.Uint64().Draw(t, "seed"))
	batches := rapid.IntRange(1, 30).Draw(t, "batches")
	waves := layout(rng, batches, rapid.IntRange(1, 60).Draw(t, "perBatch"), rapid.IntRange(1, 5).Draw(t, "probes"))
	names := slices.Sorted(maps.Keys(healthy))
	s := over(healthy[rapid.SampledFrom(names).Draw(t, "shape")], leak(rapid.SampledFrom([]float64{0, 0.05, 0.5, 1}).Draw(t, "leak"), -1))
	return Segment{Waves: waves, Values: s(rng, waves)}
}

func analyse(s Segment) Growth { return Analyse(s, alpha, seeded(1)) }

// same compares all but the two levels, which carry the gauge's own height.
func same(t *rapid.T, a, b Growth) {
	a.First, a.Last, b.First, b.Last = 0, 0, 0, 0
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("not the same:\n%+v\n%+v", a, b)
	}
}

func TestAConstantChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := segment(t)
		shifted := Segment{Waves: s.Waves, Values: slices.Clone(s.Values)}
		by := rapid.Int64Range(-1000, 1_000_000).Draw(t, "by")
		for j := range shifted.Values {
			shifted.Values[j] += by
		}
		same(t, analyse(s), analyse(shifted))
	})
}

func TestAnalysingTwiceIsEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := segment(t)
		same(t, analyse(s), analyse(s))
	})
}

func TestLaterStartChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := segment(t)
		later := Segment{Waves: slices.Clone(s.Waves), Values: s.Values}
		for j := range later.Waves {
			later.Waves[j].Start += 1000 * slot
			later.Waves[j].End += 1000 * slot
		}
		same(t, analyse(s), analyse(later))
	})
}

func TestEndpointNamesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := segment(t)
		named := Segment{Waves: slices.Clone(s.Waves), Values: s.Values}
		name := rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(t, "names")
		for j, v := range named.Waves {
			if v.Probe >= 0 {
				named.Waves[j].Probe = 10 * name[v.Probe]
			}
		}
		a, b := analyse(s), analyse(named)
		for i, e := range a.Endpoints {
			a.Endpoints[i].Probe = 10 * name[e.Probe]
		}
		slices.SortFunc(a.Endpoints, func(x, y EndpointRate) int { return x.Probe - y.Probe })
		same(t, a, b)
	})
}

func TestWhatNeverRisesNeverFails(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := segment(t)
		steps := rapid.SliceOfN(rapid.Int64Range(-3, 0), len(s.Values), len(s.Values)).Draw(t, "steps")
		x := int64(500)
		for j := range s.Values {
			x += steps[j]
			s.Values[j] = x
		}
		g := analyse(s)
		if g.Class != None && (g.Class != Unknown || g.LoadWaves >= minLoadWaves) {
			t.Fatalf("a falling gauge is %v: %+v", g.Class, g)
		}
	})
}

// Every figure can be written down: JSON refuses NaN and the infinite.
func TestFiguresAreNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := segment(t)
		n := rapid.IntRange(0, len(s.Values)).Draw(t, "cut")
		if rapid.Bool().Draw(t, "wild") {
			for j := range s.Values {
				s.Values[j] = rapid.Int64Range(0, 20_000).Draw(t, "x")
			}
		}
		s.Waves, s.Values = s.Waves[:n], s.Values[:n]
		g := analyse(s)
		if _, err := json.Marshal(g); err != nil {
			t.Fatal(err)
		}
		if (g.Class == Unknown) != (g.Why != "") {
			t.Fatalf("%v, because %q", g.Class, g.Why)
		}
		for _, p := range []float64{g.PCausal, g.PSign, g.PDrift, g.PDriftRequests, g.PDose, g.P()} {
			if p < 0 || p > 1 {
				t.Fatalf("p %v outside 0 to 1", p)
			}
		}
		if c := Confirm(g, s); c.Confirmed != (c.Why == "") {
			t.Fatalf("confirmed %v, because %q", c.Confirmed, c.Why)
		}
	})
}

// P is the least level at which Decide finds growth.
func TestPAgreesWithDecide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := analyse(segment(t))
		level := rapid.Float64Range(alpha/20, alpha).Draw(t, "level")
		c, _ := g.Decide(level)
		if failed := c == PerRequest || c == Candidate; failed != (g.P() < level) {
			t.Fatalf("%v at %v, P %v", c, level, g.P())
		}
	})
}

// Under a process on time every order of the three slots is equally likely, so p < 1/20 in at most a twentieth of the draws.
func TestCausalityHoldsItsLevel(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	const runs = 4000
	low := 0
	for range runs {
		waves := layout(rng, 5, 40, 2)
		w := newWindow(Segment{Waves: waves, Values: poisson(2*slot)(rng, waves)})
		if w.causality() < 0.05 {
			low++
		}
	}
	if low > runs/20+45 { // 3 standard deviations
		t.Errorf("%d of %d under 0.05", low, runs)
	}
}
