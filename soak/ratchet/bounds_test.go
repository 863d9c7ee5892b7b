package ratchet

import (
	"math"
	"testing"
)

// TestDifferOfAll: whatever two runs kept, also counted in the coarsest of units, they have an interval that holds the difference,
// and chances that are some.
func TestDifferOfAll(t *testing.T) {
	var all []Kept
	for _, gained := range []float64{0, 1, 1e9, 1 << 53} {
		for _, phi := range []float64{1, 4} {
			for _, held := range []float64{0, 1 << 53} {
				k := Kept{Requests: 1000, LoadWaves: 30, Gained: gained, Dispersion: max(1, min(phi, phi*gained)), Held: held}
				all = append(all, k, k.Coarser(1<<33), Kept{Requests: 1, LoadWaves: 1, Gained: gained, Dispersion: max(1, 4*gained), Held: held})
			}
		}
	}
	all = append(all, Kept{Requests: 158, LoadWaves: 31, Gained: 5e-324, Dispersion: 3}, Kept{Requests: 158, LoadWaves: 31, Gained: 1e-300, Dispersion: 1})
	for _, a := range all {
		for _, b := range all {
			d := Differ(a, b)
			if math.IsNaN(d.Low+d.High) || d.Low > d.Rate || d.Rate > d.High || !(d.PMore >= 0 && d.PMore <= 1) || !(d.PLess >= 0 && d.PLess <= 1) {
				t.Errorf("%+v and %+v: %+v", a, b, d)
			}
		}
	}
}
