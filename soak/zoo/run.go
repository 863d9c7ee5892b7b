package main

import (
	"math/rand/v2"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/ratchet"
)

// Levels and lengths of a simulated run; as in the real loop.
const (
	level   = 0.001
	looks   = 3
	slot    = 60 * time.Millisecond
	drained = 2 * time.Second
)

// glitch is the share of the readings at rest that show one handle more: a socket that closes late.
const glitch = 0.01

// busiest is the greatest share of the cells of a run whose load does not fit its slot.
const busiest = 0.1

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

// total is the number of requests.
func (p plan) total() int { return p.batches * p.requests }

// seconds is how long the load takes.
func (p plan) seconds() float64 { return 3 * slot.Seconds() * float64(p.cells) }

// layout is the real loop's.
func (p plan) layout(seed uint64) *soak.Layout {
	return soak.NewLayout(&soak.Scenario{
		Batches: p.batches, Requests: p.requests, Concurrency: 1, Seed: seed, Probes: make([]soak.Probe, p.probes),
	})
}

// outcome is how a run ended.
type outcome struct {
	found    []ratchet.Finding // the last look's, with the idle stretch heard
	looks    int
	requests int     // spent
	batches  []int64 // the first gauge after each batch of the first look, for the rivals
}

// simulation is one run under way.
type simulation struct {
	rng    *rand.Rand
	layout *soak.Layout
	gauges [][]gauge   // by family
	values [][][]int64 // of each gauge, one after each wave
	waves  []ratchet.Wave
	now    time.Duration
	length time.Duration // of the slots now
	busy   float64       // share of the cells that overrun
	cell   int           // the next one's number
}

func newSimulation(rng *rand.Rand, p plan, t target) *simulation {
	s := &simulation{rng: rng, length: slot, busy: uniform(rng, 0, busiest), gauges: t(rng, p)}
	for _, f := range s.gauges {
		s.values = append(s.values, make([][]int64, len(f)))
	}
	s.layout = p.layout(rng.Uint64())
	return s
}

// simulate carries out a run as the loop does: cells, drain, look, and what the look asks for.
func simulate(rng *rand.Rand, p plan, t target) outcome {
	s := newSimulation(rng, p, t)
	out := outcome{looks: 1}
	for {
		requests, loaded := s.stretch()
		out.requests += requests
		if out.looks == 1 {
			out.batches = s.batches()
		}
		look := ratchet.Look{Alpha: level / looks, Last: out.looks == looks}
		out.found = ratchet.Judge(s.families(), look, rng)
		switch next(out.found, look) {
		case ratchet.Rest:
			s.rest(out.found, loaded)
			return out
		case ratchet.Settled:
			return out
		}
		out.looks++
		s.extend()
	}
}

// next is what the run does after a look.
func next(found []ratchet.Finding, look ratchet.Look) ratchet.Step {
	step := ratchet.Settled
	for _, f := range found {
		step = max(step, ratchet.Next(f.Growth, look))
	}
	return step
}

// stretch runs the cells that are planned, and the drain. It returns the requests that it sent, and how long the run had taken
// before the drain.
func (s *simulation) stretch() (sent int, loaded time.Duration) {
	for c, ok := s.layout.Next(0); ok; c, ok = s.layout.Next(0) {
		sent += c.Requests
		s.load(c)
	}
	loaded = s.now
	s.idle(max(drained, loaded/10), true)
	return sent, loaded
}

// extend plans as many cells again. The drains before them are idle slots now.
func (s *simulation) extend() {
	s.layout.Extend()
	for i := range s.waves {
		s.waves[i].Drain = false
	}
}

// load runs one cell. The slot follows the 90th percentile of what came before: it changes slowly, and some cells overrun.
func (s *simulation) load(c soak.Cell) {
	s.length = min(max(s.length+time.Duration(s.rng.NormFloat64()*float64(time.Millisecond)), slot*8/10), slot*12/10)
	overran := s.rng.Float64() < s.busy
	for place := range 3 {
		w := ratchet.Wave{Cell: s.cell, Batch: c.Batch, Block: c.Block, Probe: -1, Overran: overran}
		length := s.length
		if place == c.Load {
			w.Probe, w.Requests = c.Probe, c.Requests
			if overran {
				length += length / 2
			}
		}
		s.wave(w, length)
	}
	s.cell++
}

// idle runs idle slots, three at a time, for at least d.
func (s *simulation) idle(d time.Duration, drain bool) {
	for from := s.now; s.now-from < d; {
		for range 3 {
			s.wave(ratchet.Wave{Cell: -1, Block: -1, Probe: -1, Drain: drain}, s.length)
		}
	}
}

// wave runs one slot and reads every gauge after it.
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

// families are the gauges as the ratchet takes them.
func (s *simulation) families() []ratchet.Family {
	out := make([]ratchet.Family, len(s.values))
	for i, f := range s.values {
		for _, values := range f {
			out[i] = append(out[i], ratchet.Segment{Waves: s.waves, Values: values})
		}
	}
	return out
}

// rest runs the idle stretch, as long as the load, and lets it speak of the candidates.
func (s *simulation) rest(found []ratchet.Finding, loaded time.Duration) {
	from := len(s.waves)
	s.idle(loaded, false)
	for i, f := range found {
		if f.Class == ratchet.Candidate {
			idle := ratchet.Segment{Waves: s.waves[from:], Values: s.values[i][f.Part][from:]}
			found[i].Class = ratchet.Confirm(f.Growth, idle).Class
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
