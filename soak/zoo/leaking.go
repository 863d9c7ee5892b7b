package main

import (
	"math"
	"math/rand/v2"
	"time"

	"hermes-soak/soak/ratchet"
)

// leak loses size units with a chance per request to probe only, or to every probe where only is -1.
func leak(chance float64, only int, size int64) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		x := int64(base)
		// The requests up to the next loss are drawn at once: a slow leak over a long run is cheap.
		gap := func() int { return int(math.Floor(math.Log(1-rng.Float64()) / math.Log1p(-chance))) }
		next := gap()
		return func(w ratchet.Wave) int64 {
			if only >= 0 && w.Probe != only {
				return x
			}
			n := w.Requests
			for ; next < n; next += 1 + gap() {
				x += size
			}
			next -= n
			return x
		}
	}
}

// lateLeak begins after a share of the run.
func lateLeak(chance, after float64) shape {
	return func(rng *rand.Rand, p plan) gauge {
		g := leak(chance, -1, 1)(rng, p)
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
		return byRequest(0, func(x float64) float64 {
			if rng.Float64() < chance {
				x += float64(2 + rng.IntN(9))
			}
			return x
		})
	}
}

// timer loses one unit each period, poisson one on average.
func timer(period time.Duration) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		phase := time.Duration(rng.Int64N(int64(period)))
		return func(w ratchet.Wave) int64 { return base + int64((w.End+phase)/period) }
	}
}

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

// flat holds what it holds: threads and child processes of most servers, and a server at its limit.
func flat(*rand.Rand, plan) gauge { return func(ratchet.Wave) int64 { return base } }

// leaker is a leak with what it really does.
type leaker struct {
	kept
	truth
}

func leaking() []leaker {
	all := truth{endpoint: -1}
	at := func(rate float64) truth { return truth{rate: rate, endpoint: -1} }
	return []leaker{
		{kept{"1/2", "one unit each 2 requests", leak(0.5, -1, 1)}, at(0.5)},
		{kept{"1/10", "each 10", leak(0.1, -1, 1)}, at(0.1)},
		{kept{"1/100", "each 100", leak(0.01, -1, 1)}, at(0.01)},
		{kept{"1/1000", "each 1000", leak(0.001, -1, 1)}, at(0.001)},
		{kept{"one endpoint", "1/10 of the requests to one of two", leak(0.1, 1, 1)}, truth{rate: 0.1, endpoint: 1}},
		{kept{"on errors", "each of the errors, 1 % of the requests, keeps a connection of 2 handles", leak(0.01, -1, 2)}, at(0.02)},
		{kept{"three at a time", "3 units each 30 requests", leak(1.0/30, -1, 3)}, at(0.1)},
		{kept{"bursts", "2 to 10 units each 50 requests", bursts(0.02)}, at(0.12)},
		{kept{"staircase", "10 units at once, each 100th request", staircase(100, 10)}, at(0.1)},
		{kept{"late start", "1/10, from the middle of the plan on", lateLeak(0.1, 0.5)}, all},
		{kept{"under jitter of 5", "1/10", over(leak(0.1, -1, 1), jitter(5, 5))}, at(0.1)},
		{kept{"under a warm-up", "1/10", over(leak(0.1, -1, 1), warmUp)}, at(0.1)},
		{kept{"under a sawtooth", "1/10; a unit a request, collected every 5 to 50 requests, +-30 %", over(leak(0.1, -1, 1), sawtooth(5, 50))}, at(0.1)},
		{kept{"under a sawtooth at random", "1/10; collected with chance 1/2 to 1/20", over(leak(0.1, -1, 1), sawtoothAtRandom(2, 20))}, at(0.1)},
		{kept{"under a sawtooth of 50 to 100", "1/10", over(leak(0.1, -1, 1), sawtooth(50, 100))}, at(0.1)},
		{kept{"1/20 under a sawtooth", "1/20; as above", over(leak(0.05, -1, 1), sawtooth(5, 50))}, at(0.05)},
		{kept{"1/20 under a sawtooth of 50 to 100", "1/20", over(leak(0.05, -1, 1), sawtooth(50, 100))}, at(0.05)},
		{kept{"on a timer", "one unit each 200 ms", timer(200 * time.Millisecond)}, truth{rate: 5 * 3600, perTime: true, endpoint: -1}},
		{kept{"on time, at random", "one unit each 200 ms on average", poisson(200 * time.Millisecond)}, truth{rate: 5 * 3600, perTime: true, endpoint: -1}},
	}
}

// undecidable are shapes that no rule can judge in a run of fixed length: what is not known is to be said, at best.
func undecidable() []kept {
	return []kept{
		{"pool still filling", "10 to 40 connections, opened at an even pace over 1 to 3 times the planned run", fillingPool},
		{"tooth longer than the run", "a unit a request, collected once in 1 to 3 times the planned run", longTooth},
		{"sawtooth at random, rare", "collected with chance 1/20 to 1/50: of 200 requests the last tooth is often half", sawtoothAtRandom(20, 50)},
		{"warm-up over 30 %", "10 to 40 units, saturating over 10 to 30 % of the run three times over", longWarmUp},
		{"tide in time", "a sine of 5 to 20 units, a quarter to one turn in the planned time", tide},
		{"logarithmic cache, large", "3 to 12 units each time the run grows e-fold", logCache(3, 12)},
		{"idle timeout, long", "a socket with chance 0.1 to 1 a request, closed 2 to 8 s after", sockets(0.1, 1, 2, 8)},
		{"flat at the limit", "an exhausted server: headroom and the ladder see it", flat},
	}
}

func fillingPool(rng *rand.Rand, p plan) gauge {
	size, full := uniform(rng, 10, 40), uniform(rng, 1, 3)
	return byShare(p, func(s float64) float64 { return math.Floor(size * min(1, s/full)) })
}

func longTooth(rng *rand.Rand, p plan) gauge {
	tooth := uniform(rng, 1, 3)
	return byShare(p, func(s float64) float64 { return float64(p.total()) * math.Mod(s, tooth) })
}

func longWarmUp(rng *rand.Rand, p plan) gauge {
	size, tau := uniform(rng, 10, 40), uniform(rng, 0.1, 0.3)
	return byShare(p, func(s float64) float64 { return size * (1 - math.Exp(-s/tau)) })
}

func tide(rng *rand.Rand, p plan) gauge {
	turns, size, phase := uniform(rng, 0.25, 1), uniform(rng, 5, 20), rng.Float64()
	return byWave(func(w ratchet.Wave) float64 {
		return size * math.Sin(2*math.Pi*(turns*w.End.Seconds()/p.seconds()+phase))
	})
}
