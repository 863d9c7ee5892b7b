package ratchet

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Kept is what a gauge kept over the requests of a run, or over those to one endpoint: what two runs are compared by.
type Kept struct {
	Requests   int64   `json:"requests"`   // R
	LoadWaves  int     `json:"load_waves"` // in which they were sent
	Gained     float64 `json:"gained"`     // G, units that the never-released level rose
	Dispersion float64 `json:"dispersion"` // phi: how much more the rises scatter than a Poisson count would; 1 or more
	Held       float64 `json:"held"`       // nu, units whose release is a matter of when one looks
	// Of all requests only: the time in which they were sent, by how much the level fell meanwhile, and how much higher than at its first
	// never-released level it ever was.
	Seconds float64 `json:"seconds,omitempty"`
	Fell    float64 `json:"fell,omitempty"`
	Peak    float64 `json:"peak,omitempty"`
}

// Rate is what was kept per request; there was one.
func (k Kept) Rate() Interval { return k.rate(k.Dispersion) }

func (k Kept) rate(phi float64) Interval { return garwood(k.Gained, phi, k.Held, float64(k.Requests)) }

// PerTime is the same with the milliseconds in the place of the requests.
func (k Kept) PerTime() Kept {
	k.Requests = int64(1000 * k.Seconds)
	return k
}

// Most is as much as a run that gained so much while it was judged may have gained in all, its first fifth counted: phi x the one-sided
// 99.9 % limit of a Poisson mean. It is 0 of one that gained nothing.
func (k Kept) Most() float64 {
	if k.Gained == 0 {
		return 0
	}
	return k.Dispersion * mathext.GammaIncRegInv(k.Gained/k.Dispersion+1, 0.999) / (1 - judgedFrom)
}

// Coarser is the same counted in units that are so many times as large, one time or more. Variance over mean falls as the mean does;
// a count that scatters less than a Poisson one is taken for one.
func (k Kept) Coarser(times float64) Kept {
	k.Gained, k.Held, k.Dispersion = k.Gained/times, k.Held/times, max(1, k.Dispersion/times)
	k.Fell, k.Peak = k.Fell/times, k.Peak/times
	return k
}

// Keep returns what the gauge kept over all requests that are judged, and over those to each endpoint, by its probe. Without a
// request nothing was kept of nothing: Requests is 0.
func Keep(s Segment) (all Kept, endpoints map[int]Kept) {
	w := newWindow(s)
	if w.requests == 0 {
		return Kept{Dispersion: 1}, nil
	}
	var shares []share
	of := map[int][]share{}
	for lo, hi := range cells(w.Waves, w.warm, w.end) {
		if s, probe := w.share(lo, hi); s.requests > 0 {
			shares, of[probe] = append(shares, s), append(of[probe], s)
		}
	}
	held := w.held()
	endpoints = map[int]Kept{}
	for probe, own := range of {
		var gained, requests float64
		for _, s := range own {
			gained, requests = gained+s.gained, requests+s.requests
		}
		endpoints[probe] = Kept{Requests: int64(requests), LoadWaves: len(own), Gained: gained, Dispersion: dispersion(own), Held: held}
	}
	return Kept{
		Requests: w.requests, LoadWaves: w.loadWaves(), Gained: float64(w.floor[w.end-1] - w.floor[w.warm-1]), Dispersion: dispersion(shares), Held: held,
		Seconds: seconds(w.Waves, w.warm, w.end), Fell: w.fell(), Peak: float64(slices.Max(w.Values[:w.load]) - w.floor[0]),
	}, endpoints
}

// fell is by how much the level fell that was never reached again, less the 75th percentile of what hung below it: the mirror image of
// what is gained less what is held. It is 0 where that was no steady fall: what fell at once shows what is kept before it and after.
func (w *window) fell() float64 {
	m := window{Segment: Segment{w.Waves, make([]int64, len(w.Values))}, warm: w.warm, end: w.end}
	for j, v := range w.Values {
		m.Values[j] = -v
	}
	m.floor = neverReleased(m.Values)
	var falls []share
	for lo, hi := range cells(w.Waves, w.warm, w.end) {
		s, _ := m.share(lo, hi)
		s.requests = float64(hi - lo) // it falls in every slot alike
		falls = append(falls, s)
	}
	fell := float64(m.floor[w.end-1]-m.floor[w.warm-1]) - m.held()
	if fell < minRises*dispersion(falls) {
		return 0
	}
	return fell
}

// Difference is how much more a run keeps per request than an earlier one.
type Difference struct {
	Interval         // the new rate less the old one
	PMore    float64 // of the new run gaining so much by chance, were its rate no higher
	PLess    float64 // of the old one, were its rate no higher
}

// Differ compares the rates of two runs. Both have sent requests.
//
// P is conditional (Przyborowski and Wilenski 1940): of the n = G_new + G_old units that both gained, G_new are binomial with the new
// run's share of the requests, were the rates the same. Units that rise together count once: all are divided by the greater phi. What
// may only be held, nu, does not count against the run that is suspected; and by as much as the other one's nu is greater it may have
// gained more than it shows. The interval of the difference is made from those of the rates (MOVER: Zou and Donner 2008), both with the
// greater phi: a run that gained nothing does not show how its rises would scatter.
func Differ(earlier, later Kept) Difference {
	phi := max(earlier.Dispersion, later.Dispersion)
	o, n := earlier.rate(phi), later.rate(phi)
	return Difference{
		Interval: Interval{
			Rate: n.Rate - o.Rate,
			Low:  n.Rate - o.Rate - math.Hypot(n.Rate-n.Low, o.High-o.Rate),
			High: n.Rate - o.Rate + math.Hypot(n.High-n.Rate, o.Rate-o.Low),
		},
		PMore: moreByChance(later, earlier, phi),
		PLess: moreByChance(earlier, later, phi),
	}
}

// moreByChance returns P(X >= k) of the units that one run gained, k, among those of both; for the fractions that phi makes of them
// as the regularised incomplete beta function, which joins the binomial tails.
func moreByChance(suspect, other Kept, phi float64) float64 {
	k := (suspect.Gained - suspect.Held) / phi
	if k <= 0 {
		return 1
	}
	rest := (other.Gained + max(0, other.Held-suspect.Held)) / phi
	share := float64(suspect.Requests) / float64(suspect.Requests+other.Requests)
	return min(1, max(0, mathext.RegIncBeta(k, rest+1, share))) // from 1e7 units on it is off, and may be no chance
}
