package soak

import (
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
	n := float64(requests)
	share := n / float64(g.Requests)
	g.Rate = ratchet.Interval{Rate: rate.Rate / n, Low: rate.Low / n, High: rate.High / n}
	g.Upper, g.Detectable, g.Requests = g.Upper/share, g.Detectable*share, requests
}

// byFaults says that all who are guilty are faults.
func (g grown) byFaults(r *Report) bool {
	all := g.guilties(r)
	return len(all) > 0 && !slices.ContainsFunc(all, func(e ratchet.EndpointRate) bool { return !r.fault(e.Probe) })
}

// wavesOf is how many load waves of the probe growth was judged by.
func (g grown) wavesOf(r *Report, probe int) (n int) {
	seg, _ := segment(r, g.part, WaveLoad, WaveIdle, WaveDrain) // it was read, or there were no growth
	for _, w := range seg.Waves[g.Warm : g.Warm+g.Judged] {
		if w.Requests > 0 && w.Probe == probe {
			n++
		}
	}
	return n
}
