package main

import (
	"math/rand/v2"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/ratchet"
)

// plan is the size of a run.
type plan struct {
	batches, requests int // requests of a batch
	probes            int
	cells             int
}

func newPlan(batches, requests, probes int) plan {
	p := plan{batches: batches, requests: requests, probes: probes}
	layout := p.layout(0)
	for _, ok := layout.Next(0); ok; _, ok = layout.Next(0) {
		p.cells++
	}
	return p
}

func (p plan) total() int { return p.batches * p.requests }

// seconds is how long the planned load takes.
func (p plan) seconds() float64 { return 3 * slot.Seconds() * float64(p.cells) }

// layout is the real loop's.
func (p plan) layout(seed uint64) *soak.Layout {
	return soak.NewLayout(&soak.Scenario{
		Batches: p.batches, Requests: p.requests, Concurrency: 1, Seed: seed, Probes: make([]soak.Probe, p.probes),
	})
}

// A gauge returns what the target holds after a wave. It is called once for each wave, in order.
type gauge func(w ratchet.Wave) int64

// A shape makes a gauge for one run. What a run's length decides, such as when a warm-up ends, follows the plan.
type shape func(rng *rand.Rand, p plan) gauge

// kept is a shape with its name, and what it is in words.
type kept struct {
	name, what string
	make       shape
}

// A target makes the gauges of one run: a list for each family, the last resort first. The first gauge of all is the one that a person watches.
type target func(rng *rand.Rand, p plan) [][]gauge

// outcome is how a run ended.
type outcome struct {
	found    []ratchet.Finding // the last look's, with the idle stretch heard
	looks    int
	requests int     // spent
	batches  []int64 // the first gauge after each batch of the first look, for the rivals
}

// Levels and lengths of a simulated run; as in the real loop.
const (
	level   = 0.001
	looks   = 3
	slot    = 60 * time.Millisecond
	drained = 2 * time.Second
	glitch  = 0.01 // of the readings at rest, one handle more: a socket that closes late
)

// simulation is one run under way.
type simulation struct {
	rng    *rand.Rand
	gauges [][]gauge // by family
	values [][][]int64
	waves  []ratchet.Wave
	now    time.Duration
	length time.Duration // of the slots now
}

// simulate carries out a run as the loop does: cells, drain, look, and what the look asks for.
func simulate(rng *rand.Rand, p plan, t target) outcome {
	s := &simulation{rng: rng, length: slot, gauges: t(rng, p)}
	for _, f := range s.gauges {
		s.values = append(s.values, make([][]int64, len(f)))
	}
	layout := p.layout(rng.Uint64())
	out := outcome{looks: 1}
	for {
		out.requests += s.load(layout)
		loaded := s.now
		s.idle(max(drained, loaded/10), true)
		if out.looks == 1 {
			out.batches = s.batches()
		}
		look := ratchet.Look{Alpha: level / looks, Last: out.looks == looks}
		out.found = ratchet.Judge(s.families(), look, rng)
		switch s.next(out.found, look) {
		case ratchet.Rest:
			s.rest(&out, loaded)
			return out
		case ratchet.Settled:
			return out
		}
		layout.Extend()
		out.looks++
		for i := range s.waves {
			s.waves[i].Drain = false // the drains of an extended run are idle slots
		}
	}
}

func (s *simulation) next(found []ratchet.Finding, look ratchet.Look) ratchet.Step {
	step := ratchet.Settled
	for _, f := range found {
		step = max(step, ratchet.Next(f.Growth, look))
	}
	return step
}

// load runs the cells of the layout.
func (s *simulation) load(layout *soak.Layout) (sent int) {
	for i := len(s.waves); ; i++ {
		c, ok := layout.Next(0)
		if !ok {
			return sent
		}
		sent += c.Requests
		// The slot follows the 90th percentile of what came before: it changes slowly, and a cell in a hundred overruns.
		s.length = min(max(s.length+time.Duration(s.rng.NormFloat64()*float64(time.Millisecond)), slot*8/10), slot*12/10)
		overran := s.rng.Float64() < 0.01
		for place := range 3 {
			w := ratchet.Wave{Cell: i, Batch: c.Batch, Block: c.Block, Probe: -1, Overran: overran}
			length := s.length
			if place == c.Load {
				w.Probe, w.Requests = c.Probe, c.Requests
				if overran {
					length += length / 2
				}
			}
			s.wave(w, length)
		}
	}
}

// idle runs idle slots, three at a time, for at least d.
func (s *simulation) idle(d time.Duration, drain bool) {
	for from := s.now; s.now-from < d; {
		for range 3 {
			s.wave(ratchet.Wave{Cell: -1, Block: -1, Probe: -1, Drain: drain}, s.length)
		}
	}
}

func (s *simulation) wave(w ratchet.Wave, length time.Duration) {
	w.Start = s.now
	s.now += length
	w.End = s.now
	s.waves = append(s.waves, w)
	var late int64
	if s.rng.Float64() < glitch {
		late = 1
	}
	for i, f := range s.gauges {
		for k, g := range f {
			s.values[i][k] = append(s.values[i][k], g(w)+late)
		}
		late = 0 // sockets are handles; threads and children do not close late
	}
}

func (s *simulation) families() []ratchet.Family {
	out := make([]ratchet.Family, len(s.values))
	for i, f := range s.values {
		for _, values := range f {
			out[i] = append(out[i], ratchet.Segment{Waves: s.waves, Values: values})
		}
	}
	return out
}

// rest runs the idle stretch and lets it speak of the candidates.
func (s *simulation) rest(out *outcome, loaded time.Duration) {
	from := len(s.waves)
	s.idle(loaded, false)
	for i, f := range out.found {
		if f.Class == ratchet.Candidate {
			idle := ratchet.Segment{Waves: s.waves[from:], Values: s.values[i][f.Part][from:]}
			out.found[i].Class = ratchet.Confirm(f.Growth, idle).Class
		}
	}
}

// batches returns the first gauge at the end of each batch.
func (s *simulation) batches() (out []int64) {
	for j, w := range s.waves {
		if w.Batch > 0 && s.waves[j+1].Batch != w.Batch {
			out = append(out, s.values[0][0][j])
		}
	}
	return out
}
