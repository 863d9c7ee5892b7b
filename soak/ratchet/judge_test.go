package ratchet

import (
	"math"
	"slices"
	"testing"
)

// climbing is a gauge that rises in the load slots of the cells: in three clusters, which is late enough to persist, and too uneven for
// the floor to speak.
func climbing(cells ...int) Segment { return grown(waves(100, ten), in(cells...)) }

// astray is one that also rises in an idle slot.
func astray(cells ...int) Segment {
	load := in(cells...)
	return grown(waves(100, ten), func(v Wave) int { return load(v) + one(v.Start == 120*slot) })
}

func flat() Segment { return grown(waves(100, ten), in()) }

func TestJudgeStepsDown(t *testing.T) {
	// p_c of n rises, all in load slots, is 3^-n; of 10 in load slots and one not, P(10 or 11 of 11) = (2 x 11 + 1) 3^-11.
	first := climbing(22, 24, 26, 28, 50, 52, 54, 56, 72, 74, 76, 78)
	second := climbing(22, 24, 26, 50, 52, 54, 74, 76, 78)
	third := astray(22, 24, 26, 50, 52, 54, 56, 74, 76, 78)
	p1, p2, p3 := 2*math.Pow(3, -12), 2*math.Pow(3, -9), 2*23*math.Pow(3, -11)
	for i, want := range []float64{p1, p2, p3} {
		near(t, "P", analyse([]Segment{first, second, third}[i]).P(), want, 1e-9)
	}
	before := astray(22, 24, 26, 28, 50, 52, 54, 56, 74, 76, 78) // P(11 or 12 of 12), just below the second
	near(t, "P", analyse(before).P(), 2*25*math.Pow(3, -12), 1e-9)
	const level = 2.9e-4
	if !(p1 < level/3 && level/3 <= p2 && p2 < level/2 && level/2 <= p3 && p3 < level) {
		t.Fatal("the level does not tell the steps apart")
	}
	for _, tt := range []struct {
		name     string
		families []Segment
		level    float64
		leaks    []bool
	}{
		{"each at its own step", []Segment{third, first, second}, level, []bool{true, true, true}},
		{"no first step: nothing is found", []Segment{third, second, flat()}, level, []bool{false, false, false}},
		{"no first step, though the next is high enough", []Segment{second, before, flat()}, 2.5e-4, []bool{false, false, false}},
		{"the second step, not the third", []Segment{third, first, second}, 2.5e-4, []bool{false, true, true}},
		{"one family has all of the level", []Segment{third}, level, []bool{true}},
		{"two alike stand on the same step: it is too high", []Segment{second, second, flat()}, level, []bool{false, false, false}},
		{"two alike behind a first", []Segment{second, first, second}, level, []bool{true, true, true}},
		{"two alike are one step high each", []Segment{third, second, second}, 3.1 * p2, []bool{true, true, true}},
	} {
		families := make([]Family, len(tt.families))
		for i, s := range tt.families {
			families[i] = Family{s}
		}
		for i, f := range Judge(families, Look{tt.level, true}, seeded(1)) {
			if (f.Class == PerRequest) != tt.leaks[i] {
				t.Errorf("%s: family %d of P %.3g is %v", tt.name, i, f.P(), f.Class)
			}
		}
	}
}

// Two families with the same P are decided at the same level, whichever comes first.
func TestJudgeTiesAreAlike(t *testing.T) {
	two := func(int) int { return 2 }
	s := grown(waves(100, two), func(v Wave) int { return one(v.Requests > 0 && v.Cell%5 == 0) })
	if g := analyse(s); !g.Plain || g.P() != 0 {
		t.Fatalf("not plain: %+v", g)
	}
	// The first of the two would have a third of the level, the second a half: between them lies 2 p_c.
	level := 2.5 * 2 * analyse(s).PCausal
	found := Judge([]Family{{s}, {s}, {flat()}}, Look{level, true}, seeded(1))
	if found[0].Class != found[1].Class {
		t.Errorf("%v and %v", found[0].Class, found[1].Class)
	}
}

func TestJudgeTestsTheMostSpecificPart(t *testing.T) {
	part := func(units int) Segment {
		return climbing([]int{24, 29, 34, 39, 44, 49, 54, 59, 64, 69, 74, 79}[:units]...)
	}
	falling := grown(waves(100, ten), func(Wave) int { return -1 })
	for _, tt := range []struct {
		name   string
		family Family
		want   int
	}{
		{"no parts", Family{part(12)}, 0},
		{"the last that grows", Family{part(12), part(12), part(12), part(5)}, 2},
		{"it grows, and too few of it are in the part", Family{part(12), part(6)}, 0},
		{"nothing grows: the last that has half", Family{part(7), part(7), part(4), part(3)}, 2},
		{"nothing grows: none has half", Family{part(7), part(3)}, 0},
		{"none of it", Family{part(12), part(0), falling}, 0},
		{"a part grows, the whole does not", Family{part(0), part(12)}, 1},
		{"a part grows, a later one of as many is a step", Family{part(12), part(12), climbing(slices.Repeat([]int{50}, 12)...)}, 1},
		{"a part grows, and is less than a quarter", Family{grown(waves(100, ten), func(v Wave) int { return one(v.Requests > 0 && v.Cell >= 24) }), part(12)}, 0},
	} {
		f := Judge([]Family{tt.family}, Look{alpha, true}, seeded(1))[0]
		if f.Part != tt.want {
			t.Errorf("%s: part %d, want %d", tt.name, f.Part, tt.want)
		}
		if want := analyse(tt.family[tt.want]).Gained; f.Gained != want {
			t.Errorf("%s: gained %d, part %d gained %d", tt.name, f.Gained, tt.want, want)
		}
	}
	if found := Judge(nil, Look{alpha, true}, seeded(1)); len(found) != 0 {
		t.Errorf("no family: %v", found)
	}
}

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		name  string
		class Class
		loads int
		last  bool
		want  Step
	}{
		{"passed", None, 30, false, Settled},
		{"bounded", Bounded, 30, false, Settled},
		{"failed", PerRequest, 30, false, Settled},
		{"unknown", Unknown, 30, false, Extend},
		{"unknown at the last look", Unknown, 30, true, Settled},
		{"unknown, 8 load waves", Unknown, 8, false, Extend},
		{"unknown, 7 load waves: too few for any answer", Unknown, 7, false, Settled},
		{"what drives it must show", Candidate, 30, false, Rest},
		{"also after the last look", Candidate, 30, true, Rest},
	} {
		if got := Next(Growth{Class: tt.class, LoadWaves: tt.loads}, Look{alpha, tt.last}); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := slices.Max([]Step{Extend, Rest, Settled}); got != Rest {
		t.Errorf("of several families the largest step is done: %v, want a rest", got)
	}
}
