package ratchet

import (
	"strings"
	"testing"
)

// leaking is a growth that every rule agrees on, by requests.
func leaking() Growth {
	return Growth{
		LoadWaves: 30, Rises: 8, Gained: 8, PCausal: 1e-5, PSign: 0.001, PDrift: 1e-5, PDriftRequests: 1e-5, PDose: 1e-5,
		Persistence: Persistence{Positions: true, Holds: true}, FloorHolds: true, FloorRise: 8,
	}
}

func TestDecide(t *testing.T) {
	tests := []struct {
		name   string
		change func(g *Growth)
		want   Class
	}{
		{"all of it", func(*Growth) {}, PerRequest},
		{"4 load waves", func(g *Growth) { g.LoadWaves = 4 }, Unknown},
		{"the ratchet alone", func(g *Growth) { g.FloorHolds, g.PDose = false, 1 }, PerRequest},
		{"7 rises, no floor", func(g *Growth) { g.FloorHolds, g.Rises = false, 7 }, Unknown},
		{"no causality, no floor", func(g *Growth) { g.FloorHolds, g.PCausal, g.PDrift = false, alpha, 1e-3 }, Unknown},
		{"no trend but by requests", func(g *Growth) { g.FloorHolds, g.PSign, g.PDriftRequests = false, 0.5, 0.004 }, PerRequest},
		{"no trend at all", func(g *Growth) { g.FloorHolds, g.PSign, g.PDrift, g.PDriftRequests = false, 0.5, 0.5, 0.5 }, Bounded},
		{"not persistent", func(g *Growth) { g.FloorHolds, g.Persistence = false, Persistence{} }, Bounded},
		{"the floor and the dose", func(g *Growth) { g.Rises, g.PCausal = 7, 0.5 }, PerRequest},
		{"the floor and causality", func(g *Growth) { g.Rises, g.PDose = 7, 0.5 }, PerRequest},
		{"the floor alone", func(g *Growth) { g.PCausal, g.PDose = 0.5, 0.5 }, Candidate},
		{"the floor, not significant", func(g *Growth) { g.PCausal, g.PDrift = 0.5, alpha }, Unknown},
		{"4 rises", func(g *Growth) { g.FloorHolds, g.Rises = false, 4 }, Bounded},
		{"warm-up only", func(g *Growth) { *g = Growth{LoadWaves: 30, WarmUp: 3, PCausal: 1, PDrift: 1, PSign: 1} }, Bounded},
		{"flat", func(g *Growth) { *g = Growth{LoadWaves: 30, PCausal: 1, PDrift: 1, PSign: 1} }, None},
	}
	for _, tt := range tests {
		g := leaking()
		tt.change(&g)
		got, why := g.Decide(alpha)
		if got != tt.want || (got == Unknown) != (why != "") {
			t.Errorf("%s: %v (%s), want %v", tt.name, got, why, tt.want)
		}
	}
}

func TestSteadyFloor(t *testing.T) {
	tests := []struct {
		name    string
		floors  []int64
		drained int64
		want    bool
	}{
		{"rises by 4", []int64{0, 0, 1, 1, 2, 2, 3, 4}, 4, true},
		{"rises by 3", []int64{0, 0, 1, 1, 2, 2, 2, 3}, 3, false},
		{"half given back", []int64{0, 0, 1, 1, 2, 2, 3, 4}, 2, false},
		{"stopped", []int64{0, 4, 8, 8, 8, 8, 8, 8}, 8, false},
		{"stopped two blocks ago", []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 12, 12}, 12, false},
		{"fades: 0.4 of a third is not reached", []int64{0, 4, 8, 12, 16, 19, 19, 20}, 20, false},
	}
	for _, tt := range tests {
		if got := steady(tt.floors, tt.drained); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// dosed makes one wave a block, each raising the level by change.
func dosed(doses []int, changes []int64) window {
	w := window{warm: 1, load: len(doses) + 1, Segment: Segment{Waves: []Wave{{Block: 0}}, Values: []int64{10}}}
	for i, d := range doses {
		w.Waves = append(w.Waves, Wave{Block: i + 1, Requests: d})
		w.Values = append(w.Values, w.Values[i]+changes[i])
	}
	return w
}

func TestDose(t *testing.T) {
	ladder, same, up := make([]int, 20), make([]int64, 20), make([]int64, 20)
	for i := range ladder {
		ladder[i], same[i], up[i] = i, 3, int64(i)
	}
	const threshold = 0.01 // 2,000 permutations
	for _, tt := range []struct {
		name    string
		doses   []int
		changes []int64
		want    float64
		within  float64
	}{
		{"in step, 20 blocks: no permutation reaches it", ladder, up, 1.0 / 2001, 0},
		{"all changes equal: every permutation ties", ladder, same, 1, 0},
		{"in step, 3 blocks: one order in six", []int{1, 2, 3}, []int64{1, 2, 3}, 1.0 / 6, 0.5},
	} {
		w := dosed(tt.doses, tt.changes)
		near(t, tt.name, w.dose(threshold, seeded(1)), tt.want, tt.within)
	}
}

func TestWarmUpEndsWithACell(t *testing.T) {
	var waves []Wave
	for c := range 10 {
		for i := range 3 {
			v := Wave{Cell: c, Probe: -1}
			if i == c%3 {
				v.Probe, v.Requests = 0, 10
			}
			waves = append(waves, v)
		}
	}
	if got := warmUp(waves); got != 6 { // 20 of 100 are sent in the middle slot of the second cell
		t.Errorf("w = %d, want 6", got)
	}
}

func TestStretchDoubt(t *testing.T) {
	steady := Persistence{Positions: true, Holds: true}
	load := Growth{Seconds: 10}
	for _, tt := range []struct {
		name string
		s    Stretch
		last float64
		want string
	}{
		{"goes on", Stretch{Rises: 3, Gained: 3, Expected: 9, Persistence: steady}, 10, ""},
		{"too short", Stretch{Rises: 9, Gained: 9, Expected: 9, Persistence: steady}, 9.9, "lasted"},
		{"too few", Stretch{Rises: 2, Gained: 9, Expected: 9, Persistence: steady}, 10, "only 2 times"},
		{"too slow", Stretch{Rises: 3, Gained: 3, Expected: 9.1, Persistence: steady}, 10, "less than a third"},
		{"stopped", Stretch{Rises: 9, Gained: 9, Expected: 9}, 10, "stopped"},
	} {
		if got := tt.s.doubt(load, tt.last); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// What the drain gives back was never kept, and what rises in the drain is not growth.
func TestDrain(t *testing.T) {
	rng := seeded(2)
	waves := layout(rng, 5, 40, 2)
	values := leak(1, -1)(rng, waves)
	first := len(waves) - drainN
	if got := Analyse(Segment{Waves: waves, Values: values}, alpha, rng); got.Class != PerRequest {
		t.Errorf("held through the drain: %v", got.Class)
	}
	for j := first; j < len(waves); j++ {
		values[j] = base
	}
	if got := Analyse(Segment{Waves: waves, Values: values}, alpha, rng); got.Class != None || got.Gained != 0 {
		t.Errorf("given back in the drain: %v, gained %d", got.Class, got.Gained)
	}
	for j := range values {
		values[j] = int64(base + max(0, j-first))
	}
	if got := Analyse(Segment{Waves: waves, Values: values}, alpha, rng); got.Class != None || got.Gained != 0 {
		t.Errorf("rose in the drain: %v, gained %d", got.Class, got.Gained)
	}
}
