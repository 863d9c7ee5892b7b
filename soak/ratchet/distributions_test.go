package ratchet

import (
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// TestDistributions: our few functions are those of gonum, to the last bit.
func TestDistributions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		same := func(what string, ours, theirs float64) {
			t.Helper()
			if ours != theirs {
				t.Fatalf("%s: %v, gonum says %v", what, ours, theirs)
			}
		}
		x := rapid.Float64Range(-40, 40).Draw(t, "x")
		same("normal CDF", normalCDF(x), distuv.UnitNormal.CDF(x))
		same("normal survival", normalSurvival(x), distuv.UnitNormal.Survival(x))
		nu := float64(rapid.IntRange(1, 20).Draw(t, "nu"))
		same("student survival", studentSurvival(nu, x), distuv.StudentsT{Sigma: 1, Nu: nu}.Survival(x))
		lambda, k := rapid.Float64Range(1e-9, 1e4).Draw(t, "lambda"), rapid.IntRange(0, 10_000).Draw(t, "k")
		same("poisson CDF", poissonCDF(lambda, k), distuv.Poisson{Lambda: lambda}.CDF(float64(k)))
		var steps []float64
		for _, n := range rapid.SliceOfN(rapid.Int32(), 2, 12).Draw(t, "steps") {
			steps = append(steps, float64(n))
		}
		mean, variance := meanVariance(steps)
		theirMean, theirVariance := stat.MeanVariance(steps, nil)
		same("mean", mean, theirMean)
		same("variance", variance, theirVariance)
	})
	for _, x := range []float64{0, -1e300, 1e300} {
		if studentSurvival(7, x) != (distuv.StudentsT{Sigma: 1, Nu: 7}).Survival(x) {
			t.Errorf("student survival of %g", x)
		}
	}
}
