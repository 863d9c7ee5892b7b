package ratchet

import (
	"math"
	"slices"
)

// exactUnits bounds the sum of the rises for which the causality test is exact. Above it the p-value is Chernoff's bound, which
// is never too small, and about ten times too large at 0.0001: with a thousand units risen that costs nothing.
const exactUnits = 1000

// pick is what one cell may contribute to the load slots' rise: its three rises, each with probability 1/3.
type pick [3]int64

// causality returns p_c, the upper tail of the sum over cells of the rise in the load slot. The order of the three slots was
// drawn, so under every process that runs on time each rise of a cell was equally likely to meet the load. Slots after the
// judged part count as no rise, which keeps the test exact for the cell that the guard cuts.
func (w *window) causality() float64 {
	var picks []pick
	var observed int64
	for lo, hi := range cells(w.Waves, w.warm, w.load) {
		slot := loadSlot(w.Waves[lo:hi])
		if slot < 0 {
			continue
		}
		p := pick{w.gain(lo), w.gain(lo + 1), w.gain(lo + 2)}
		if p == (pick{}) {
			continue
		}
		observed += p[slot]
		slices.Sort(p[:])
		picks = append(picks, p)
	}
	return pickTail(picks, observed)
}

// loadSlot returns which slot of a cell carried load, or -1 where the cell cannot speak: it overran, was cut by a restart,
// or is an idle cell of an earlier drain.
func loadSlot(cell []Wave) int {
	slot := -1
	for i, v := range cell {
		if v.Overran {
			return -1
		}
		if v.Requests == 0 {
			continue
		}
		if slot >= 0 {
			return -1
		}
		slot = i
	}
	if len(cell) != len(pick{}) {
		return -1
	}
	return slot
}

// pickTail returns P(S >= observed), S the sum of one draw from each pick: exact up to exactUnits, else the bound. The picks are
// sorted inside, smallest first.
func pickTail(picks []pick, observed int64) float64 {
	if observed <= 0 {
		return 1
	}
	var most int64
	for _, p := range picks {
		most += p[2]
	}
	if most > exactUnits {
		return pickBound(picks, observed)
	}
	dist := make([]float64, most+1)
	dist[0] = 1
	for _, p := range picks {
		convolve(dist, p[:])
	}
	return tail(dist, observed)
}

// pickBound returns Chernoff's bound on P(S >= observed): the least over theta >= 0 of E exp(theta (S - observed)). Every theta
// gives a valid bound, so the search may stop anywhere.
func pickBound(picks []pick, observed int64) float64 {
	// Equal picks are counted once: a long run has tens of thousands of cells and a handful of shapes.
	slices.SortFunc(picks, func(a, b pick) int { return slices.Compare(a[:], b[:]) })
	var shapes []pick
	var counts []float64
	for i, p := range picks {
		if i == 0 || p != picks[i-1] {
			shapes, counts = append(shapes, p), append(counts, 0)
		}
		counts[len(counts)-1]++
	}
	const steps, farthest = 40, 40.0 // beyond theta = 40 one unit weighs e^-40: the bound has reached its limit
	low, high := 0.0, farthest
	for range steps {
		theta := (low + high) / 2
		if _, slope := cumulant(shapes, counts, theta); slope < float64(observed) {
			low = theta
		} else {
			high = theta
		}
	}
	value, _ := cumulant(shapes, counts, low)
	return math.Exp(min(0, value-low*float64(observed)))
}

// cumulant returns K(theta) = log E exp(theta S) and its derivative, the tilted mean of S.
func cumulant(shapes []pick, counts []float64, theta float64) (value, slope float64) {
	for i, p := range shapes {
		var sum, mean float64
		for _, a := range p {
			e := math.Exp(theta * float64(a-p[2])) // less the largest, so that nothing overflows
			sum += e
			mean += e * float64(a)
		}
		value += counts[i] * (theta*float64(p[2]) + math.Log(sum/float64(len(p))))
		slope += counts[i] * mean / sum
	}
	return value, slope
}

// convolve adds to the sum distributed as dist one draw from values (none negative), all equally likely. It works in place, from
// the top down, since no value reads above itself.
func convolve(dist []float64, values []int64) {
	for s := len(dist) - 1; s >= 0; s-- {
		var p float64
		for _, v := range values {
			if int64(s) >= v {
				p += dist[int64(s)-v]
			}
		}
		dist[s] = p / float64(len(values))
	}
}

// tail returns the probability of from and above.
func tail(dist []float64, from int64) float64 {
	var p float64
	for s := len(dist) - 1; int64(s) >= from; s-- {
		p += dist[s]
	}
	return min(1, p)
}
