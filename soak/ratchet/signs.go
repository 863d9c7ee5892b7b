package ratchet

import (
	"math"
	"slices"
)

// The sign-flip test is exact up to these sizes, and normal above.
const (
	exactTerms = 200
	exactSteps = 400
)

// signFlip returns p_s, the martingale guard: m_c is the lowest value in cell c, and a gauge that only wanders steps up as
// easily as down. The cells run from the last before w, so that a rise in the first judged cell is seen as a step, to
// the end of the load, since a rise in a cell's last slot shows in the next cell's minimum.
func (w *window) signFlip() float64 {
	from := w.warm - 1
	for from > 0 && w.Waves[from].Cell >= 0 && w.Waves[from-1].Cell == w.Waves[from].Cell {
		from--
	}
	var steps []int64
	var last int64
	first := true
	for lo, hi := range cells(w.Waves, from, w.load) {
		lowest := slices.Min(w.Values[lo:hi])
		if !first && lowest != last {
			steps = append(steps, lowest-last)
		}
		last, first = lowest, false
	}
	return flipTail(steps)
}

// flipTail returns P(sum of +-|d| >= sum of d), every sign a fair coin (Fisher 1935, section 21). None of the steps is 0.
func flipTail(steps []int64) float64 {
	var sum, size int64
	var squares float64
	for _, d := range steps {
		sum += d
		size += max(d, -d)
		squares += float64(d) * float64(d)
	}
	if len(steps) == 0 {
		return 1
	}
	if len(steps) > exactTerms || size > exactSteps {
		return normalSurvival(float64(sum) / math.Sqrt(squares))
	}
	// A flipped sum is 2T - size, T the sum of the |d| that came up positive.
	dist := make([]float64, size+1)
	dist[0] = 1
	for _, d := range steps {
		convolve(dist, []int64{0, max(d, -d)})
	}
	return tail(dist, (sum+size)/2)
}
