package main

import (
	"math"
	"math/rand/v2"
	"time"

	"hermes-soak/soak/ratchet"
)

// healthy are the shapes that must not fail. Their lengths are in requests (of 200 in the shortest run) where a server has them, and in
// shares of the run where a person would ask whether the run was long enough.
var healthy = []kind{
	{"flat", "nothing happens", flat},
	{"jitter", "1 to 3 units up or down, fresh in each wave", jitter(1, 3)},
	{"warm-up", "2 to 40 units, saturating within the first 2 to 8 % of the run", warmUp(2, 40, 0.02, 0.08)},
	{"pool", "1 to 10 connections, opened with chance 0.2 to 0.7 a request, and held", pool},
	{"one step early", "1 to 20 units within the first half", step(0, 0.5)},
	{"one step late", "1 to 20 units within the second half", step(0.5, 1)},
	{"steps that stop", "2 to 20 steps of 1 to 5 units within the first 10 to 60 %", stepsThatStop},
	{"sawtooth", "a unit a request, collected every 5 to 50 requests, +-30 %", sawtooth(5, 50)},
	{"sawtooth at random", "a unit a request, collected with chance 1/2 to 1/20", sawtoothAtRandom(2, 20)},
	{"collector on a timer", "a unit a request, collected every 0.3 to 1.5 s", collected(300*time.Millisecond, 1500*time.Millisecond)},
	{"AR(1) in time", "bounded at 8 units, memory 0.5 to 0.95 a wave", arTime},
	{"AR(1) per request", "bounded at 8 units, memory 0.90 to 0.99 a request", arRequest},
	{"periodic", "a sine of 1 to 6 units, 2 to 20 turns in the planned time", sine(2, 20, 1, 6)},
	{"idle timeout", "a socket with chance 0.1 to 1 a request, closed 0.2 to 2 s after", sockets(0.2, 2)},
	{"lingering close", "1 to 3 handles a request, each closed at random after 20 to 300 ms", lingering},
	{"logarithmic cache", "0.5 to 3 units each time the run grows e-fold, from 0.5 to 2.5 % of it on", logCache(0.5, 3)},
	{"bounded walk", "a step of one up or down a wave, between -5 and +5", boundedWalk},
	{"decreasing", "falls by 0 or 1 a wave", decreasing},
	{"parked handles", "the most of 1 to 4 connections ever open at once", parked},
	{"tide per request", "a slow wave of 2 to 6 units over 20 to 60 requests", tidePerRequest},
}

// flat holds what it holds: threads and child processes of most servers, and a server at its limit.
func flat(*rand.Rand, plan) gauge { return func(ratchet.Wave) int64 { return base } }

func jitter(low, high int) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		size := low + rng.IntN(high-low+1)
		return byWave(func(ratchet.Wave) float64 { return float64(rng.IntN(2*size+1) - size) })
	}
}

func warmUp(lowSize, highSize, lowTau, highTau float64) shape {
	return func(rng *rand.Rand, p plan) gauge {
		size, tau := uniform(rng, lowSize, highSize), uniform(rng, lowTau, highTau)
		return byShare(p, func(s float64) float64 { return size * (1 - math.Exp(-s/tau)) })
	}
}

func pool(rng *rand.Rand, _ plan) gauge {
	most, chance := float64(1+rng.IntN(10)), uniform(rng, 0.2, 0.7)
	return byRequest(func(x float64) float64 {
		if x < most && rng.Float64() < chance {
			x++
		}
		return x
	})
}

func step(from, to float64) shape {
	return func(rng *rand.Rand, p plan) gauge {
		size, at := float64(1+rng.IntN(20)), uniform(rng, from, to)
		return byShare(p, func(s float64) float64 {
			if s < at {
				return 0
			}
			return size
		})
	}
}

func stepsThatStop(rng *rand.Rand, p plan) gauge {
	n, size, stop := float64(2+rng.IntN(19)), float64(1+rng.IntN(5)), uniform(rng, 0.1, 0.6)
	return byShare(p, func(s float64) float64 { return size * math.Floor(n*min(1, s/stop)) })
}

func sawtooth(low, high float64) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		often := uniform(rng, low, high)
		tooth, n := often*rng.Float64(), 0.0
		return byRequest(func(x float64) float64 {
			x++
			if n++; n >= tooth {
				x, n, tooth = 0, 0, often*uniform(rng, 0.7, 1.3)
			}
			return x
		})
	}
}

func sawtoothAtRandom(low, high float64) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		often := uniform(rng, low, high)
		return byRequest(func(x float64) float64 {
			if rng.Float64() < 1/often {
				return 0
			}
			return x + 1
		})
	}
}

// collected gains a unit a request, and gives all back each period.
func collected(low, high time.Duration) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		every := low + time.Duration(rng.Int64N(int64(high-low)))
		next, x := time.Duration(rng.Int64N(int64(every))), 0
		return byWave(func(w ratchet.Wave) float64 {
			x += w.Requests
			for ; next <= w.End; next += every {
				x = 0
			}
			return float64(x)
		})
	}
}

func arTime(rng *rand.Rand, _ plan) gauge {
	phi, size, y := uniform(rng, 0.5, 0.95), uniform(rng, 0.5, 2), 0.0
	return byWave(func(ratchet.Wave) float64 {
		y = max(-8, min(8, phi*y+size*rng.NormFloat64()))
		return y
	})
}

func arRequest(rng *rand.Rand, _ plan) gauge {
	phi, size := uniform(rng, 0.90, 0.99), uniform(rng, 0.2, 1)
	return byRequest(func(y float64) float64 { return max(-8, min(8, phi*y+size*rng.NormFloat64())) })
}

// sine turns with the time of the planned load.
func sine(lowTurns, highTurns, lowSize, highSize float64) shape {
	return func(rng *rand.Rand, p plan) gauge {
		turns, size, phase := uniform(rng, lowTurns, highTurns), uniform(rng, lowSize, highSize), rng.Float64()
		return byWave(func(w ratchet.Wave) float64 {
			return size * math.Sin(2*math.Pi*(turns*w.End.Seconds()/p.seconds()+phase))
		})
	}
}

// sockets are opened by requests and closed a fixed time later.
func sockets(lowSeconds, highSeconds float64) shape {
	return func(rng *rand.Rand, _ plan) gauge {
		chance := uniform(rng, 0.1, 1)
		after := time.Duration(uniform(rng, lowSeconds, highSeconds) * float64(time.Second))
		var closing []time.Duration
		return byWave(func(w ratchet.Wave) float64 {
			for range w.Requests {
				if rng.Float64() < chance {
					closing = append(closing, w.Start+after)
				}
			}
			for len(closing) > 0 && closing[0] <= w.End {
				closing = closing[1:]
			}
			return float64(len(closing))
		})
	}
}

func lingering(rng *rand.Rand, _ plan) gauge {
	each, mean := 1+rng.IntN(3), uniform(rng, 0.02, 0.3)
	open := 0
	return byWave(func(w ratchet.Wave) float64 {
		open += each * w.Requests
		stay := math.Exp(-(w.End - w.Start).Seconds() / mean)
		left := 0
		for range open {
			if rng.Float64() < stay {
				left++
			}
		}
		open = left
		return float64(open)
	})
}

func logCache(low, high float64) shape {
	return func(rng *rand.Rand, p plan) gauge {
		size, tau := uniform(rng, low, high), uniform(rng, 0.005, 0.025)
		return byShare(p, func(s float64) float64 { return size * math.Log1p(s/tau) })
	}
}

func boundedWalk(rng *rand.Rand, _ plan) gauge {
	x := 0.0
	return byWave(func(ratchet.Wave) float64 {
		x = max(-5, min(5, x+float64(rng.IntN(3)-1)))
		return x
	})
}

func decreasing(rng *rand.Rand, _ plan) gauge {
	x := 0.0
	return byWave(func(ratchet.Wave) float64 {
		x -= float64(rng.IntN(2))
		return x
	})
}

// parked handles are a high-water mark: SQLite keeps the main-file handle of a closed connection while another is open.
func parked(rng *rand.Rand, _ plan) gauge {
	most, chance := 1+rng.IntN(4), uniform(rng, 0.05, 0.5)
	return byRequest(func(x float64) float64 {
		open := 0.0
		for range most {
			if rng.Float64() < chance {
				open++
			}
		}
		return max(x, open)
	})
}

func tidePerRequest(rng *rand.Rand, _ plan) gauge {
	size, turn, n := uniform(rng, 2, 6), uniform(rng, 20, 60), 0.0
	return byRequest(func(float64) float64 {
		n++
		return size * (1 - math.Cos(2*math.Pi*n/turn)) / 2
	})
}
