package main

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// rivals are rules that people use instead: they judge the level after each batch.
var rivals = [...]struct {
	name  string
	fails func(batches []int64) bool
}{
	{"strict growth", strict},
	{"last > first", func(x []int64) bool { return x[len(x)-1] > x[0] }},
	{"OLS slope", ols},
	{"Mann-Kendall", mannKendall},
}

// rivalP is the level that the rivals' tests are given, two-sided 0.05 as their users do.
const rivalP = 0.05

// strict asks that every batch ends above the one before it.
func strict(x []int64) bool {
	for i := 1; i < len(x); i++ {
		if x[i] <= x[i-1] {
			return false
		}
	}
	return true
}

// ols fits a line and tests its slope by Student's t.
func ols(x []int64) bool {
	n := float64(len(x))
	var mx, my, sxx, sxy, syy float64
	for i, v := range x {
		mx += float64(i) / n
		my += float64(v) / n
	}
	for i, v := range x {
		dx, dy := float64(i)-mx, float64(v)-my
		sxx, sxy, syy = sxx+dx*dx, sxy+dx*dy, syy+dy*dy
	}
	slope := sxy / sxx
	rest := syy - slope*sxy
	switch {
	case slope <= 0:
		return false
	case rest <= 1e-9: // a straight line
		return true
	}
	t := slope / math.Sqrt(rest/(n-2)/sxx)
	return distuv.StudentsT{Sigma: 1, Nu: n - 2}.Survival(t) < rivalP/2
}

// mannKendall is the trend test of Mann (1945) and Kendall (1975), normal with the correction for ties.
func mannKendall(x []int64) bool {
	s := 0.0
	ties := map[int64]float64{}
	for i, v := range x {
		ties[v]++
		for _, w := range x[:i] {
			if v > w {
				s++
			} else if v < w {
				s--
			}
		}
	}
	n := float64(len(x))
	variance := n * (n - 1) * (2*n + 5)
	for _, t := range ties {
		variance -= t * (t - 1) * (2*t + 5)
	}
	if variance <= 0 {
		return false
	}
	return distuv.UnitNormal.Survival((s-1)/math.Sqrt(variance/18)) < rivalP/2
}
