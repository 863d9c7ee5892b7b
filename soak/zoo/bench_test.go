package main

import (
	"math/rand/v2"
	"testing"

	"hermes-soak/soak/ratchet"
)

// BenchmarkLong judges 20 gauges over 100,000 waves. The bar: under 2 s and 200 MB in all.
func BenchmarkLong(b *testing.B) {
	shapes := []shape{
		leak(0.5, all, 1), leak(0.01, 1, 1), jitter(2, 2), sawtooth(5, 50), over(jitter(1, 1), leak(0.05, all, 1)),
	}
	run := newSimulation(seeded(1), newPlan(33_300, requests, 3), func(rng *rand.Rand, p plan) [][]gauge {
		var families [][]gauge
		for i := range 20 {
			families = append(families, []gauge{shapes[i%len(shapes)](rng, p)})
		}
		return families
	})
	run.stretch()
	b.ReportMetric(float64(len(run.waves)), "waves")
	b.ReportAllocs()
	for b.Loop() {
		ratchet.Judge(run.families(), ratchet.Look{Alpha: level / looks}, seeded(2))
	}
}
