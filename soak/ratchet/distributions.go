package ratchet

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// The few functions of gonum's stat and stat/distuv that the rules need, by the same
// formulas to the last bit. Those packages bring all of linear algebra, of which the
// linker leaves nothing out: a tenth of the program.

// normalCDF is the probability that a standard normal variable is x at most.
func normalCDF(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

// normalSurvival is the probability that it is more than x.
func normalSurvival(x float64) float64 { return 0.5 * (1 - math.Erf(x/math.Sqrt2)) }

// studentSurvival is the probability that a variable of Student's t with nu degrees of
// freedom is more than t: half of I_{nu/(nu+t^2)}(nu/2, 1/2) for a positive t.
func studentSurvival(nu, t float64) float64 {
	if t == 0 {
		return 0.5
	}
	beyond := 0.5 * mathext.RegIncBeta(0.5*nu, 0.5, nu/(t*t+nu))
	if t > 0 {
		return beyond
	}
	return 1 - beyond
}

// poissonCDF is the probability that a Poisson variable of the mean lambda is k at
// most: Q(k+1, lambda), the complement of the regularised incomplete gamma function.
func poissonCDF(lambda float64, k int) float64 {
	return mathext.GammaIncRegComp(float64(k+1), lambda)
}

// meanVariance is the mean of x and its variance over n - 1, by two passes with the
// correction for what the mean was rounded by (Chan, Golub and LeVeque 1983).
func meanVariance(x []float64) (mean, variance float64) {
	n := float64(len(x))
	for _, v := range x {
		mean += v
	}
	mean /= n
	var squares, rounded float64
	for _, v := range x {
		d := v - mean
		squares += d * d
		rounded += d
	}
	return mean, (squares - rounded*rounded/n) / (n - 1)
}
