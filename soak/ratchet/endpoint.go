package ratchet

import (
	"maps"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// guiltyP is the binomial p below which an endpoint is named.
const guiltyP = 0.001

// EndpointRate is what the judged cells of one endpoint gained.
type EndpointRate struct {
	Probe    int
	Requests int64
	Gained   int64
	Rate     Interval // per request to this endpoint
	P        float64  // of so many of the rises, were every endpoint's share of them its share of the requests
	Guilty   bool     // P < 0.001. Of a single endpoint there is nothing to compare: P is 1
}

// endpoints tells the rises of each endpoint against its share of the requests, in the order of the probes. All of a cell belongs to
// the endpoint of its load: noise moves a rise by a slot or two, seldom into another cell.
// P = P(Binomial(n, share) >= k), k of the n cells with a rise: cells, not units, so that one burst is one witness.
func (w *window) endpoints(nu float64) []EndpointRate {
	shares := map[int][]share{}
	rising := map[int]int{}
	var requests float64
	cellsRisen := 0
	for lo, hi := range cells(w.Waves, w.warm, w.end) {
		s, probe := w.share(lo, hi)
		if s.requests == 0 {
			continue
		}
		shares[probe] = append(shares[probe], s)
		requests += s.requests
		if s.gained > 0 {
			rising[probe]++
			cellsRisen++
		}
	}
	var rates []EndpointRate
	for _, probe := range slices.Sorted(maps.Keys(shares)) {
		var own share
		for _, s := range shares[probe] {
			own.gained += s.gained
			own.requests += s.requests
		}
		p := binomialTail(cellsRisen, rising[probe], own.requests/requests)
		rates = append(rates, EndpointRate{
			Probe:    probe,
			Requests: int64(own.requests),
			Gained:   int64(own.gained),
			Rate:     garwood(own.gained, dispersion(shares[probe]), nu, own.requests),
			P:        p,
			Guilty:   p < guiltyP,
		})
	}
	return rates
}

// share returns what a cell gained over its requests, and the probe of its load.
func (w *window) share(lo, hi int) (share, int) {
	var s share
	probe := -1
	for j := lo; j < hi; j++ {
		s.gained += float64(w.gain(j))
		s.requests += float64(w.Waves[j].Requests)
		if w.Waves[j].Requests > 0 {
			probe = w.Waves[j].Probe
		}
	}
	return s, probe
}

// binomialTail returns P(X >= k) for k of n with chance p each, as the regularised incomplete beta function I_p(k, n-k+1).
func binomialTail(n, k int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n:
		return 0
	}
	return mathext.RegIncBeta(float64(k), float64(n-k+1), p)
}

// Endpoints tells what each endpoint gained of a gauge over the segment, in the order of the probes, with what comes by itself taken off
// the rates; none where no request was sent.
func Endpoints(s Segment) []EndpointRate {
	w := newWindow(s)
	if w.requests == 0 {
		return nil
	}
	nu := w.held()
	g := Growth{Endpoints: w.endpoints(nu)}
	g.apart(&w, nu)
	return g.Endpoints
}
