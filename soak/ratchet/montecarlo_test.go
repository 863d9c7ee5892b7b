package ratchet

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// count judges many runs of a shape and counts the classes.
func count(seed uint64, runs, batches, perBatch, probes int, s shape) map[Class]int {
	rng := seeded(seed)
	classes := map[Class]int{}
	for range runs {
		classes[run(rng, batches, perBatch, probes, s).Class]++
	}
	return classes
}

func TestHealthyShapesNeverFail(t *testing.T) {
	layouts := []struct{ runs, batches, perBatch int }{{2000, 5, 40}, {500, 25, 40}}
	for i, name := range slices.Sorted(maps.Keys(healthy)) {
		t.Run(name, func(t *testing.T) {
			for _, l := range layouts {
				got := count(uint64(i), l.runs, l.batches, l.perBatch, 2, healthy[name])
				t.Logf("%d x %d: %v", l.batches, l.perBatch, got)
				if bad := got[PerRequest] + got[Candidate]; bad > 0 {
					t.Errorf("%d x %d: %d of %d runs failed", l.batches, l.perBatch, bad, l.runs)
				}
			}
		})
	}
}

// At 22 handles over the run detection is 94 to 98 %: a wave of five requests hides a second handle in the rise of the first.
func TestLeaksPerRequestAreSeen(t *testing.T) {
	const runs = 1000
	tests := []struct {
		name              string
		batches, perBatch int
		probes, only      int
		chance            float64
		seen, named       int // at least, of 1,000
	}{
		{"1 in 10, 22 handles", 11, 20, 2, -1, 0.1, 935, 0},
		{"1 in 10, one of two endpoints, 22 handles", 11, 40, 2, 0, 0.1, 925, 800},
		{"1 in 10, one of four endpoints, 44 handles", 22, 80, 4, 3, 0.1, 965, 955},
		{"1 in 100, 22 handles", 44, 50, 2, -1, 0.01, 950, 0},
		{"1 in 2, the issue's 5 x 40", 5, 40, 2, -1, 0.5, 990, 0},
		{"1 in 2, one of two endpoints, 10 x 40", 10, 40, 2, 1, 0.5, 990, 975},
		{"1 in 2 under jitter of 1, 5 x 40", 5, 40, 2, -1, 0.5, 950, 0},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rng := seeded(100 + uint64(i))
			s := leak(tt.chance, tt.only)
			if i == len(tests)-1 {
				s = over(healthy["jitter 1"], s)
			}
			seen, named, wrong := 0, 0, 0
			for range runs {
				g := run(rng, tt.batches, tt.perBatch, tt.probes, s)
				if g.Class != PerRequest {
					continue
				}
				seen++
				for _, e := range g.Endpoints {
					if e.Guilty && e.Probe == tt.only {
						named++
					} else if e.Guilty {
						wrong++
					}
				}
			}
			t.Logf("seen %d of %d, endpoint named %d, wrong one %d", seen, runs, named, wrong)
			if seen < tt.seen || named < tt.named || wrong > 5 {
				t.Errorf("seen %d, want %d; named %d, want %d; wrongly %d", seen, tt.seen, named, tt.named, wrong)
			}
		})
	}
}

// A leak on time is a candidate, and called one on requests no more often than the level allows.
func TestLeaksOnTimeAreNotBlamedOnRequests(t *testing.T) {
	const runs = 500
	for _, tt := range []struct {
		name      string
		s         shape
		batches   int
		candidate int
	}{
		{"timer", timer(200 * time.Millisecond), 5, 490},
		{"at random", poisson(200 * time.Millisecond), 5, 0},
		{"at random, longer", poisson(200 * time.Millisecond), 10, 100},
	} {
		got := count(300, runs, tt.batches, 40, 2, tt.s)
		t.Logf("%s: %v", tt.name, got)
		if got[PerRequest] > 2 || got[Candidate] < tt.candidate {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// What a run says it would have failed, it fails.
func TestDetectableIsTrue(t *testing.T) {
	const runs = 400
	for i, tt := range []struct {
		noise   string
		batches int
	}{{"flat", 5}, {"flat", 30}, {"jitter 1", 11}, {"bounded walk", 11}} {
		rng := seeded(400 + uint64(i))
		said, seen := 0, 0
		for range runs {
			waves := layout(rng, tt.batches, 40, 2)
			noise := Segment{Waves: waves, Values: healthy[tt.noise](rng, waves)}
			n := Analyse(noise, alpha, rng).Detectable
			if n == 0 {
				continue
			}
			said++
			leaking := over(func(rng *rand.Rand, _ []Wave) []int64 { return noise.Values }, bursts(1/n))
			if Analyse(Segment{Waves: waves, Values: leaking(rng, waves)}, alpha, rng).Class == PerRequest {
				seen++
			}
		}
		t.Logf("%s, %d batches: %d of %d", tt.noise, tt.batches, seen, said)
		if seen < said*93/100 || said < runs*3/4 {
			t.Errorf("%s, %d batches: seen %d of %d", tt.noise, tt.batches, seen, said)
		}
	}
}

func TestConfirm(t *testing.T) {
	rng := seeded(9)
	both := layout(rng, 5, 40, 2)
	load := both[:len(both)-drainN]
	confirmed := func(s shape, n int) Stretch {
		// The idle stretch goes on where the load ended, in slots of its own.
		waves := slices.Clone(load)
		for range n {
			end := waves[len(waves)-1].End
			waves = append(waves, Wave{Cell: -1, Block: -1, Probe: -1, Start: end, End: end + slot})
		}
		values := s(rng, waves)
		g := Analyse(Segment{Waves: load, Values: values[:len(load)]}, alpha, rng)
		return Confirm(g, Segment{Waves: waves[len(load):], Values: values[len(load):]})
	}
	for _, tt := range []struct {
		name string
		s    shape
		n    int
		want bool
	}{
		{"a timer goes on", timer(200 * time.Millisecond), 120, true},
		{"a random process goes on", poisson(200 * time.Millisecond), 120, true},
		{"too short a stretch", timer(200 * time.Millisecond), 50, false},
		{"a leak on requests stops", leak(0.5, -1), 120, false},
		{"and under jitter", over(leak(0.5, -1), healthy["jitter 1"]), 120, false},
	} {
		if got := confirmed(tt.s, tt.n); got.Confirmed != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	if got := Confirm(Growth{}, Segment{}); got.Confirmed {
		t.Error("nothing at all confirms a leak")
	}
}
