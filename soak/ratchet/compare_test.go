package ratchet

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

func kept(gained, requests int64, phi, nu float64) Kept {
	return Kept{Requests: requests, LoadWaves: 1, Gained: float64(gained), Dispersion: phi, Held: nu}
}

func TestKeep(t *testing.T) {
	s := grown(waves(100, ten), in(5, 30, 41, 51, 51, 51, 60))
	all, of := Keep(s)
	g := analyse(s)
	if all.Gained != float64(g.Gained) || all.Requests != g.Requests || all.Rate() != g.Rate {
		t.Errorf("kept %+v, growth says %d of %d, %+v", all, g.Gained, g.Requests, g.Rate)
	}
	if all.Gained != 6 || of[0].Gained != 2 || of[1].Gained != 4 || of[0].Requests+of[1].Requests != all.Requests {
		t.Errorf("all %+v, of each endpoint %+v", all, of)
	}
	for _, e := range g.Endpoints {
		if of[e.Probe].Rate() != e.Rate {
			t.Errorf("endpoint %d: %+v, growth says %+v", e.Probe, of[e.Probe].Rate(), e.Rate)
		}
	}
	if none, of := Keep(grown(waves(10, func(int) int { return 0 }), in())); none.Requests != 0 || of != nil {
		t.Errorf("without requests: %+v, %+v", none, of)
	}
}

func TestDiffer(t *testing.T) {
	for name, tt := range map[string]struct {
		earlier, later Kept
		more, less     float64
	}{
		"ten for none":             {kept(0, 1000, 1, 0), kept(10, 1000, 1, 0), math.Pow(2, -10), 1},
		"none for ten":             {kept(10, 1000, 1, 0), kept(0, 1000, 1, 0), 1, math.Pow(2, -10)},
		"two for one":              {kept(1, 1000, 1, 0), kept(2, 1000, 1, 0), 0.5, 0.875},
		"of thrice the requests":   {kept(0, 1000, 1, 0), kept(4, 3000, 1, 0), math.Pow(0.75, 4), 1},
		"in one burst":             {kept(0, 1000, 1, 0), kept(10, 1000, 10, 0), 0.5, 1},
		"the burst was before":     {kept(10, 1000, 10, 0), kept(10, 1000, 1, 0), 0.75, 0.75},
		"held, of the new one":     {kept(0, 1000, 1, 0), kept(10, 1000, 1, 7), math.Pow(2, -3), 1},
		"all of it is held":        {kept(0, 1000, 1, 0), kept(5, 1000, 1, 9), 1, 1},
		"held, of the old one":     {kept(0, 1000, 1, 1), kept(3, 1000, 1, 0), 0.3125, 1}, // 3 or more of 4 coins
		"neither of them anything": {kept(0, 1000, 1, 0), kept(0, 1000, 1, 0), 1, 1},
	} {
		d := Differ(tt.earlier, tt.later)
		near(t, name+": p of more", d.PMore, tt.more, 1e-9)
		near(t, name+": p of less", d.PLess, tt.less, 1e-9)
		if d.Low > d.Rate || d.Rate > d.High {
			t.Errorf("%s: %+v", name, d.Interval)
		}
	}
}

// TestDifferByHand: the interval of 40 against 10 in 1000 requests, from the limits of Garwood's table.
func TestDifferByHand(t *testing.T) {
	d := Differ(kept(10, 1000, 1, 0), kept(40, 1000, 1, 0))
	// 10 has 4.7954 to 18.3904, 40 has 28.5766 to 54.4686.
	near(t, "low", d.Low, 0.03-math.Hypot(0.0114234, 0.0083904), 1e-4)
	near(t, "high", d.High, 0.03+math.Hypot(0.0144686, 0.0052046), 1e-4)
}

// TestDifferSwapped: who is compared with whom changes the sign and nothing else.
func TestDifferSwapped(t *testing.T) {
	run := rapid.Custom(func(t *rapid.T) Kept {
		return kept(rapid.Int64Range(0, 500).Draw(t, "gained"), rapid.Int64Range(1, 1e6).Draw(t, "requests"),
			rapid.Float64Range(1, 30).Draw(t, "phi"), float64(rapid.IntRange(0, 30).Draw(t, "held")))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := run.Draw(t, "a"), run.Draw(t, "b")
		d, e := Differ(a, b), Differ(b, a)
		if d.PMore != e.PLess || d.PLess != e.PMore || d.Rate != -e.Rate {
			t.Fatalf("%+v, swapped %+v", d, e)
		}
		for _, p := range []float64{d.PMore, d.PLess} {
			if !(p >= 0 && p <= 1) {
				t.Fatalf("%+v", d)
			}
		}
		if !(d.Low <= d.Rate && d.Rate <= d.High) || d.PMore < 1e-3 && d.Rate <= 0 {
			t.Fatalf("%+v", d)
		}
	})
}

// TestDifferByChance: of runs that leak alike, no more than the level are called worse, whatever the rate and the shares.
func TestDifferByChance(t *testing.T) {
	const level = 0.01
	for _, mean := range []float64{0.5, 3, 20, 200} {
		for _, times := range []float64{0.25, 1, 4} {
			p := 0.0
			earlier, later := distuv.Poisson{Lambda: mean}, distuv.Poisson{Lambda: mean * times}
			most := int64(mean*max(1, times)) + 150
			for g := range most {
				for h := range most {
					chance := earlier.Prob(float64(g)) * later.Prob(float64(h))
					if chance > 1e-12 && Differ(kept(g, 1000, 1, 0), kept(h, int64(1000*times), 1, 0)).PMore < level {
						p += chance
					}
				}
			}
			if p > level {
				t.Errorf("a mean of %g, %g times the requests: %.4f are called worse", mean, times, p)
			}
		}
	}
}

// TestCoarser: what is counted in units four times as large is as much, and scatters a fourth.
func TestCoarser(t *testing.T) {
	fine := kept(400, 1000, 12, 8)
	coarse := fine.Coarser(4)
	if want := kept(100, 1000, 3, 2); coarse != want {
		t.Errorf("%+v, want %+v", coarse, want)
	}
	a, b := fine.Rate(), coarse.Rate()
	near(t, "low", 4*b.Low, a.Low, 1e-12)
	near(t, "high", 4*b.High, a.High, 1e-12)
	if once := kept(400, 1000, 2, 8).Coarser(4); once.Dispersion != 1 {
		t.Errorf("less than a Poisson count scatters: %+v", once)
	}
}

// TestOneStepIsNoDifference: what rose at once, in one cell, is one event, however large; the interval says so as the chance does.
func TestOneStepIsNoDifference(t *testing.T) {
	if d := Differ(kept(0, 1000, 1, 0), kept(20, 1000, 20, 0)); d.PMore < 0.4 || d.Low > 0 {
		t.Errorf("%+v", d)
	}
}

// TestFell: what falls in each slot hides what is kept; what falls at once, or comes back, does not.
func TestFell(t *testing.T) {
	for name, tt := range map[string]struct {
		of    func(j int) int64
		fells bool
	}{
		"steadily":       {func(j int) int64 { return int64(-j / 3) }, true},
		"at once":        {func(j int) int64 { return -100 * int64(j/150) }, false},
		"and comes back": {func(j int) int64 { return int64(-j % 9) }, false},
		"never":          {func(int) int64 { return 0 }, false},
		"rises":          {func(j int) int64 { return int64(j) }, false},
	} {
		s := grown(waves(100, ten), in())
		for j := range s.Values {
			s.Values[j] = 1000 + tt.of(j)
		}
		if all, _ := Keep(s); (all.Fell > all.Held) != tt.fells {
			t.Errorf("%s: %+v", name, all)
		}
	}
}

// TestMost: 10 are under 3 with a chance of 0.28 %, and 3.9 of 19.7, the limit that 7 events have in the table of chi squared.
func TestMost(t *testing.T) {
	if m := kept(0, 1000, 1, 0).Most(); m != 0 {
		t.Error(m)
	}
	near(t, "of 9 in steps of 3", kept(9, 1000, 3, 0).Most(), 3*26.1245/2/0.8, 1e-3) // chi squared, 8 degrees of freedom, 0.1 %
}
