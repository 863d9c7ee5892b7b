package main

import (
	"math"
	"testing"

	"hermes-soak/soak/ratchet"
)

func TestShare(t *testing.T) {
	for _, tt := range []struct {
		s            share
		lower, upper float64
	}{
		{share{0, 3000}, 0, 100 * (1 - math.Pow(0.05, 1.0/3000))}, // about 3 in 3,000
		{share{20, 20}, 100 * math.Pow(0.05, 1.0/20), 100},
		{share{1, 10}, 0.5116, 39.416}, // from tables of the binomial limits
		{share{0, 0}, 0, 100},
	} {
		if lower, upper := tt.s.lower(), tt.s.upper(); math.Abs(lower-tt.lower) > 1e-3 || math.Abs(upper-tt.upper) > 1e-3 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", tt.s.k, tt.s.n, lower, upper, tt.lower, tt.upper)
		}
	}
}

func TestShareOfNothing(t *testing.T) {
	if s := (share{}); s.percent() != 0 || s.text("%.1f") != "–" {
		t.Errorf("%v %%, %q", s.percent(), s.text("%.1f"))
	}
	if s := (share{0, 9}); s.percent() != 0 || s.text("%.1f") != "0" {
		t.Errorf("%v %%, %q", s.percent(), s.text("%.1f"))
	}
}

func TestRivals(t *testing.T) {
	for _, tt := range []struct {
		name                              string
		x                                 []int64
		strict, lastFirst, ols, trendTest bool
	}{
		{"flat", []int64{5, 5, 5, 5, 5}, false, false, false, false},
		{"down", []int64{5, 4, 3, 2, 1}, false, false, false, false},
		// S = 10, variance 5 x 4 x 15 / 18: z = 9/4.08, p = 0.014.
		{"5 up", []int64{1, 2, 3, 4, 5}, true, true, true, true},
		// S = 6, variance 4 x 3 x 13 / 18: z = 5/2.94, p = 0.045, over 0.025.
		{"4 up", []int64{1, 2, 3, 4}, true, true, true, false},
		// Ties: S = 12, variance (6 x 5 x 17 - 3 x 2 x 1 x 9) / 18 = 25.3: z = 2.19, p = 0.014.
		{"by pairs", []int64{1, 1, 2, 2, 3, 3}, false, true, true, true},
		// S = 16, variance (8 x 7 x 21 - 2 x 4 x 3 x 13) / 18 = 48: z = 2.17. Without the ties it were 65.3, and z 1.86.
		{"four and four", []int64{1, 1, 1, 1, 2, 2, 2, 2}, false, true, true, true},
		// Slope 0.4, t = 0.4/sqrt(5.2/3/10) = 0.96; 3 degrees of freedom ask for 3.18.
		{"up and down", []int64{1, 3, 2, 1, 4}, false, true, false, false},
		{"one step", []int64{1, 1, 1, 1, 2}, false, true, false, false},
	} {
		for i, want := range []bool{tt.strict, tt.lastFirst, tt.ols, tt.trendTest} {
			if got := rivals[i].fails(tt.x); got != want {
				t.Errorf("%s: %s is %v", tt.name, rivals[i].name, got)
			}
		}
	}
}

func TestTally(t *testing.T) {
	growth := func(c ratchet.Class, guilty ...int) ratchet.Finding {
		g := ratchet.Growth{Class: c, Rate: ratchet.Interval{Low: 1, High: 3}, PerHour: ratchet.Interval{Low: 10, High: 30}}
		for probe := range 2 {
			e := ratchet.EndpointRate{Probe: probe, Rate: ratchet.Interval{Low: 5, High: 7}}
			for _, p := range guilty {
				e.Guilty = e.Guilty || p == probe
			}
			g.Endpoints = append(g.Endpoints, e)
		}
		return ratchet.Finding{Growth: g}
	}
	for _, tt := range []struct {
		name  string
		found []ratchet.Finding
		looks int
		is    truth
		want  tally
	}{
		{"passed", []ratchet.Finding{growth(ratchet.None), growth(ratchet.Bounded)}, 1, harmless, tally{}},
		{"unknown", []ratchet.Finding{growth(ratchet.None), growth(ratchet.Unknown)}, 3, harmless, tally{unknown: 1, extended: 1}},
		{"a candidate nobody confirmed", []ratchet.Finding{growth(ratchet.Candidate)}, 1, harmless, tally{unknown: 1}},
		{"failed goes before unknown", []ratchet.Finding{growth(ratchet.Unknown), growth(ratchet.PerTime)}, 1, harmless, tally{fails: 1, first: 1, named: 1}},
		{"all of it right", []ratchet.Finding{growth(ratchet.PerRequest)}, 1, each(2), tally{fails: 1, first: 1, rightly: 1, named: 1, covered: 1}},
		{"later", []ratchet.Finding{growth(ratchet.PerRequest)}, 2, each(2), tally{fails: 1, extended: 1, rightly: 1, named: 1, covered: 1}},
		{"another rate", []ratchet.Finding{growth(ratchet.PerRequest)}, 1, each(4), tally{fails: 1, first: 1, rightly: 1, named: 1}},
		{"an endpoint blamed for what all do", []ratchet.Finding{growth(ratchet.PerRequest, 1)}, 1, each(2), tally{fails: 1, first: 1, rightly: 1, covered: 1}},
		{"on time", []ratchet.Finding{growth(ratchet.PerTime)}, 1, truth{20, true, all}, tally{fails: 1, first: 1, rightly: 1, named: 1, covered: 1}},
		{"the wrong cause", []ratchet.Finding{growth(ratchet.PerRequest)}, 1, truth{20, true, all}, tally{fails: 1, first: 1, named: 1, covered: 1}},
		{"one endpoint", []ratchet.Finding{growth(ratchet.PerRequest, 1)}, 1, truth{6, false, 1}, tally{fails: 1, first: 1, rightly: 1, named: 1, covered: 1}},
		{"another endpoint", []ratchet.Finding{growth(ratchet.PerRequest, 0)}, 1, truth{6, false, 1}, tally{fails: 1, first: 1, rightly: 1, covered: 1}},
		{"both endpoints", []ratchet.Finding{growth(ratchet.PerRequest, 0, 1)}, 1, truth{6, false, 1}, tally{fails: 1, first: 1, rightly: 1, covered: 1}},
		{"no endpoint", []ratchet.Finding{growth(ratchet.PerRequest)}, 1, truth{2, false, 1}, tally{fails: 1, first: 1, rightly: 1}},
	} {
		tt.want.runs, tt.want.planned, tt.want.spent = 1, 200, 300
		var got tally
		got.add(outcome{found: tt.found, looks: tt.looks, requests: 300, batches: []int64{1, 1, 1}}, newPlan(5, 40, 2), tt.is)
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
