package ratchet

import (
	"math"
	"testing"
)

// marks are the cells in which growth of 24 units, even in some measure, stands: measure says how far the run has come after a cell, from
// 0 to 1.
func marks(cells int, measure func(share float64) float64) (out []int) {
	for c := range cells {
		before, after := measure(float64(c)/float64(cells)), measure(float64(c+1)/float64(cells))
		for range int(math.Floor(24*after)) - int(math.Floor(24*before)) {
			out = append(out, c)
		}
	}
	return out
}

func TestSlows(t *testing.T) {
	const n = 400
	even := func(s float64) float64 { return s }
	logarithmic := func(s float64) float64 { return math.Log1p(s/0.02) / math.Log1p(1/0.02) }
	// Nine tenths of the requests in one half.
	early := func(c int) int { return 2 + 16*one(c < n/2) }
	late := func(c int) int { return 2 + 16*one(c >= n/2) }
	sentEarly := func(s float64) float64 { return min(1.8*s, 0.8+0.2*s) }
	for _, tt := range []struct {
		name string
		dose func(int) int
		at   []int
		want bool
	}{
		{"nothing", ten, nil, false},
		{"steady", ten, marks(n, even), false},
		{"logarithmic", ten, marks(n, logarithmic), true},
		{"ever faster", ten, marks(n, func(s float64) float64 { return s * s }), false},
		{"all of it in the first twentieth", ten, []int{1, 3, 5, 7, 9, 11, 13, 15, 17, 19}, false},
		{"all of it in the first fifth", ten, []int{20, 26, 32, 38, 44, 50, 56, 62, 68, 74}, true},
		{"by time alone: it follows the requests, and they become fewer", early, marks(n, sentEarly), false},
		{"by requests alone: it follows the time, and the requests become more", late, marks(n, even), false},
	} {
		w := newWindow(grown(waves(n, tt.dose), in(tt.at...)))
		if got := w.slows(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Twelve equal rises whose mean lies at m have z = 12 (m - 1/2): Phi(z) < 0.02 where m < 0.329.
func TestSlowsBelowOneFiftieth(t *testing.T) {
	const n = 2000
	for _, tt := range []struct {
		mean float64
		want bool
	}{{0.31, true}, {0.325, true}, {0.332, false}, {0.35, false}} {
		var at []int
		for i := range 12 {
			share := tt.mean + (float64(i)-5.5)*0.02
			at = append(at, int(n*(0.05+0.95*share)))
		}
		w := newWindow(grown(waves(n, ten), in(at...)))
		if got := w.slows(); got != tt.want {
			t.Errorf("rises about %g: %v, want %v", tt.mean, got, tt.want)
		}
	}
}
