package ratchet

import (
	"runtime"
	"testing"
)

// BenchmarkLong judges 20 gauges over 100,000 waves. The bar: under 2 s and 200 MB in all.
func BenchmarkLong(b *testing.B) {
	rng := seeded(1)
	waves := layout(rng, 33_300, 40, 3) // 33,300 cells
	shapes := []shape{
		leak(0.5, -1), leak(0.01, 1), healthy["jitter 2"], healthy["sawtooth"], over(healthy["jitter 1"], leak(0.05, -1)),
	}
	var gauges []Segment
	for i := range 20 {
		gauges = append(gauges, Segment{Waves: waves, Values: shapes[i%len(shapes)](rng, waves)})
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range gauges {
			Analyse(s, alpha, rng)
		}
	}
	runtime.KeepAlive(gauges)
}
