package main

import (
	"math"
	"math/rand/v2"
	"time"

	"hermes-soak/soak/ratchet"
)

// leaker is a leak with what it really does.
type leaker struct {
	kind
	truth
}

// target is what leaks: a gauge of its own, but for the leak that a falling one hides.
func (l leaker) target() target {
	if l.name == besideFalling {
		return falling(l.make)
	}
	return alone(l.make)
}

// each is a leak of rate units a request, whatever the endpoint.
func each(rate float64) truth { return truth{rate: rate, endpoint: all} }

// often is a leak on time.
func often(period time.Duration) truth {
	return truth{rate: float64(time.Hour / period), perTime: true, endpoint: all}
}

const tick = 200 * time.Millisecond

var leaking = []leaker{
	{kind{"1/2", "one unit each 2 requests", leak(0.5, all, 1)}, each(0.5)},
	{kind{"1/10", "each 10", leak(0.1, all, 1)}, each(0.1)},
	{kind{"1/100", "each 100", leak(0.01, all, 1)}, each(0.01)},
	{kind{"1/1000", "each 1000", leak(0.001, all, 1)}, each(0.001)},
	{kind{"one endpoint", "1/10 of the requests to one of two", leak(0.1, 1, 1)}, truth{rate: 0.1, endpoint: 1}},
	{kind{"on errors", "each of the errors, 1 % of the requests, keeps a connection of 2 handles", leak(0.01, all, 2)}, each(0.02)},
	{kind{"three at a time", "3 units each 30 requests", leak(1.0/30, all, 3)}, each(0.1)},
	{kind{"bursts", "2 to 10 units each 50 requests", bursts(0.02)}, each(0.12)},
	{kind{"staircase", "10 units at once, each 100th request", staircase(100, 10)}, each(0.1)},
	{kind{"late start", "1/10, from the middle of the plan on", lateLeak(0.1, 0.5)}, each(0)},
	{kind{"under jitter of 5", "1/10", over(leak(0.1, all, 1), jitter(5, 5))}, each(0.1)},
	{kind{"under a warm-up", "1/10", over(leak(0.1, all, 1), warmUp(2, 40, 0.02, 0.08))}, each(0.1)},
	{kind{underSawtooth, "1/10; a unit a request, collected every 5 to 50 requests, +-30 %", over(leak(0.1, all, 1), sawtooth(5, 50))}, each(0.1)},
	{kind{"under a sawtooth at random", "1/10; collected with chance 1/2 to 1/20", over(leak(0.1, all, 1), sawtoothAtRandom(2, 20))}, each(0.1)},
	{kind{"under a sawtooth of 50 to 100", "1/10", over(leak(0.1, all, 1), sawtooth(50, 100))}, each(0.1)},
	{kind{"1/20 under a sawtooth", "1/20; as above", over(leak(0.05, all, 1), sawtooth(5, 50))}, each(0.05)},
	{kind{"1/20 under a sawtooth of 50 to 100", "1/20", over(leak(0.05, all, 1), sawtooth(50, 100))}, each(0.05)},
	{kind{"under a collector on a timer", "1/10; collected every 0.3 to 1.5 s", over(leak(0.1, all, 1), collected(300*time.Millisecond, 1500*time.Millisecond))}, each(0.1)},
	{kind{besideFalling, "1/10, a part of handles that fall by three in ten waves", leak(0.1, all, 1)}, each(0.1)},
	{kind{"on a timer", "one unit each 200 ms", timer(tick)}, often(tick)},
	{kind{"on time, at random", "one unit each 200 ms on average", poisson(tick)}, often(tick)},
}

const (
	underSawtooth = "under a sawtooth" // has a bar of its own
	besideFalling = "beside others that fall"
)

// leak loses size units with a chance per request to probe only, or to every probe where only is all.
func leak(chance float64, only int, size int64) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		x := int64(base)
		// The requests up to the next loss are drawn at once: a slow leak over a long run is cheap.
		gap := func() int { return int(math.Floor(math.Log(1-rng.Float64()) / math.Log1p(-chance))) }
		next := gap()
		return func(w ratchet.Wave) int64 {
			if only != all && w.Probe != only {
				return x
			}
			for ; next < w.Requests; next += 1 + gap() {
				x += size
			}
			next -= w.Requests
			return x
		}
	}
}

// lateLeak begins after a share of the run.
func lateLeak(chance, after float64) shape {
	return func(rng *rand.Rand, p plan) gauge {
		g := leak(chance, all, 1)(rng, p)
		sent := 0
		return func(w ratchet.Wave) int64 {
			sent += w.Requests
			if float64(sent) < after*float64(p.total()) {
				return base
			}
			return g(w)
		}
	}
}

// staircase loses size units at once, each every requests.
func staircase(every int, size int64) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		n := rng.IntN(every)
		return func(w ratchet.Wave) int64 {
			n += w.Requests
			return base + size*int64(n/every)
		}
	}
}

// bursts loses 2 to 10 units with a chance per request.
func bursts(chance float64) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		return byRequest(func(x float64) float64 {
			if rng.Float64() < chance {
				x += float64(2 + rng.IntN(9))
			}
			return x
		})
	}
}

// timer loses one unit each period.
func timer(period time.Duration) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		phase := time.Duration(rng.Int64N(int64(period)))
		return func(w ratchet.Wave) int64 { return base + int64((w.End+phase)/period) }
	}
}

// poisson loses one unit each period on average, at random.
func poisson(period time.Duration) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		x, next := int64(base), time.Duration(rng.ExpFloat64()*float64(period))
		return func(w ratchet.Wave) int64 {
			for ; next <= w.End; next += time.Duration(rng.ExpFloat64() * float64(period)) {
				x++
			}
			return x
		}
	}
}
