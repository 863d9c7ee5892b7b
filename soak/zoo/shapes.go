package main

import (
	"math"
	"math/rand/v2"

	"hermes-soak/soak/ratchet"
)

// A gauge returns what the target holds after a wave. It is called once for each wave, in order.
type gauge func(w ratchet.Wave) int64

// A shape makes a gauge for one run. What a run's length decides, such as when a warm-up ends, follows the plan.
type shape func(rng *rand.Rand, p plan) gauge

// kind is a shape with its name, and what it is in words.
type kind struct {
	name, what string
	make       shape
}

const base = 10 // what a process holds before any request

// uniform draws from [low, high).
func uniform(rng *rand.Rand, low, high float64) float64 { return low + (high-low)*rng.Float64() }

// byShare makes a gauge from a function of the share of the planned requests that were sent.
func byShare(p plan, f func(share float64) float64) gauge {
	sent := 0.0
	return func(w ratchet.Wave) int64 {
		sent += float64(w.Requests)
		return base + int64(math.Round(f(sent/float64(p.total()))))
	}
}

// byWave makes a gauge from a function called once a wave, whatever it carries.
func byWave(f func(w ratchet.Wave) float64) gauge {
	return func(w ratchet.Wave) int64 { return base + int64(math.Round(f(w))) }
}

// byRequest makes a gauge from what one request does to the level.
func byRequest(f func(level float64) float64) gauge {
	level := 0.0
	return func(w ratchet.Wave) int64 {
		for range w.Requests {
			level = f(level)
		}
		return base + int64(math.Round(level))
	}
}

// over adds shapes, with one base.
func over(shapes ...shape) shape {
	return func(rng *rand.Rand, p plan) gauge {
		var parts []gauge
		for _, s := range shapes {
			parts = append(parts, s(rng, p))
		}
		return func(w ratchet.Wave) int64 {
			x := int64(base)
			for _, g := range parts {
				x += g(w) - base
			}
			return x
		}
	}
}
