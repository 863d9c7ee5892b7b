package soak

import (
	"math"
	"slices"

	"hermes-soak/soak/ratchet"
)

// ofRequests has the figures be those of requests alone, where the load also had faults:
// an occurrence of a fault is no request, and what the ratchet says per dose counts both.
// What is ruled out is ruled out were all that rose the requests' doing, and the rate is
// that of the endpoints, each by its share, with the ends of their intervals.
func (g *grown) ofRequests(r *Report) {
	var requests int64
	var rate ratchet.Interval
	for _, e := range g.Endpoints {
		if r.fault(e.Probe) {
			continue
		}
		n := float64(e.Requests)
		requests += e.Requests
		rate.Rate, rate.Low, rate.High = rate.Rate+n*e.Rate.Rate, rate.Low+n*e.Rate.Low, rate.High+n*e.Rate.High
	}
	if requests == 0 || requests == g.Requests {
		return
	}
	g.dosed, g.occurrences = g.Rate, g.Requests-requests
	n := float64(requests)
	share := n / float64(g.Requests)
	g.Rate = ratchet.Interval{Rate: rate.Rate / n, Low: rate.Low / n, High: rate.High / n}
	if g.ByItself.Rate > 0 { // the endpoints' are without it
		g.Own = g.Rate
		g.Rate = withTime(g.Own, g.ByItself, g.Seconds/3600/float64(g.Requests))
	}
	g.Upper, g.Detectable, g.Requests = g.Upper/share, g.Detectable*share, requests
}

// byFaults says that all who are guilty are faults.
func (g grown) byFaults(r *Report) bool {
	all := g.guilties(r)
	return len(all) > 0 && !slices.ContainsFunc(all, func(e ratchet.EndpointRate) bool { return !r.fault(e.Probe) })
}

// suspect is the fault that most of the rises came after, far more than its share of
// the load explains, where that is too little to prove it.
func (g grown) suspect(r *Report) (e ratchet.EndpointRate, ok bool) {
	if len(g.guilties(r)) == 1 || g.byFaults(r) {
		return e, false
	}
	var dose int64
	for _, e := range g.Endpoints {
		dose += e.Requests
	}
	for _, e := range g.Endpoints {
		others := float64(g.Gained-e.Gained) / float64(max(1, dose-e.Requests))
		if r.fault(e.Probe) && 2*e.Gained > g.Gained && e.Rate.Rate > 2*others {
			return e, true
		}
	}
	return e, false
}

// turn is what growth saw of one wave of a fault, and of the idle slots beside it.
type turn struct{ occurrences, gained int64 }

// turns are those of the probe's waves by which growth was judged, in order.
func (g grown) turns(r *Report, probe int) (all []turn) {
	seg, _ := segment(r, g.part, WaveLoad, WaveIdle, WaveDrain) // it was read, or nothing was judged
	inUnits(seg, max(g.size, 1))
	gained, low := map[int]int64{}, int64(math.MaxInt64)
	for j := len(seg.Values) - 1; j >= g.Warm; j-- {
		low = min(low, seg.Values[j])
		if j < g.Warm+g.Judged {
			gained[seg.Waves[j].Cell] += low - min(low, seg.Values[j-1])
		}
	}
	for _, w := range seg.Waves[g.Warm : g.Warm+g.Judged] {
		if w.Requests > 0 && w.Probe == probe {
			all = append(all, turn{int64(w.Requests), gained[w.Cell]})
		}
	}
	return all
}

// The least that raises the question whether a fault leaks where growth has found
// nothing.
const (
	leastTurns = 3    // turns that rose, or that brought nothing
	tiring     = 1.64 // standard deviations by which the rises came early, see tires
)

// goesOn says that the level rose with the fault and did not stop, as what fills up does.
func goesOn(turns []turn) bool {
	return rose(turns) >= leastTurns && !full(turns) && !tires(turns)
}

// full says that the last third of the turns, three at least, brought nothing.
func full(turns []turn) bool {
	n := max(leastTurns, (len(turns)+2)/3)
	return len(turns) > n && rose(turns[len(turns)-n:]) == 0
}

func rose(turns []turn) (n int) {
	for _, t := range turns {
		if t.gained > 0 {
			n++
		}
	}
	return n
}

// tires says that the rises became fewer, as those of a cache do: the Laplace test, over
// the occurrences.
func tires(turns []turn) bool {
	var all, gained, moment, squares float64
	for _, t := range turns {
		n, g := float64(t.occurrences), float64(t.gained)
		gained, moment, squares = gained+g, moment+g*(all+n/2), squares+g*g
		all += n
	}
	return (moment/(gained*all)-0.5)*math.Sqrt(12)*gained/math.Sqrt(squares) < -tiring
}
