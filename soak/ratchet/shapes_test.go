package ratchet

import (
	"math"
	"math/rand/v2"
	"time"
)

// A shape is what a gauge reads after each wave.
type shape func(rng *rand.Rand, waves []Wave) []int64

// each makes a shape from what one wave adds to or takes from a running state.
func each(start int64, next func(v Wave, x int64) int64) func([]Wave) []int64 {
	return func(waves []Wave) []int64 {
		values := make([]int64, len(waves))
		x := start
		for j, v := range waves {
			x = next(v, x)
			values[j] = x
		}
		return values
	}
}

// progress returns the share of the run's requests sent up to each wave.
func progress(waves []Wave) []float64 {
	shares := make([]float64, len(waves))
	sent := 0.0
	for j, v := range waves {
		sent += float64(v.Requests)
		shares[j] = sent
	}
	for j := range shares {
		shares[j] /= sent
	}
	return shares
}

// curve makes a shape from a function of the share of the requests sent.
func curve(waves []Wave, f func(share float64) float64) []int64 {
	values := make([]int64, len(waves))
	for j, share := range progress(waves) {
		values[j] = base + int64(math.Round(f(share)))
	}
	return values
}

// healthy are the shapes that must never fail.
var healthy = map[string]shape{
	"flat": func(_ *rand.Rand, waves []Wave) []int64 { return curve(waves, func(float64) float64 { return 0 }) },
	"jitter 1": func(rng *rand.Rand, waves []Wave) []int64 {
		return curve(waves, func(float64) float64 { return float64(rng.IntN(3) - 1) })
	},
	"jitter 2": func(rng *rand.Rand, waves []Wave) []int64 {
		return curve(waves, func(float64) float64 { return float64(rng.IntN(5) - 2) })
	},
	"saturating warm-up": func(rng *rand.Rand, waves []Wave) []int64 {
		size, tau := 2+38*rng.Float64(), 0.02+0.06*rng.Float64()
		return curve(waves, func(s float64) float64 { return size * (1 - math.Exp(-s/tau)) })
	},
	"one step": func(rng *rand.Rand, waves []Wave) []int64 {
		size, at := 1+rng.IntN(20), rng.Float64()
		return curve(waves, func(s float64) float64 {
			if s < at {
				return 0
			}
			return float64(size)
		})
	},
	"several steps": func(rng *rand.Rand, waves []Wave) []int64 {
		n, stop := 2+rng.IntN(5), 0.1+0.5*rng.Float64()
		return curve(waves, func(s float64) float64 { return math.Floor(float64(n) * min(1, s/stop)) })
	},
	// A tooth up to a quarter of the run of 5 x 40, cut at 70 to 130 % of its length.
	"sawtooth": func(rng *rand.Rand, waves []Wave) []int64 {
		often := 5 + 45*rng.Float64()
		tooth, n := often, 0.0
		return each(base, func(v Wave, x int64) int64 {
			for range v.Requests {
				x++
				if n++; n >= tooth {
					x, n, tooth = base, 0, often*(0.7+0.6*rng.Float64())
				}
			}
			return x
		})(waves)
	},
	// Collections at random, every 2 to 10 requests. From a tenth of the run on the last tooth may be half of it: undecidable.
	"sawtooth at random": func(rng *rand.Rand, waves []Wave) []int64 {
		often := 2 + 8*rng.Float64()
		return each(base, func(v Wave, x int64) int64 {
			for range v.Requests {
				if x++; rng.Float64() < 1/often {
					x = base
				}
			}
			return x
		})(waves)
	},
	"AR(1) in time": func(rng *rand.Rand, waves []Wave) []int64 {
		phi, size, y := 0.5+0.45*rng.Float64(), 0.5+1.5*rng.Float64(), 0.0
		return curve(waves, func(float64) float64 {
			y = max(-8, min(8, phi*y+size*rng.NormFloat64()))
			return y
		})
	},
	"AR(1) per request": func(rng *rand.Rand, waves []Wave) []int64 {
		phi, size, y := 0.9+0.09*rng.Float64(), 0.2+0.8*rng.Float64(), 0.0
		values := make([]int64, len(waves))
		for j, v := range waves {
			for range v.Requests {
				y = max(-8, min(8, phi*y+size*rng.NormFloat64()))
			}
			values[j] = base + int64(math.Round(y))
		}
		return values
	},
	"pool that fills": func(rng *rand.Rand, waves []Wave) []int64 {
		most, chance := int64(base+1+rng.IntN(10)), 0.2+0.5*rng.Float64() // full in the first quarter; one still filling is undecidable
		return each(base, func(v Wave, x int64) int64 {
			for range v.Requests {
				if x < most && rng.Float64() < chance {
					x++
				}
			}
			return x
		})(waves)
	},
	"pool that fills by half time": func(rng *rand.Rand, waves []Wave) []int64 {
		size, full := 8+32*rng.Float64(), 0.25+0.25*rng.Float64()
		return curve(waves, func(s float64) float64 { return size * min(1, s/full) })
	},
	"periodic": func(rng *rand.Rand, waves []Wave) []int64 {
		turns, size, phase := 2+18*rng.Float64(), 1+5*rng.Float64(), rng.Float64()
		return curve(waves, func(s float64) float64 { return size * math.Sin(2*math.Pi*(turns*s+phase)) })
	},
	"bounded walk": func(rng *rand.Rand, waves []Wave) []int64 {
		return each(base, func(_ Wave, x int64) int64 { return max(base-5, min(base+5, x+int64(rng.IntN(3))-1)) })(waves)
	},
	// Larger than this it still gains a handle often enough, to the end, to be growth: the rules cannot and need not tell.
	"logarithmic cache": func(rng *rand.Rand, waves []Wave) []int64 {
		size, tau := 0.5+2.5*rng.Float64(), 0.005+0.02*rng.Float64()
		return curve(waves, func(s float64) float64 { return size * math.Log1p(s/tau) })
	},
	"decreasing": func(rng *rand.Rand, waves []Wave) []int64 {
		return each(base+100, func(_ Wave, x int64) int64 { return x - int64(rng.IntN(2)) })(waves)
	},
}

// leak loses one handle with a chance per request to probe only, or to every probe where only is -1.
func leak(chance float64, only int) shape {
	return func(rng *rand.Rand, waves []Wave) []int64 {
		return each(base, func(v Wave, x int64) int64 {
			for range v.Requests {
				if (only < 0 || v.Probe == only) && rng.Float64() < chance {
					x++
				}
			}
			return x
		})(waves)
	}
}

// bursts loses a Poisson number of handles at each request, rate on average.
func bursts(rate float64) shape {
	return func(rng *rand.Rand, waves []Wave) []int64 {
		return each(base, func(v Wave, x int64) int64 {
			for at := rng.ExpFloat64(); at < rate*float64(v.Requests); at += rng.ExpFloat64() {
				x++
			}
			return x
		})(waves)
	}
}

// timer loses one handle each period.
func timer(period time.Duration) shape {
	return func(rng *rand.Rand, waves []Wave) []int64 {
		phase := time.Duration(rng.Int64N(int64(period)))
		values := make([]int64, len(waves))
		for j, v := range waves {
			values[j] = base + int64((v.End+phase)/period)
		}
		return values
	}
}

// poisson loses one handle each period on average, at random.
func poisson(period time.Duration) shape {
	return func(rng *rand.Rand, waves []Wave) []int64 {
		next := time.Duration(rng.ExpFloat64() * float64(period))
		return each(base, func(v Wave, x int64) int64 {
			for ; next <= v.End; next += time.Duration(rng.ExpFloat64() * float64(period)) {
				x++
			}
			return x
		})(waves)
	}
}

// over adds one shape to another, less the base.
func over(a, b shape) shape {
	return func(rng *rand.Rand, waves []Wave) []int64 {
		sum := a(rng, waves)
		for j, y := range b(rng, waves) {
			sum[j] += y - base
		}
		return sum
	}
}
