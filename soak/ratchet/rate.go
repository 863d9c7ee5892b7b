package ratchet

import (
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Interval is a rate with its 95 % interval, in units of the gauge per request or per hour.
type Interval struct {
	Rate, Low, High float64
}

// share is what one cell contributed: rises and requests.
type share struct {
	gained, requests float64
}

// dispersion returns phi = max(1, k/(k-1) sum_c (a_c - r m_c)^2 / G) over the k load cells: how much more the rises scatter
// than a Poisson count would. A leak of three handles at a time has phi near 3.
func dispersion(shares []share) float64 {
	var gained, requests, squares float64
	for _, s := range shares {
		gained += s.gained
		requests += s.requests
	}
	k := float64(len(shares))
	if k < 2 || gained == 0 {
		return 1
	}
	for _, s := range shares {
		off := s.gained - gained/requests*s.requests
		squares += off * off
	}
	return max(1, k/(k-1)*squares/gained)
}

// held returns nu, the 75th percentile of x_j - f_j over the judged waves: units whose release is a matter of when one looks.
func (w *window) held() float64 {
	over := make([]int64, 0, w.end-w.warm)
	for j := w.warm; j < w.end; j++ {
		over = append(over, w.Values[j]-w.floor[j])
	}
	slices.Sort(over)
	return float64(over[(3*len(over)+3)/4-1])
}

// garwood returns the 95 % interval of gained/exposure, phi [Gamma^-1(0.025; (G-nu)+/phi), Gamma^-1(0.975; (G+nu)/phi + 1)] /
// exposure: Garwood's limits of a Poisson mean (1936), widened by the dispersion phi and the uncertain level nu.
func garwood(gained, phi, nu, exposure float64) Interval {
	i := Interval{Rate: gained / exposure, High: phi * mathext.GammaIncRegInv((gained+nu)/phi+1, 0.975) / exposure}
	if sure := (gained - nu) / phi; sure > 1./200 { // of less the limit is 0.025^(1/sure), which is 0 to the last bit
		i.Low = phi * mathext.GammaIncRegInv(sure, 0.025) / exposure
	}
	return i
}

// upper returns U, phi x the one-sided 95 % upper limit of (G+nu)/phi, over the exposure: no larger rate hides behind the run.
func upper(gained, phi, nu, exposure float64) float64 {
	return phi * mathext.GammaIncRegInv((gained+nu)/phi+1, 0.95) / exposure
}
