package ratchet

import (
	"math"
	"slices"
	"testing"
	"time"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1e-300, math.Abs(want))) {
		t.Errorf("%s = %.9g, want %.9g", what, got, want)
	}
}

func TestNeverReleased(t *testing.T) {
	got := neverReleased([]int64{3, 5, 4, 9, 6, 6, 8})
	if want := []int64{3, 4, 4, 6, 6, 6, 8}; !slices.Equal(got, want) {
		t.Errorf("level %v, want %v", got, want)
	}
}

func TestGuard(t *testing.T) {
	values := []int64{1, 2, 2, 1, 2, 2, 2, 1, 2, 2, 2, 2} // held for 2, for 3, and open at the end
	floor := []int64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	if got := longestHeld(values, floor, 0, len(values)); got != 3 {
		t.Errorf("longest held %d, want 3", got)
	}
	for _, tt := range []struct{ longest, waves, want int }{{0, 100, 3}, {1, 100, 3}, {2, 100, 5}, {3, 100, 8}, {9, 100, 20}, {0, 10, 2}} {
		if got := guard(tt.longest, tt.waves); got != tt.want {
			t.Errorf("guard(%d, %d) = %d, want %d", tt.longest, tt.waves, got, tt.want)
		}
	}
}

func TestPickTail(t *testing.T) {
	eight := slices.Repeat([]pick{{0, 0, 1}}, 8)
	tests := []struct {
		name     string
		picks    []pick
		observed int64
		want     float64
	}{
		{"nothing rose", nil, 0, 1},
		{"one cell, in its load slot", []pick{{0, 0, 1}}, 1, 1.0 / 3},
		{"two cells, both", []pick{{0, 0, 1}, {0, 0, 1}}, 2, 1.0 / 9},
		{"two cells, one", []pick{{0, 0, 1}, {0, 0, 1}}, 1, 5.0 / 9},
		{"sizes 1 and 2, sum 2 or more", []pick{{0, 0, 1}, {0, 0, 2}}, 2, 1.0 / 3},
		{"sizes 1 and 2, sum 3", []pick{{0, 0, 1}, {0, 0, 2}}, 3, 1.0 / 9},
		{"rises in two slots", []pick{{0, 1, 2}}, 1, 2.0 / 3},
		{"the same in every slot", []pick{{4, 4, 4}}, 4, 1},
		{"eight of eight", eight, 8, math.Pow(3, -8)},
		{"seven of eight", eight, 7, 17 * math.Pow(3, -8)},
	}
	for _, tt := range tests {
		near(t, tt.name, pickTail(tt.picks, tt.observed), tt.want, 1e-12)
	}
}

// The bound must never be under the exact tail, and not far above it.
func TestPickBoundIsConservative(t *testing.T) {
	var picks []pick
	for i := range 90 {
		picks = append(picks, pick{0, int64(i % 2), int64(1 + i%5)})
	}
	for observed := int64(100); observed <= 260; observed += 20 {
		exact, bound := pickTail(slices.Clone(picks), observed), pickBound(slices.Clone(picks), observed)
		if bound < exact || bound > 40*exact {
			t.Errorf("observed %d: bound %.3g, exact %.3g", observed, bound, exact)
		}
	}
	near(t, "all of 2000", pickTail(slices.Repeat([]pick{{0, 0, 1}}, 2000), 2000), 0, 0)
	near(t, "all of 300, bound", pickBound(slices.Repeat([]pick{{0, 0, 1}}, 300), 300), math.Pow(3, -300), 1e-6)
}

func TestCausalityLeavesOutWhatCannotSpeak(t *testing.T) {
	cell := func(requests ...int) []Wave {
		var waves []Wave
		for _, r := range requests {
			waves = append(waves, Wave{Requests: r})
		}
		return waves
	}
	overran := cell(0, 5, 0)
	overran[2].Overran = true
	for _, tt := range []struct {
		name string
		cell []Wave
		want int
	}{{"whole", cell(0, 5, 0), 1}, {"cut", cell(0, 5), -1}, {"idle", cell(0, 0, 0), -1}, {"two loads", cell(5, 0, 5), -1}, {"overran", overran, -1}} {
		if got := loadSlot(tt.cell); got != tt.want {
			t.Errorf("%s: load slot %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestFlipTail(t *testing.T) {
	near(t, "no step", flipTail(nil), 1, 0)
	near(t, "8 up", flipTail(slices.Repeat([]int64{1}, 8)), 1.0/256, 1e-12)
	near(t, "up, down", flipTail([]int64{1, -1}), 0.75, 1e-12) // sums 2, 0, 0, -2
	near(t, "2 up, 1 down", flipTail([]int64{2, -1}), 0.5, 1e-12)
	// Above 200 terms it is normal: 201 steps, 101 of them up, sum 1.
	near(t, "201 terms", flipTail(append(slices.Repeat([]int64{1}, 101), slices.Repeat([]int64{-1}, 100)...)), 0.47188, 1e-3)
}

func TestPersistence(t *testing.T) {
	// One unit at each of 5, 15 ... 95 %, and at each of 5, 10 ... 50 %.
	var steady, stopped []rise
	for i := range 10 {
		steady = append(steady, rise{amount: 1, at: float64(5 + 10*i), time: float64(1 + i)})
		stopped = append(stopped, rise{amount: 1, at: float64(5 + 5*i), time: float64(5 + 10*i)})
	}
	p := persistence(steady, byRequests, 100, 100)
	near(t, "z", p.Z, 0, 1e-9)
	near(t, "last", p.Last, 0.95, 1e-9)
	near(t, "before", p.Before, 0.85, 1e-9)
	near(t, "late", p.Late, 0.4, 1e-9)
	if !p.Holds || !p.Even {
		t.Error("steady growth does not persist")
	}
	if p := persistence(stopped, byRequests, 100, 100); p.Holds || p.Even {
		t.Error("growth that stopped at half time persists")
	}
	// The same rises by time: they stopped by requests, and went on by time; and the other way about.
	if p := persistence(stopped, byTime, 100, 100); !p.Holds {
		t.Errorf("growth that is even in time: %+v", p)
	}
	if p := persistence(steady, byTime, 100, 100); p.Holds || p.Even {
		t.Errorf("growth within a tenth of the time: %+v", p)
	}
	// Two late stragglers stand where the positions ask for them; Laplace sees that the rest came early: mean 9.05 %.
	early := append(slices.Repeat([]rise{{amount: 1, at: 2}}, 18), rise{amount: 1, at: 70}, rise{amount: 1, at: 75})
	p = persistence(early, byRequests, 100, 100)
	near(t, "weighted z", p.Z, (0.0905-0.5)*math.Sqrt(12*20), 1e-9)
	if p.Last < 0.70 || p.Before < 0.65 || p.Late < 0.10 || p.Even || p.Holds {
		t.Errorf("early growth with stragglers: %+v", p)
	}
}

// Even growth persists only where it went on: each position is asked for.
func TestPersistencePositions(t *testing.T) {
	for _, tt := range []struct {
		name string
		at   []float64
		late float64 // units of the last rise, the others one each
		want bool
	}{
		{"to the end", []float64{20, 40, 60, 70, 80, 90}, 1, true},
		{"the last at 70 %", []float64{20, 40, 60, 66, 70}, 1, true},
		{"the last before 70 %", []float64{20, 40, 60, 66, 69}, 1, false},
		{"the one before it at 65 %", []float64{20, 40, 60, 65, 80}, 1, false},
		{"a tenth after 60 %", []float64{30, 30, 40, 50, 50, 55, 55, 59, 66, 71}, 1, true},
		{"less than a tenth after 60 %", []float64{59, 59, 59, 59, 59, 59, 59, 59, 66, 71}, 0.1, false},
	} {
		var rises []rise
		for i, at := range tt.at {
			amount := 1.0
			if i >= len(tt.at)-2 {
				amount = tt.late
			}
			rises = append(rises, rise{amount: amount, at: at})
		}
		if p := persistence(rises, byRequests, 100, 100); !p.Even || p.Holds != tt.want {
			t.Errorf("%s: %+v", tt.name, p)
		}
	}
	if p := persistence(nil, byTime, 0, 0); p != (Persistence{}) {
		t.Errorf("no rise: %+v", p)
	}
	if p := persistence([]rise{{amount: 1}}, byTime, 0, 0); p != (Persistence{}) {
		t.Errorf("no time: %+v", p)
	}
}

func TestRisingP(t *testing.T) {
	// Student's t with 6 degrees of freedom: P(t > 3.707) = 0.005.
	steps := []float64{-1.5, -1, -0.5, 0, 0.5, 1, 1.5} // variance 7/6
	shift := 3.7074 * math.Sqrt(7.0/6/7)
	for i := range steps {
		steps[i] += shift
	}
	near(t, "t 3.707", risingP(steps), 0.005, 1e-3)
	near(t, "no step", risingP(make([]float64, 7)), 0.5, 1e-12)
	// Seven equal steps of 1: t = sqrt(12 x 7) = 9.165, 6 degrees of freedom; P = (1/2) I_{6/(6+84)}(3, 1/2).
	near(t, "equal steps", risingP([]float64{1, 1, 1, 1, 1, 1, 1}), 4.73e-5, 1e-2)
}

func TestFloorsOfEmptyBlocks(t *testing.T) {
	var waves []Wave
	for i, end := range []time.Duration{1, 2, 3, 13, 16} { // blocks of 4: 1-3, none, none, 13-16
		waves = append(waves, Wave{Requests: 1, Start: time.Duration(i), End: end})
	}
	waves[0].Start, waves[1].Start = 0, 0
	w := window{Segment: Segment{Waves: waves, Values: []int64{9, 7, 5, 8, 6}}, warm: 1, load: 5}
	got := w.floors(4, 16, func(j int) int64 { return int64(waves[j].End) })
	if want := []int64{5, 5, 5, 6}; !slices.Equal(got, want) {
		t.Errorf("floors %v, want %v", got, want)
	}
}

func TestGarwood(t *testing.T) {
	// The 95 % limits of Poisson means, from Garwood's table.
	for _, tt := range []struct{ n, low, high float64 }{{0, 0, 3.689}, {1, 0.0253, 5.572}, {10, 4.795, 18.390}, {100, 81.364, 121.627}} {
		i := garwood(tt.n, 1, 0, 1)
		near(t, "rate", i.Rate, tt.n, 0)
		near(t, "low", i.Low, tt.low, 1e-3)
		near(t, "high", i.High, tt.high, 1e-3)
	}
	// Nothing seen: no more than 3 per exposure at one-sided 95 %.
	near(t, "upper of 0", upper(0, 1, 0, 10), 0.29957, 1e-4)
	// Three at a time: 30 units are 10 events of 3.
	i := garwood(30, 3, 0, 1)
	near(t, "low, phi 3", i.Low, 3*4.795, 1e-3)
	near(t, "high, phi 3", i.High, 3*18.390, 1e-3)
	// An uncertain level of 2 widens 12 to the low end of 10 and the high end of 14.
	i = garwood(12, 1, 2, 1)
	near(t, "low, nu 2", i.Low, 4.795, 1e-3)
	near(t, "high, nu 2", i.High, 23.490, 1e-3)
	if big := garwood(1e6, 1, 0, 1); math.Abs(big.Low-998041) > 10 || math.Abs(big.High-1001961) > 10 {
		t.Errorf("a million: %v", big)
	}
}

func TestDispersion(t *testing.T) {
	near(t, "even", dispersion([]share{{5, 5}, {5, 5}}), 1, 0)
	// r = 1/2, off by 3 and -3: 2/1 x 18 / 6 = 6.
	near(t, "uneven", dispersion([]share{{6, 6}, {0, 6}}), 6, 1e-12)
}

func TestBinomialTail(t *testing.T) {
	near(t, "5 of 10 or more", binomialTail(10, 5, 0.5), 638.0/1024, 1e-12)
	near(t, "10 of 10", binomialTail(10, 10, 0.5), 1.0/1024, 1e-12)
	near(t, "0 of 0", binomialTail(0, 0, 0.5), 1, 0)
	near(t, "1 of 0", binomialTail(0, 1, 0.5), 0, 0)
	near(t, "all from one endpoint", binomialTail(7, 7, 1), 1, 0)
}

func TestUntil(t *testing.T) {
	got, ok := Until(256, 56, Interval{Rate: 2, Low: 1, High: 4})
	if want := (Span{Best: 100, Low: 50, High: 200}); !ok || got != want {
		t.Errorf("span %+v, want %+v", got, want)
	}
	// 2 endpoints, once in 36 s each: 200 requests an hour.
	if got, want := got.Hours(2, 36*time.Second), (Span{Best: 0.5, Low: 0.25, High: 1}); got != want {
		t.Errorf("hours %+v, want %+v", got, want)
	}
	if got, ok := Until(256, 300, Interval{Rate: 1, High: 2}); !ok || !got.Open || got.Best != 0 {
		t.Errorf("beyond the limit: %+v", got)
	}
	if _, ok := Until(256, 5, Interval{High: 2}); ok {
		t.Error("a forecast without growth")
	}
}
