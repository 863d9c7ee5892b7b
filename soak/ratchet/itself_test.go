package ratchet

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestByItself: what comes without a request is told beside what the requests leave, and taken off the rates of the endpoints: the one that
// leaves nothing is not guilty, the one that does is, and the intervals hold the truth.
func TestByItself(t *testing.T) {
	const perSlot = 0.7
	missed := 0
	for seed := range uint64(20) {
		rng := seeded(seed)
		g := analyse(grown(waves(60, func(int) int { return 1 + rng.IntN(7) }), func(v Wave) int {
			n := one(rng.Float64() < perSlot)
			if v.Probe == 0 {
				n += v.Requests
			}
			return n
		}))
		perHour := perSlot * float64(time.Hour/slot)
		if g.Class != PerRequest || math.Abs(g.ByItself.Rate/perHour-1) > 0.25 {
			t.Errorf("seed %d: %v, by itself %+v, want %v", seed, g.Class, g.ByItself, perHour)
		}
		a, b := g.Endpoints[0], g.Endpoints[1]
		if !a.Guilty || b.Guilty || math.Abs(a.Rate.Rate-1) > 0.2 || b.Rate.Rate > 0.2 || g.Own.Rate > 0.7 {
			t.Errorf("seed %d: %+v and %+v, all %+v", seed, a, b, g.Own)
		}
		if a.Rate.Low > 1 || a.Rate.High < 1 || b.Rate.Low > 0 || g.ByItself.Low > perHour || g.ByItself.High < perHour {
			missed++
		}
	}
	if missed > 1 {
		t.Errorf("%d of 20 intervals miss the truth", missed)
	}
}

// TestNotByItself: nothing is told to come by itself where all is of the requests: in their slots, later, or in slots that noise has
// shifted.
func TestNotByItself(t *testing.T) {
	noisy := func(share float64) func(Segment, *rand.Rand) {
		return func(s Segment, rng *rand.Rand) {
			for j := range s.Values {
				if rng.Float64() < share {
					s.Values[j] += 1 + rng.Int64N(3)
				}
			}
		}
	}
	for name, then := range map[string]func(Segment, *rand.Rand){
		"in their slots": func(Segment, *rand.Rand) {},
		"a slot later":   func(s Segment, _ *rand.Rand) { copy(s.Values[1:], append([]int64(nil), s.Values...)) },
		"little noise":   noisy(0.05), "noise": noisy(0.3), "mostly noise": noisy(0.7),
	} {
		told := 0
		for seed := range uint64(100) {
			rng := seeded(seed)
			s := grown(waves(60, func(int) int { return 1 + rng.IntN(7) }), func(v Wave) int { return v.Requests * (1 - max(0, v.Probe)) })
			then(s, rng)
			if analyse(s).ByItself != (Interval{}) {
				told++
			}
		}
		if told > 0 {
			t.Errorf("%s: in %d of 100 runs", name, told)
		}
	}
}
