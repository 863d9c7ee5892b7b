package ratchet

import (
	"math"
	"slices"
)

// minFloorRise is the least a floor must have risen to be called a drift, in units.
const minFloorRise = 4

// drift is what the minima of blocks say: a leak under noise or under a sawtooth lifts the floor of every block.
type drift struct {
	p         float64 // p_d: twice the lower of equal time and equal requests
	pRequests float64 // p_R: equal requests
	rise      int64   // last floor - first floor, of the division with the lower p
	steady    bool    // everything the floor rule asks but p_d, evenness and the dose
}

// drift divides w to the end of the load, drain excluded, into 8 blocks (12 from 400 waves on), once by equal time and
// once by equal requests, and tests the increments of the block minima.
func (w *window) drift() drift {
	blocks := 8
	if w.load-w.warm >= 400 {
		blocks = 12
	}
	start, span := w.Waves[w.warm].Start, int64(w.Waves[w.load-1].End-w.Waves[w.warm].Start)
	timed := w.floors(blocks, span, func(j int) int64 { return int64(w.Waves[j].End - start) })
	var sent int64
	requested := w.floors(blocks, w.whole, func(j int) int64 {
		sent += int64(w.Waves[j].Requests)
		return sent
	})
	pTime, pRequests := risingP(increments(timed)), risingP(increments(requested))
	floors := timed
	if pRequests < pTime {
		floors = requested
	}
	return drift{
		p:         min(1, 2*min(pTime, pRequests)),
		pRequests: pRequests,
		rise:      floors[blocks-1] - floors[0],
		steady:    steady(floors, w.Values[len(w.Values)-1]),
	}
}

// floors returns the lowest value of each block; an empty block inherits the one before it. exposure(j), called once for each
// wave in order, says how much of whole lies up to the sample of wave j.
func (w *window) floors(blocks int, whole int64, exposure func(j int) int64) []int64 {
	floors := make([]int64, blocks)
	at, lowest := 0, w.Values[w.warm-1]
	fresh := true // the lowest so far is inherited: the first value of the block replaces it
	for j := w.warm; j < w.load; j++ {
		block := 0
		if whole > 0 {
			block = int(max(0, (exposure(j)*int64(blocks)+whole-1)/whole-1))
		}
		for at < min(block, blocks-1) {
			floors[at] = lowest
			at, fresh = at+1, true
		}
		if fresh || w.Values[j] < lowest {
			lowest, fresh = w.Values[j], false
		}
	}
	for ; at < blocks; at++ {
		floors[at] = lowest
	}
	return floors
}

// increments returns the steps from floor to floor.
func increments(floors []int64) []float64 {
	steps := make([]float64, len(floors)-1)
	for i := range steps {
		steps[i] = float64(floors[i+1] - floors[i])
	}
	return steps
}

// risingP returns the one-sided p of Student's t on the steps. Where all are equal their variance is taken as 1/12, that of
// rounding to whole units: nothing smaller can be known of an integer.
func risingP(steps []float64) float64 {
	mean, variance := meanVariance(steps)
	if slices.Min(steps) == slices.Max(steps) {
		variance = 1.0 / 12
	}
	n := float64(len(steps))
	return studentSurvival(n-1, mean/math.Sqrt(variance/n))
}

// steady says that the floor rose by enough, still rose at the end, and kept more than half of it through the drain.
func steady(floors []int64, drained int64) bool {
	n := len(floors)
	third := (n - 1) / 3
	rise := floors[n-1] - floors[0]
	share := float64(rise) * float64(third) / float64(n-1)
	return rise >= minFloorRise &&
		float64(floors[n-1]-floors[n-1-third]) > 0.4*share &&
		floors[n-1]-floors[n-3] > 0 &&
		2*(drained-floors[0]) > rise
}
