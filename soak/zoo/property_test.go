package main

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hermes-soak/soak/ratchet"
)

// alpha is the level of the properties: they hold at any, and at the real one the permutations of the dose test take long.
const alpha = 0.01

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1494)) }

func analyse(s ratchet.Segment) ratchet.Growth { return ratchet.Analyse(s, alpha, alpha, seeded(1)) }

// kinds are all that live in the zoo.
func kinds() []kind {
	all := slices.Concat(healthy, undecidable)
	for _, l := range leaking {
		all = append(all, l.kind)
	}
	return all
}

// drawPlan draws a run of any size.
func drawPlan(t *rapid.T) plan {
	return newPlan(rapid.IntRange(1, 30).Draw(t, "batches"), rapid.IntRange(1, 60).Draw(t, "requests"), rapid.IntRange(1, 5).Draw(t, "probes"))
}

// drawShape draws a shape with or without a leak.
func drawShape(t *rapid.T) shape {
	s := rapid.SampledFrom(kinds()).Draw(t, "kind").make
	if chance := rapid.SampledFrom([]float64{0, 0.05, 0.5, 1}).Draw(t, "leak"); chance > 0 {
		s = over(s, leak(chance, all, 1))
	}
	return s
}

// loaded is the load part of a run, with its drain, of a target whose handles follow s.
func loaded(rng *rand.Rand, p plan, s shape) ratchet.Segment {
	run := newSimulation(rng, p, alone(s))
	run.stretch()
	return run.families()[0][0]
}

// drawSegment draws the load part of a run, extended or not.
func drawSegment(t *rapid.T) ratchet.Segment {
	p, s := drawPlan(t), drawShape(t)
	run := newSimulation(seeded(rapid.Uint64().Draw(t, "seed")), p, alone(s))
	run.stretch()
	if rapid.Bool().Draw(t, "extended") {
		run.extend()
		run.stretch()
	}
	return run.families()[0][0]
}

// withWaves is the segment with every wave changed.
func withWaves(s ratchet.Segment, change func(w *ratchet.Wave)) ratchet.Segment {
	s.Waves = slices.Clone(s.Waves)
	for j := range s.Waves {
		change(&s.Waves[j])
	}
	return s
}

func same(t *rapid.T, a, b any) {
	t.Helper()
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("not the same:\n%+v\n%+v", a, b)
	}
}

func TestAConstantChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSegment(t)
		by := rapid.Int64Range(-1000, 1_000_000).Draw(t, "by")
		higher := ratchet.Segment{Waves: s.Waves}
		for _, x := range s.Values {
			higher.Values = append(higher.Values, x+by)
		}
		a, b := analyse(s), analyse(higher)
		if a.Judged > 0 {
			b.First, b.Last = b.First-by, b.Last-by
		}
		same(t, a, b)
	})
}

func TestAnalysingTwiceIsEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSegment(t)
		same(t, analyse(s), analyse(s))
	})
}

func TestLaterStartChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSegment(t)
		same(t, analyse(s), analyse(withWaves(s, func(w *ratchet.Wave) {
			w.Start += 1000 * slot
			w.End += 1000 * slot
		})))
	})
}

func TestEndpointNamesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSegment(t)
		name := rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(t, "names")
		a, b := analyse(s), analyse(withWaves(s, func(w *ratchet.Wave) {
			if w.Probe >= 0 {
				w.Probe = 10 * name[w.Probe]
			}
		}))
		for i, e := range a.Endpoints {
			a.Endpoints[i].Probe = 10 * name[e.Probe]
		}
		slices.SortFunc(a.Endpoints, func(x, y ratchet.EndpointRate) int { return x.Probe - y.Probe })
		same(t, a, b)
	})
}

// Batches are what a person reads. Only the plain rule asks for them: other batches change whether it holds, and nothing else but the
// class where it is all that holds.
func TestBatchesChangeNothingButThePlainRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSegment(t)
		cell, batch, split := -1, 0, rapid.IntRange(1, 5).Draw(t, "cells of a batch")
		a, b := analyse(s), analyse(withWaves(s, func(w *ratchet.Wave) {
			if w.Batch == 0 {
				return
			}
			if w.Cell != cell && w.Cell%split == 0 {
				batch++
			}
			cell, w.Batch = w.Cell, max(1, batch)
		}))
		if b.Plain && a.P() == 1 && b.P() == 0 && b.Class != ratchet.Candidate {
			t.Fatalf("the plain rule alone makes a %v", b.Class)
		}
		a.Plain = b.Plain
		a.Class, a.Why = a.Decide(ratchet.Look{Alpha: alpha, Last: true})
		same(t, a, b)
	})
}

func TestWhatNeverRisesNeverFails(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSegment(t)
		fall := rapid.SliceOfN(rapid.Int64Range(-3, 0), 7, 7).Draw(t, "fall")
		x := int64(500)
		for j := range s.Values {
			x += fall[j%len(fall)]
			s.Values[j] = x
		}
		g := analyse(s)
		few := g.Class == ratchet.Unknown && g.Gained == 0 && g.LoadWaves < 8
		if g.Class != ratchet.None && !few {
			t.Fatalf("a falling gauge is %v: %+v", g.Class, g)
		}
	})
}

// Every figure can be written down: JSON refuses NaN and the infinite. That holds for what is cut off, wild, or knows no times.
func TestFiguresAreNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSegment(t)
		if rapid.Bool().Draw(t, "wild") {
			rng := seeded(rapid.Uint64().Draw(t, "values"))
			for j := range s.Values {
				s.Values[j] = rng.Int64N(20_000)
			}
		}
		if rapid.Bool().Draw(t, "no times") {
			s = withWaves(s, func(w *ratchet.Wave) { w.Start, w.End = 0, 0 })
		}
		n := rapid.IntRange(0, len(s.Values)).Draw(t, "cut")
		s.Waves, s.Values = s.Waves[:n], s.Values[:n]
		g := analyse(s)
		c := ratchet.Confirm(g, s)
		if _, err := json.Marshal([]any{g, c}); err != nil {
			t.Fatal(err)
		}
		if (g.Class == ratchet.Unknown) != (g.Why != "") || (c.Class == ratchet.Unknown) != (c.Why != "") {
			t.Fatalf("%v, because %q; at rest %v, because %q", g.Class, g.Why, c.Class, c.Why)
		}
		for _, p := range []float64{g.PCausal, g.PSign, g.PDrift, g.PDriftRequests, g.PDose, g.P(), c.P} {
			if p < 0 || p > 1 {
				t.Fatalf("p %v outside 0 to 1", p)
			}
		}
	})
}

// P is the least level at which Decide finds growth.
func TestPAgreesWithDecide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := analyse(drawSegment(t))
		at := rapid.Float64Range(alpha/20, alpha).Draw(t, "level")
		c, _ := g.Decide(ratchet.Look{Alpha: at})
		if found := c == ratchet.PerRequest || c == ratchet.Candidate; found != (g.P() < at) {
			t.Fatalf("%v at %v, P %v", c, at, g.P())
		}
	})
}

// The endpoints share out the judged requests, and what rose in the judged cells that carried load.
func TestEndpointsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSegment(t)
		g := analyse(s)
		var requests, gained int64
		for _, e := range g.Endpoints {
			requests += e.Requests
			gained += e.Gained
		}
		judged := s.Waves[g.Warm : g.Warm+g.Judged]
		carries := map[int]bool{}
		for _, w := range judged {
			carries[w.Cell] = carries[w.Cell] || w.Requests > 0
		}
		level := slices.Clone(s.Values)
		for j := len(level) - 2; j >= 0; j-- {
			level[j] = min(level[j], level[j+1])
		}
		outside := int64(0)
		for j, w := range judged {
			if !carries[w.Cell] {
				outside += level[g.Warm+j] - level[g.Warm+j-1]
			}
		}
		if requests != g.Requests || gained != g.Gained-outside {
			t.Fatalf("endpoints add up to %d units in %d requests, of %d, %d outside their cells, in %d", gained, requests, g.Gained, outside, g.Requests)
		}
	})
}

// A family's answer does not depend on its place among the families.
func TestOrderOfFamiliesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, one, two := drawPlan(t), drawShape(t), drawShape(t)
		run := newSimulation(seeded(rapid.Uint64().Draw(t, "seed")), p, func(rng *rand.Rand, p plan) [][]gauge {
			return slices.Concat(mixed(rng, p), [][]gauge{{one(rng, p)}, {two(rng, p)}})
		})
		run.stretch()
		families := run.families()
		families = append(families, families[len(families)-1]) // two that tie
		look := ratchet.Look{Alpha: rapid.SampledFrom([]float64{alpha, 0.1, 0.5}).Draw(t, "level")}
		found := ratchet.Judge(families, look, seeded(1))
		place := rapid.Permutation([]int{0, 1, 2, 3, 4, 5}).Draw(t, "order")
		moved := make([]ratchet.Family, len(families))
		for i, to := range place {
			moved[to] = families[i]
		}
		again := ratchet.Judge(moved, look, seeded(1))
		for i, to := range place {
			same(t, found[i], again[to])
		}
	})
}

// The same seed gives the same run, through every look and the idle stretch.
func TestSimulatingTwiceIsEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, s, seed := drawPlan(t), drawShape(t), rapid.Uint64().Draw(t, "seed")
		target := alone(s)
		if rapid.Bool().Draw(t, "mixed") {
			target = mixed
		}
		same(t, simulate(seeded(seed), p, target), simulate(seeded(seed), p, target))
	})
}
