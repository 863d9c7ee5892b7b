package main

import (
	"math"
	"math/rand/v2"
	"time"
)

// undecidable are shapes that no rule can judge in a run of fixed length: what is not known is to be said, at best.
var undecidable = []kind{
	{"pool still filling", "10 to 40 connections, opened at an even pace over 1 to 3 times the planned run", fillingPool},
	{"tooth longer than the run", "a unit a request, collected once in 1 to 3 times the planned run", longTooth},
	{"sawtooth at random, rare", "collected with chance 1/20 to 1/50: of 200 requests the last tooth is often half", sawtoothAtRandom(20, 50)},
	{"warm-up over 30 %", "10 to 40 units, saturating over 10 to 30 % of the run three times over", warmUp(10, 40, 0.1, 0.3)},
	{"tide in time", "a sine of 5 to 20 units, a quarter to one turn in the planned time", sine(0.25, 1, 5, 20)},
	{"logarithmic cache, large", "3 to 12 units each time the run grows e-fold", logCache(3, 12)},
	{"cache of random keys", "100 to 1000 keys, drawn evenly, each kept once", randomKeys},
	{"collector on a timer, slow", "a unit a request, collected every 2 to 10 s", collected(2*time.Second, 10*time.Second)},
	{"idle timeout, long", "a socket with chance 0.1 to 1 a request, closed 2 to 8 s after", sockets(2, 8)},
	{"flat at the limit", "an exhausted server: headroom and the ladder see it", flat},
}

func fillingPool(rng *rand.Rand, p plan) gauge {
	size, full := uniform(rng, 10, 40), uniform(rng, 1, 3)
	return byShare(p, func(s float64) float64 { return math.Floor(size * min(1, s/full)) })
}

func longTooth(rng *rand.Rand, p plan) gauge {
	tooth := uniform(rng, 1, 3)
	return byShare(p, func(s float64) float64 { return float64(p.total()) * math.Mod(s, tooth) })
}

func randomKeys(rng *rand.Rand, _ plan) gauge {
	keys := 100 + rng.IntN(901)
	return byRequest(func(kept float64) float64 {
		if rng.IntN(keys) >= int(kept) {
			kept++
		}
		return kept
	})
}
