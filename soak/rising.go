package soak

import "math"

// rising is a count taken at rest: once the pools were filled and after each batch
// (points), and after the drain (end).
type rising struct {
	points   []int64
	end      int64
	requests []int // of each batch
}

const (
	risingWarmUp = 5 // one batch in so many is warming up, of so many at least
	risingLeast  = 3 // batches that an answer needs
)

// from is the index of the point from which on growth counts.
func (s rising) from() int {
	batches := len(s.points) - 1
	if batches < risingWarmUp {
		return 0
	}
	return (batches + risingWarmUp - 1) / risingWarmUp
}

// rises is after how many batches there were more than after the one before, of
// how many; late says that the last of them is among the last.
func (s rising) rises() (n, of int, late bool) {
	last := 0
	for i := s.from() + 1; i < len(s.points); i++ {
		of++
		if s.points[i] > s.points[i-1] {
			n, last = n+1, of
		}
	}
	return n, of, last > of-max(1, of/risingWarmUp)
}

// grows says whether there were more after most batches, the last ones among them,
// and whether the drain left more than the requests in flight can explain. It is
// unknown after too few batches.
func (s rising) grows(flight int) Status {
	if len(s.points) == 0 {
		return Unknown
	}
	n, of, late := s.rises()
	gained := min(s.end, s.points[len(s.points)-1]) - s.points[s.from()]
	switch {
	case gained <= int64(flight) || 2*n <= of || !late:
		return Pass
	case of < risingLeast:
		return Unknown
	}
	return Fail
}

// slowsZ is how many standard deviations less than its share the second half must
// have gained to be called slower.
const slowsZ = 1

// slows says that the second half of the batches gained less than its share of the
// requests, as what fills up does: of a count that follows the requests, the gain of
// a half is binomial.
func (s rising) slows() bool {
	from, last := s.from(), len(s.points)-1
	middle := (from + last) / 2
	all, late := 0.0, 0.0
	for i := from; i < last && i < len(s.requests); i++ {
		all += float64(s.requests[i])
		if i >= middle {
			late += float64(s.requests[i])
		}
	}
	if all == 0 {
		return false
	}
	gained, share := float64(s.points[last]-s.points[from]), late/all
	return float64(s.points[last]-s.points[middle]) < gained*share-slowsZ*math.Sqrt(gained*share*(1-share))
}

// batchRequests are the requests of each batch.
func (r *Report) batchRequests() (all []int) {
	for _, b := range r.Batches {
		all = append(all, b.Requests)
	}
	return all
}
