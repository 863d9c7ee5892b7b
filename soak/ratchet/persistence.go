package ratchet

import "math"

// Persistence says whether rises went on to the end. A cache or a pool that fills and stops does not persist.
type Persistence struct {
	Last   float64 // where the last rise was, in shares of the requests from w to the end of the load, guard included
	Before float64 // where the one before it was
	Late   float64 // share of the units gained after 60 %
	Z      float64 // weighted Laplace statistic: near 0 for steady growth, far below for growth that dies out

	Even  bool // Phi(Z) > 0.01
	Holds bool // Even, Last >= 0.70, Before > 0.65, Late >= 0.10
}

// persistence judges rises over a window of which judged (of whole) units of exposure could show rises. Without exposure, as in a series
// that knows no times, nothing persists.
// z = (sum(a t)/(G R) - 1/2) sqrt(12) G / sqrt(sum a^2), the Laplace test of MIL-HDBK-189C with each rise weighted by its size:
// under steady growth the mean of the t is uniform's, and its variance is that of a weighted mean.
func persistence(rises []rise, at func(rise) float64, judged, whole float64) Persistence {
	var p Persistence
	if judged == 0 {
		return p
	}
	var gained, moment, squares, late float64
	for _, r := range rises {
		p.Before, p.Last = p.Last, at(r)/whole
		gained += r.amount
		moment += r.amount * at(r)
		squares += r.amount * r.amount
		if p.Last > 0.60 {
			late += r.amount
		}
	}
	if gained == 0 {
		return p
	}
	p.Late = late / gained
	p.Z = (moment/(gained*judged) - 0.5) * math.Sqrt(12) * gained / math.Sqrt(squares)
	p.Even = normalCDF(p.Z) > 0.01
	p.Holds = p.Even && p.Last >= 0.70 && p.Before > 0.65 && p.Late >= 0.10
	return p
}

// slowing is the Phi(Z) below which growth is known to slow down.
const slowing = 0.02

// slows says that the level rose ever more seldom, seen from a twentieth of the requests on: both by requests and by time, so that neither
// a leak on time nor uneven doses look like it; by requests alone where no times are known. A logarithmic cache does, a leak behind a
// warm-up may: which of them it is only a longer run can tell.
func (w *window) slows() bool {
	early := warmUp(w.Waves[:w.load], slowingFrom)
	if early >= w.end {
		return false
	}
	rises, requests := w.risesFrom(early)
	slow := func(at func(rise) float64, judged float64) bool {
		return normalCDF(persistence(rises, at, judged, judged).Z) < slowing
	}
	span := seconds(w.Waves, early, w.end)
	return slow(byRequests, float64(requests)) && (span == 0 || slow(byTime, span))
}

func byRequests(r rise) float64 { return r.at }
func byTime(r rise) float64     { return r.time }
