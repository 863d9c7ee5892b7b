package ratchet

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// atRest is an idle stretch of so many slots that gains a unit in each of those given.
func atRest(slots int, at ...int) Segment {
	var out []Wave
	for i := range slots {
		out = append(out, Wave{Cell: -1, Block: -1, Probe: -1, Start: time.Duration(i) * slot, End: time.Duration(i+1) * slot})
	}
	return grown(out, func(v Wave) int { return one(slices.Contains(at, int(v.Start/slot))) })
}

func TestConfirm(t *testing.T) {
	// Of 100 slots the last three are the guard, and the load was judged for as long as the rest.
	load := func(rises int, plain bool) Growth {
		seconds := 97 * slot.Seconds()
		return Growth{Rises: rises, Seconds: seconds, PerHour: Interval{Rate: float64(rises) / seconds * 3600}, Plain: plain}
	}
	held := func(gained int64, plain bool) Growth { // at rest the level is 10
		g := load(9, plain)
		g.Gained = gained
		return g
	}
	long := load(9, false)
	long.Seconds = 100.5 * slot.Seconds()
	for _, tt := range []struct {
		name string
		load Growth
		idle Segment
		want Class
		why  string
	}{
		{"flat: 7 rises were needed to know", load(7, false), atRest(100), PerRequest, ""},
		{"flat: 6 are too few", load(6, false), atRest(100), Unknown, "only 0 times"},
		{"a rise at rest, of 10", load(10, false), atRest(100, 50), PerRequest, ""},
		{"two at rest, of 10", load(10, false), atRest(100, 50, 80), Unknown, "only 2 times"},
		{"goes on", load(9, false), atRest(100, 10, 20, 30, 40, 50, 60, 70, 80, 90), PerTime, ""},
		{"goes on at over a third of the pace", load(8, false), atRest(100, 30, 71, 90), PerTime, ""},
		{"at less than a third", load(10, false), atRest(100, 30, 71, 90), Unknown, "less than a third of the 10.0 expected"},
		{"went on, and stopped", load(9, false), atRest(100, 10, 20, 30, 40, 50, 60), Unknown, "stopped"},
		{"only in the guard", load(7, false), atRest(100, 97, 98, 99), PerRequest, ""},
		{"too short", long, atRest(100), Unknown, "lasted 6.0 s, the load 6.0 s"},
		{"half is given back", held(20, false), atRest(100), PerRequest, ""},
		{"more than half is given back", held(21, false), atRest(100), Unknown, "gave back most"},
		{"plain, and most is given back", held(21, true), atRest(100), Unknown, "gave back most"},
		{"not run", load(9, false), Segment{}, Unknown, "not run"},

		{"plain, not run: the load is the likelier cause", load(9, true), Segment{}, PerRequest, ""},
		{"plain, two at rest", load(10, true), atRest(100, 50, 80), PerRequest, ""},
		{"plain, under half the pace", load(9, true), atRest(100, 30, 40, 50, 60), PerRequest, ""},
		{"plain, over half the pace, and stopped", load(9, true), atRest(100, 20, 30, 40, 50, 60), PerTime, ""},
		{"plain, nothing judged under load, nothing at rest", load(0, true), atRest(100), PerRequest, ""},
		{"plain changes no answer that is known", load(9, true), atRest(100, 10, 20, 30, 40, 50, 60, 70, 80, 90), PerTime, ""},
	} {
		got := Confirm(tt.load, tt.idle)
		if got.Class != tt.want || (got.Class == Unknown) != (got.Why != "") || !strings.Contains(got.Why, tt.why) {
			t.Errorf("%s: %v, because %q; want %v, %q: %+v", tt.name, got.Class, got.Why, tt.want, tt.why, got)
		}
	}
	// P(Poisson(10) <= 1) = 11 e^-10.
	near(t, "P", Confirm(load(10, false), atRest(100, 50)).P, 11*math.Exp(-10), 1e-9)
	near(t, "expected", Confirm(load(10, false), atRest(100)).Expected, 10, 1e-9)
	near(t, "P of half as long a load", Confirm(Growth{Rises: 4, Seconds: 97 * slot.Seconds() / 2}, atRest(100)).P, math.Exp(-8), 1e-9)
	if got := Confirm(Growth{}, atRest(100)); got.Class != Unknown || got.P != 1 {
		t.Errorf("after no growth at all: %+v", got)
	}
}
