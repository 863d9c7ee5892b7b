package ratchet

import (
	"testing"
	"time"
)

func TestPlain(t *testing.T) {
	// Fifty cells are ten batches of fifty requests: each needs five units.
	each := func(units int) func(Wave) int {
		return func(v Wave) int { return one(v.Requests > 0 && v.Cell%5 < units) }
	}
	but := func(batch, units int) func(Wave) int {
		return func(v Wave) int {
			if v.Batch == batch {
				return each(units)(v)
			}
			return each(5)(v)
		}
	}
	drained := func(units int) func(Wave) int {
		first := true
		return func(v Wave) int {
			if v.Drain && first {
				first = false
				return -units
			}
			return each(5)(v)
		}
	}
	for _, tt := range []struct {
		name  string
		cells int
		gain  func(Wave) int
		want  bool
	}{
		{"in every batch", 50, each(5), true},
		{"nine batches", 45, each(5), false},
		{"one in fifty short", 50, each(4), false},
		{"one batch short", 50, but(7, 4), false},
		{"the last batch short", 50, but(10, 4), false},
		{"the first batch is not asked", 50, but(1, 0), true},
		{"nothing", 50, each(0), false},
		{"a tenth of 45 given back in the drain", 50, drained(4), true},
		{"more than a tenth given back", 50, drained(5), false},
		{"all of it given back", 50, drained(50), false},
	} {
		if got := plain(grown(waves(tt.cells, ten), tt.gain)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	s := grown(waves(50, ten), each(5))
	for j := range s.Waves {
		s.Waves[j].Drain = false // an extended run: these are idle slots now
	}
	if !plain(s) {
		t.Error("idle slots outside batches do not count as a batch")
	}
}

// series is what somebody else recorded: a batch is a wave, a cell and a load, and there may be no time.
func series(rows int, each time.Duration, gain func(row int) int) Segment {
	var out []Wave
	for i := range rows {
		out = append(out, Wave{Cell: i, Batch: 1 + i, Block: -1, Requests: 40, Start: time.Duration(i) * each, End: time.Duration(i+1) * each})
	}
	return grown(out, func(v Wave) int { return gain(v.Cell) })
}

func TestPlainOfASeries(t *testing.T) {
	four := func(int) int { return 4 }
	fades := func(row int) int { return 4 + 200/(1+row) }
	for _, tt := range []struct {
		name string
		s    Segment
		want Class
	}{
		{"as it was recorded", series(20, time.Second, four), PerRequest},
		{"without times", series(20, 0, four), PerRequest},
		{"9 batches", series(9, 0, four), Unknown},
		{"3 of the 40 requests a batch", series(20, 0, func(int) int { return 3 }), Unknown}, // it grows, and no idle stretch says why
		{"ever more seldom", series(40, time.Second, fades), Bounded},
		{"ever more seldom, without times", series(40, 0, fades), Bounded},
	} {
		g := analyse(tt.s)
		class := g.Class
		if class == Candidate {
			class = Confirm(g, Segment{}).Class
		}
		if class != tt.want {
			t.Errorf("%s: %v, want %v (%s, plain %v, slows %v)", tt.name, class, tt.want, g.Why, g.Plain, g.Slows)
		}
	}
}
