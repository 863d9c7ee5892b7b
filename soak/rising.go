package soak

// rising is a count taken at rest: once the pools were filled and after each batch
// (points), and after the drain (end).
type rising struct {
	points []int64
	end    int64
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
