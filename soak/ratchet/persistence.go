package ratchet

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Persistence says whether rises went on to the end. A cache or a pool that fills and stops does not persist.
type Persistence struct {
	Last   float64 // where the last rise was, in shares of the requests from w to the end of the load, guard included
	Before float64 // where the one before it was
	Late   float64 // share of the units gained after 60 %
	Z      float64 // weighted Laplace statistic: near 0 for steady growth, far below for growth that dies out

	Positions bool // Last >= 0.70, Before > 0.65, Late >= 0.10
	Holds     bool // Positions, and Phi(Z) > 0.01
}

// persistence judges rises over a window of which judged (of whole) units of exposure could show rises.
// z = (sum(a t)/(G R) - 1/2) sqrt(12) G / sqrt(sum a^2), the Laplace test of MIL-HDBK-189C with each rise weighted by its size:
// under steady growth the mean of the t is uniform's, and its variance is that of a weighted mean.
func persistence(rises []rise, judged, whole float64) Persistence {
	var p Persistence
	var gained, moment, squares, late float64
	for _, r := range rises {
		p.Before, p.Last = p.Last, r.at/whole
		gained += r.amount
		moment += r.amount * r.at
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
	p.Positions = p.Last >= 0.70 && p.Before > 0.65 && p.Late >= 0.10
	p.Holds = p.Positions && distuv.UnitNormal.CDF(p.Z) > 0.01
	return p
}
