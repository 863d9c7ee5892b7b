package soak

import (
	"slices"

	"hermes-soak/soak/ratchet"
)

// memoryUnit is the unit that memory is counted in, which its jitter does not
// reach: the largest of 1 MiB, 2 % of the first value, and 1.5 times the median
// step between load waves; bytes.
func memoryUnit(s ratchet.Segment) int64 {
	var steps []int64
	last := int64(-1)
	for i, w := range s.Waves {
		if w.Requests == 0 {
			continue
		}
		if last >= 0 {
			steps = append(steps, max(s.Values[i]-last, last-s.Values[i]))
		}
		last = s.Values[i]
	}
	unit := max(1<<20, s.Values[0]/50)
	if n := len(steps); n > 0 {
		slices.Sort(steps)
		unit = max(unit, steps[n/2]*3/2)
	}
	return unit
}

func inUnits(s ratchet.Segment, unit int64) {
	for i := range s.Values {
		s.Values[i] /= unit
	}
}
