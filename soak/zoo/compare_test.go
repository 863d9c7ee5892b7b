package main

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/ratchet"
)

// server is a target that is drawn once, and run more than once, each time with noise of its own.
func server(t target, p plan, drawn, noise uint64) target {
	return func(rng *rand.Rand, _ plan) [][]gauge {
		source := &swapped{rand.NewPCG(drawn, 1)}
		gauges := t(rand.New(source), p)
		source.Source = rand.NewPCG(noise, 2)
		return gauges
	}
}

// swapped is a source of randomness that another one can take the place of.
type swapped struct{ rand.Source }

// record is a whole run of a server as its events, judged.
func record(t *testing.T, p plan, of target, seed uint64) *soak.Report {
	t.Helper()
	s := newSimulation(rand.New(rand.NewPCG(seed, 3)), p, of)
	s.stretch()
	scenario := soak.Scenario{
		Batches: p.batches, Requests: p.requests, Concurrency: 1, Timeout: time.Second, Drain: drained, Seed: seed,
		MaxErrors: 0.01, PollEvery: time.Second, Looks: 1, Skip: []string{"alive"},
	}
	for i := range p.probes {
		name := fmt.Sprintf("GET /%d", i)
		scenario.Probes = append(scenario.Probes, soak.Probe{Request: soak.Request{Name: name, Method: "GET", Path: name[4:]}})
	}
	r := soak.NewReport()
	var seq int64
	apply := func(e soak.Event) {
		e.Schema, e.Run, e.Seq = soak.Schema, fmt.Sprint(seed), seq
		seq++
		if err := r.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	apply(soak.Event{Kind: "start", Start: &soak.Start{Scenario: scenario, Target: soak.Target{Kind: "attached", PID: 1, Ticks: 1}}})
	low := min(0, slices.Min(s.values[0][0])) // a server that falls has something to fall from
	for j, w := range s.waves {
		apply(soak.Event{Kind: "wave", Mono: w.End, Wave: waveDone(w, soak.Sample{Gauges: map[string]int64{
			soak.GaugeFDs: s.values[0][0][j] - low, soak.GaugeThreads: max(0, s.values[1][0][j]), soak.GaugeChildren: max(0, s.values[2][0][j]),
		}})})
	}
	apply(soak.Event{Kind: "stop", Mono: s.now, Stop: &soak.Stop{Reason: soak.StopDone}})
	soak.Judge(r)
	return r
}

func waveDone(w ratchet.Wave, s soak.Sample) *soak.WaveDone {
	kind := soak.WaveIdle
	switch {
	case w.Requests > 0:
		kind = soak.WaveLoad
	case w.Cell < 0:
		kind = soak.WaveDrain
	}
	d := &soak.WaveDone{
		Wave:  soak.Wave{Kind: kind, Cell: w.Cell, Block: w.Block, Batch: w.Batch, Probe: w.Probe, Requests: w.Requests},
		Start: w.Start, End: w.End, Overran: w.Overran, Sample: s,
	}
	if w.Requests > 0 {
		d.Answers, d.MaxInFlight = []soak.Answer{{N: w.Requests, Class: soak.ClassOK, Status: 200}}, 1
	}
	return d
}

// compared compares two runs of servers.
func compared(t *testing.T, p plan, earlier, later target, seed uint64) *soak.Comparison {
	t.Helper()
	var both [2]*soak.Figures
	for i, of := range []target{earlier, later} {
		var err error
		if both[i], err = soak.NewFigures(record(t, p, server(of, p, seed, 2*seed+uint64(i)), 2*seed+uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	c := soak.Compare(both[0], both[1])
	if c.Unlike != nil {
		t.Fatal(c.Unlike)
	}
	return c
}

// What these tests were measured with: go test ./soak/zoo -run 'TestTwoCleanRuns|TestReleaseProfile' -timeout 0 -seeds 100 -from 400000.
var (
	compareSeeds = flag.Int("seeds", 0, "pairs of runs of each shape that are compared; 0 is a few, and at the release profile of a few shapes")
	compareFrom  = flag.Uint64("from", 0, "the first seed")
)

// pairs are the seeds of the pairs that are compared.
func pairs(few int) (all []uint64) {
	for i := range cmp.Or(*compareSeeds, few) {
		all = append(all, *compareFrom+uint64(i))
	}
	return all
}

// told counts the answers, and logs those that were not wanted.
func told(t *testing.T, what string, seeds []uint64, want soak.Compared, of func(seed uint64) *soak.Comparison) (as int) {
	t.Helper()
	answers := map[soak.Compared]int{}
	for _, seed := range seeds {
		c := of(seed)
		if answers[c.Answer]++; c.Answer != want {
			t.Logf("%s, seed %d: %s", what, seed, c.Line)
		}
	}
	t.Logf("%s: %v", what, answers)
	return answers[want]
}

// twice compares two runs of one server. A level that falls all the time hides what is kept: where the comparison says so, it is
// right.
func twice(t *testing.T, p plan, of target, seed uint64) *soak.Comparison {
	c := compared(t, p, of, of, seed)
	if c.Answer == soak.CannotTell && strings.Contains(c.Line, "run the level fell by") {
		c.Answer = soak.Same
	}
	return c
}

// TestTwoCleanRuns: of two runs of one healthy server, whatever its shape, none is called worse, nor better.
func TestTwoCleanRuns(t *testing.T) {
	for _, batches := range []int{10, 50} {
		p := newPlan(batches, requests, probes)
		for _, k := range append(slices.Clone(healthy), kind{mixes, "", nil}) {
			of := mixed
			if k.make != nil {
				of = alone(k.make)
			}
			seeds := pairs(20)
			same := told(t, fmt.Sprintf("%d batches of %s", batches, k.name), seeds, soak.Same, func(seed uint64) *soak.Comparison { return twice(t, p, of, seed) })
			if same != len(seeds) {
				t.Errorf("%s, %d batches: %d of %d are the same", k.name, batches, same, len(seeds))
			}
		}
	}
}

// TestReleaseProfile: at the size of the profile release, two clean runs are the same, and one handle more in a thousand requests
// is found. What a collector lets rise and fall hides some of it.
func TestReleaseProfile(t *testing.T) {
	p := newPlan(1000, 100, probes)
	least := map[string]float64{"flat": 1, "jitter": 1, "pool": 1, "sawtooth": 0.5}
	for _, k := range healthy {
		share, few := least[k.name]
		if !few && *compareSeeds == 0 {
			continue
		}
		clean, leaking, seeds := alone(k.make), alone(over(k.make, leak(0.001, all, 1))), pairs(4)
		same := told(t, k.name, seeds, soak.Same, func(seed uint64) *soak.Comparison { return twice(t, p, clean, seed) })
		worse := told(t, k.name+" with a leak", seeds, soak.Worse, func(seed uint64) *soak.Comparison { return compared(t, p, clean, leaking, seed) })
		if same != len(seeds) || float64(worse) < share*float64(len(seeds)) {
			t.Errorf("%s: of %d, %d are the same, and %d with a leak are worse", k.name, len(seeds), same, worse)
		}
	}
}

// TestLeakingAlike: two runs of one server that leaks in bursts are not called worse by where the bursts fell.
func TestLeakingAlike(t *testing.T) {
	p := newPlan(5, requests, probes)
	for _, l := range leaking {
		if l.name != "bursts" && l.name != "staircase" {
			continue
		}
		of, seeds, worse := l.target(), pairs(40), 0
		for _, seed := range seeds {
			if compared(t, p, of, of, seed).Answer == soak.Worse {
				worse++
			}
		}
		if worse > len(seeds)/40 {
			t.Errorf("%s: %d of %d are worse", l.name, worse, len(seeds))
		}
	}
}
