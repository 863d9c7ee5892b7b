package ratchet

import (
	"math"
	"math/rand/v2"
	"slices"
)

// enoughHits is the number of permutations at least as extreme as the run after which more of them cannot change the answer.
const enoughHits = 20

// dose returns the p-value of sum(dose x change of level) over the dose blocks from w on, the doses permuted. The doses
// were shuffled over the blocks, so it is exact under every process that runs on time. With fewer than about ten blocks no
// permutation can be rare enough, and only causality can show a dose.
//
// It draws 20/threshold permutations, and stops at the 20th that reaches the run's own sum (Besag and Clifford 1991): p is then
// 20/drawn, at the end (hits+1)/(drawn+1).
func (w *window) dose(threshold float64, rng *rand.Rand) float64 {
	doses, changes := w.doseBlocks()
	observed := product(doses, changes)
	draws := int(math.Ceil(enoughHits / threshold))
	hits := 0
	for n := 1; n <= draws; n++ {
		rng.Shuffle(len(doses), func(i, k int) { doses[i], doses[k] = doses[k], doses[i] })
		if product(doses, changes) < observed {
			continue
		}
		if hits++; hits == enoughHits {
			return float64(hits) / float64(n)
		}
	}
	return float64(hits+1) / float64(draws+1)
}

// doseBlocks returns, for each dose block that begins in the window, its requests and the change of level since the block before it,
// in half units.
func (w *window) doseBlocks() (doses, changes []int64) {
	var last int64
	known := false
	for lo := 0; lo < w.load; {
		hi, requests := lo, int64(0)
		for ; hi < w.load && w.Waves[hi].Block == w.Waves[lo].Block; hi++ {
			requests += int64(w.Waves[hi].Requests)
		}
		if w.Waves[lo].Block >= 0 {
			// The last third: by then the block's own dose has done most of its work.
			level := twiceMedian(w.Values[hi-max(1, (hi-lo)/3) : hi])
			if known && lo >= w.warm {
				doses, changes = append(doses, requests), append(changes, level-last)
			}
			last, known = level, true
		}
		lo = hi
	}
	return doses, changes
}

// twiceMedian returns twice the median: a whole number, so that equal sums compare as equal.
func twiceMedian(values []int64) int64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	n := len(sorted)
	return sorted[(n-1)/2] + sorted[n/2]
}

// product returns the sum of a times b.
func product(a, b []int64) int64 {
	var sum int64
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}
