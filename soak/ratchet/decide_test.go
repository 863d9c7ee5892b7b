package ratchet

import "testing"

// leaking is a growth that every rule agrees on, by requests.
func leaking() Growth {
	return Growth{
		LoadWaves: 30, Rises: 8, Gained: 8, PCausal: 1e-5, PSign: 0.001, PDrift: 1e-5, PDriftRequests: 1e-5, PDose: 1e-5,
		Persistence: Persistence{Even: true, Holds: true}, FloorHolds: true, FloorRise: 8,
	}
}

func TestDecide(t *testing.T) {
	tests := []struct {
		name   string
		change func(g *Growth)
		want   Class
	}{
		{"all of it", func(*Growth) {}, PerRequest},
		{"7 load waves", func(g *Growth) { g.LoadWaves = 7 }, Unknown},
		{"8 load waves", func(g *Growth) { g.LoadWaves = 8 }, PerRequest},
		{"2 units", func(g *Growth) { g.FloorHolds, g.Gained = false, 2 }, Bounded},
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
		{"plain alone", func(g *Growth) {
			*g = Growth{LoadWaves: 30, Gained: 9, Plain: true, PCausal: 1, PDrift: 1, PSign: 1, PDose: 1}
		}, Candidate},
		{"plain, and the ratchet knows the cause", func(g *Growth) { g.Plain = true }, PerRequest},
		{"plain, 7 load waves", func(g *Growth) { g.Plain, g.LoadWaves, g.Rises, g.FloorHolds = true, 7, 7, false }, Candidate},
		{"plain, 7 load waves, and the ratchet would know the cause", func(g *Growth) { g.Plain, g.LoadWaves = true, 7 }, Candidate},
		{"plain, 7 load waves, slows down", func(g *Growth) { g.Plain, g.Slows, g.LoadWaves = true, true, 7 }, Unknown},
		{"slows down", func(g *Growth) { g.Slows = true }, Unknown},
		{"slows down, the floor alone", func(g *Growth) { g.Slows, g.Rises = true, 7 }, Unknown},
		{"slows down, plain", func(g *Growth) { g.FloorHolds, g.PCausal, g.Slows, g.Plain = false, 0.5, true, true }, Bounded},
		{"slows down, not significant", func(g *Growth) { g.Slows, g.PCausal, g.PDrift = true, alpha, alpha }, Bounded},
		{"flat", func(g *Growth) { *g = Growth{LoadWaves: 30, PCausal: 1, PDrift: 1, PSign: 1} }, None},
	}
	for _, tt := range tests {
		g := leaking()
		tt.change(&g)
		got, why := g.Decide(Look{Alpha: alpha})
		if got != tt.want || (got == Unknown) != (why != "") {
			t.Errorf("%s: %v (%s), want %v", tt.name, got, why, tt.want)
		}
		if found := got == PerRequest || got == Candidate; found != (g.P() < alpha) {
			t.Errorf("%s: %v, P %v", tt.name, got, g.P())
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

// What is kept only later, in an idle slot, has no order to be seen by: the dose speaks.
func TestTheDoseAloneIsACause(t *testing.T) {
	uneven := func(c int) int { return 2 + 16*one(c/4*7%25 < 12) } // half of the 25 blocks, mixed
	for _, tt := range []struct {
		name string
		gain func(Wave) int
		want Class
	}{
		{"half of the dose", func(v Wave) int { return one(v.Requests == 0 && !v.Drain) * uneven(v.Cell) / 2 }, PerRequest},
		{"the same each time", func(v Wave) int { return one(v.Requests == 0 && !v.Drain) * 5 }, Candidate},
	} {
		if g := analyse(grown(waves(100, uneven), tt.gain)); g.Class != tt.want || g.PCausal != 1 {
			t.Errorf("%s: %v, p of causality %g, of the dose %g; want %v", tt.name, g.Class, g.PCausal, g.PDose, tt.want)
		}
	}
}

// A level that starts late and then rises less and less has a floor that rises to the end, and is no leak: it is not even.
func TestTheFloorNeedsEvenGrowth(t *testing.T) {
	fades := []int{9, 8, 7, 6, 5, 5, 4, 4, 4, 4, 4, 4} // units a cell, in each twelfth of what is judged
	for _, tt := range []struct {
		name  string
		units func(twelfth int) int
		floor bool
		want  Class
	}{
		{"fades", func(k int) int { return fades[k] }, false, Bounded},
		{"is even", func(int) int { return 5 }, true, PerRequest},
	} {
		s := grown(waves(180, ten), func(v Wave) int {
			if v.Requests == 0 || v.Cell < 36 {
				return 0
			}
			return tt.units((v.Cell - 36) / 12)
		})
		g := analyse(s)
		if g.Class != tt.want || g.FloorHolds != tt.floor || g.PDrift > alpha/2 || g.Slows {
			t.Errorf("%s: %v, want %v: %+v", tt.name, g.Class, tt.want, g)
		}
	}
}

func TestWarmUpEndsWithACell(t *testing.T) {
	for _, tt := range []struct {
		share float64
		want  int
	}{{judgedFrom, 6}, {slowingFrom, 3}} { // 20 of 100 are sent in the middle slot of the second cell, 5 in the first of the first
		if got := warmUp(waves(10, ten), tt.share); got != tt.want {
			t.Errorf("after %g: w = %d, want %d", tt.share, got, tt.want)
		}
	}
}

// What the drain gives back was never kept, and what rises in the drain is not growth.
func TestDrain(t *testing.T) {
	leak := func(v Wave) int { return v.Requests }
	first := true
	for _, tt := range []struct {
		name   string
		gain   func(Wave) int
		want   Class
		gained int64
	}{
		{"held through the drain", leak, PerRequest, 320 - 10}, // the guard takes the last cell
		{"given back in the drain", func(v Wave) int {
			if v.Drain && first {
				first = false
				return -400
			}
			return leak(v)
		}, None, 0},
		{"rose in the drain", func(v Wave) int { return one(v.Drain) }, None, 0},
	} {
		if got := analyse(grown(waves(40, ten), tt.gain)); got.Class != tt.want || got.Gained != tt.gained {
			t.Errorf("%s: %v, gained %d; want %v, %d", tt.name, got.Class, got.Gained, tt.want, tt.gained)
		}
	}
}
