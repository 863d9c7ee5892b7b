package ratchet

import (
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// power is what a run's layout and noise leave for a leak to be seen by.
type power struct {
	alpha   float64
	doses   []int64 // the different sizes of the judged load waves
	counts  []int   // how many of each
	load    int     // judged load waves, of cells that did not overrun
	judged  int     // judged waves
	late70  int     // judged load waves at or after 70 % of the requests
	late65  int     // and after 65 %
	onFloor float64 // share of the judged waves that stood on the never-released level
	above   float64 // how far above it the gauge stood on average, in units
	dose    float64 // mean requests of a judged load wave
}

// detectable returns N: a leak of 1 in N requests, each request to any endpoint leaking one unit with that chance, would have been failed with
// probability 95 %. It is 0 where no leak would.
//
// The chance to miss it is at most the sum of the chances that: fewer than the needed rises occurred; none came at or after 70 % of
// the requests; fewer than two after 65 %; and 2.5 %, which is how often steady growth fails one of Laplace's tests, of Even at 1 % and of
// Slows at 2 %. A wave of m requests rises with chance q = 1 - exp(-m/N); the mean of q serves for all waves, which Hoeffding (1956) shows
// to be on the safe side.
// On a quiet gauge it comes to about 22 units over the whole load.
func (w *window) detectable(alpha float64) float64 {
	p := w.power(alpha)
	const allowed, steps = 0.05, 60
	often, seldom := -10.0, math.Log(max(2, float64(w.whole))) // log N
	if p.load == 0 || p.miss(math.Exp(often)) > allowed {
		return 0
	}
	for range steps {
		middle := (often + seldom) / 2
		if p.miss(math.Exp(middle)) > allowed {
			seldom = middle
		} else {
			often = middle
		}
	}
	return math.Exp(often)
}

// uneven is how often steady growth is called uneven or slowing down.
const uneven = 0.025

// power reads the layout and the noise of a window.
func (w *window) power(alpha float64) power {
	p := power{alpha: alpha, judged: w.end - w.warm}
	sizes := map[int64]int{}
	var sent, counted float64
	for j := w.warm; j < w.end; j++ {
		over := w.Values[j] - w.floor[j]
		p.above += float64(over) / float64(p.judged)
		if over == 0 {
			p.onFloor += 1 / float64(p.judged)
		}
		m := w.Waves[j].Requests
		if m == 0 {
			continue
		}
		at := (sent + float64(m)/2) / float64(w.whole)
		sent += float64(m)
		if w.Waves[j].Overran {
			continue // it cannot speak of the cause
		}
		counted += float64(m)
		sizes[int64(m)]++
		p.load++
		if at >= 0.70 {
			p.late70++
		}
		if at > 0.65 {
			p.late65++
		}
	}
	for _, m := range slices.Sorted(maps.Keys(sizes)) {
		p.doses, p.counts = append(p.doses, m), append(p.counts, sizes[m])
	}
	p.dose = counted / float64(max(1, p.load))
	return p
}

// miss bounds the chance that a leak of 1 in every requests would pass.
func (p power) miss(every float64) float64 {
	var q float64
	for i, m := range p.doses {
		q -= float64(p.counts[i]) * math.Expm1(-float64(m)/every) / float64(p.load)
	}
	q = min(1, q) // the sum of the shares may round to just above 1
	seen := p.seen(every)
	waves := min(p.load, int(seen*float64(p.judged)))
	few := 1 - binomialTail(waves, risesNeeded(seen, p.alpha), q)
	none70 := math.Pow(1-q, float64(p.late70))
	few65 := 1 - binomialTail(p.late65, 2, q)
	return few + none70 + few65 + uneven
}

// seen returns the share of the leaked units that raise the level in their own slot; the others raise it in an earlier one, when the
// gauge last stood on its floor. With the gauge D above the floor before a wave that leaks A, max(0, A - D) units are seen there, on
// average at least P(D = 0) E A, and at least E A - E D.
func (p power) seen(every float64) float64 {
	return max(p.onFloor, 1-p.above*every/p.dose)
}

// risesNeeded returns how many rises make p_c < alpha/2 in 95 of 100 runs, and at least the 8 of the rule. A rise that is not seen in
// its own slot still meets a load slot with chance 1/3, so each does with chance s = seen + (1-seen)/3. From the normal
// approximation of the binomial: (s - 1/3) n >= z(alpha/2) sqrt(2n/9) + z(0.05) sqrt(s (1-s) n).
func risesNeeded(seen, alpha float64) int {
	s := min(1, seen+(1-seen)/3)
	excess := s - 1.0/3
	if excess <= 0 {
		return math.MaxInt32
	}
	z := mathext.NormalQuantile
	root := (z(1-alpha/2)*math.Sqrt(2)/3 + z(0.95)*math.Sqrt(s*(1-s))) / excess
	return max(minRises, int(min(math.Ceil(root*root), math.MaxInt32)))
}
