package soak

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"hermes-soak/soak/ratchet"
)

// Cut says that the run broke off here and goes on by another process. Mono stands
// still over it: the time away is none of the run's.
type Cut struct {
	// Away is how long nobody looked at the target, in ns of the wall clock.
	Away time.Duration `json:"away_ns"`
	// Lost is the most requests that were sent and are not in the record: those of the
	// batch that was in hand.
	Lost int `json:"lost"`
}

// cutAt is where a cut stands in the report.
type cutAt struct {
	wave int // the first behind it
	at   time.Duration
	// stopped: the user had ended the run.
	stopped bool
	batch   int // batches with goroutines before it
	// goroutines are those when the run went on; nil where they are not looked at.
	goroutines *Goroutines
}

// resumable says why the run cannot go on; nil where it can. Handles of another process
// say nothing of those that were counted.
func (r *Report) resumable() error {
	_, met := r.Rests[RestBefore]
	switch s := r.Start.Scenario; {
	case r.Stop.Reason != StopCut && r.Stop.Reason != StopInterrupted:
		return errors.New("the run has ended")
	case r.watching():
		return errors.New("it is a watch, which has no plan to go on with")
	case r.Start.Target.Kind != "attached":
		return fmt.Errorf("its target was %s, and ended with it", r.Start.Target.Kind)
	case s.endpoints() < len(s.Probes) || len(s.Acts) > 0 || r.State != nil:
		return errors.New("it has faults, and what heals them ended with it")
	case r.Trace != nil:
		return errors.New("its target was traced, by what ended with it")
	case !met:
		return errors.New("nothing of it was recorded before its first request")
	}
	return nil
}

// refuse says what no run can have gone on with.
func (c *Cut) refuse(r *Report) error {
	if err := r.resumable(); err != nil {
		return fmt.Errorf("a run goes on that cannot: %w", err)
	}
	if c.Away < 0 || c.Away > longest || c.Lost < 0 || c.Lost > mostSent {
		return fmt.Errorf("a cut of %s and %d requests", c.Away, c.Lost)
	}
	return nil
}

// applyCut takes back the end of the run. An idle stretch that was cut begins anew, and
// until then is a part of the drain.
func (r *Report) applyCut(c Cut) {
	r.Cuts = append(r.Cuts, c)
	r.cuts = append(r.cuts, cutAt{wave: r.waves.len(), at: r.Elapsed, stopped: r.Stop.Reason == StopInterrupted, batch: r.stacks.n})
	r.Stop = Stop{Reason: StopCut}
	delete(r.Rests, RestEnd)
	delete(r.goroutines, RestEnd)
	for i := range r.waves.len() {
		if r.waves.at(i).Kind == WaveConfirm {
			r.waves.setKind(i, WaveDrain)
		}
	}
}

// acrossCuts is by how much the level that the gauge was never below again rose across
// each cut: nobody knows what of it which requests, or the time, did.
func (r *Report) acrossCuts(c *column) (steps []int64) {
	if len(r.cuts) == 0 {
		return nil
	}
	var waves []int
	var values []int64
	c.each(func(wave int, v int64) {
		if k := r.waves.at(wave).Kind; k != WaveFirst && k != WavePrefill || r.filledAgain(wave) {
			waves, values = append(waves, wave), append(values, v)
		}
	})
	for _, cut := range r.cuts {
		var step int64
		if j, _ := slices.BinarySearch(waves, cut.wave); j > 0 && j < len(values) {
			step = max(0, slices.Min(values[j:])-values[j-1])
			for i := range values[j:] {
				values[j+i] -= step
			}
		}
		steps = append(steps, step)
	}
	return steps
}

// doubt makes unknown what grows but for what was given back across the cuts: whether it
// would have been given back under load too, as by a collector of garbage, nobody knows.
func (r *Report) doubt(found []ratchet.Finding, judged []ratchet.Family) {
	if len(r.cuts) == 0 {
		return
	}
	var level []ratchet.Family
	for _, all := range judged {
		var f ratchet.Family
		for _, s := range all {
			f = append(f, r.levelled(s))
		}
		level = append(level, f)
	}
	for i, f := range ratchet.Judge(level, r.lookDue(), rand.New(rand.NewPCG(r.Start.Scenario.Seed, 3))) {
		if growing(f.Growth) && !growing(found[i].Growth) && found[i].Class != ratchet.Unknown {
			found[i].Class, found[i].Why = ratchet.Unknown, "it grew, and what it had gained was given back while the run was broken off"
		}
	}
}

// levelled is the segment as if nothing had changed across the cuts.
func (r *Report) levelled(s ratchet.Segment) ratchet.Segment {
	out := s
	out.Values = slices.Clone(s.Values)
	for _, cut := range r.cuts {
		j := slices.IndexFunc(s.Waves, func(w ratchet.Wave) bool { return w.Start >= cut.at })
		if j < 1 {
			continue
		}
		step := out.Values[j] - out.Values[j-1]
		for i := range out.Values[j:] {
			out.Values[j+i] -= step
		}
	}
	return out
}

// filledAgain says that the wave was the last to fill the pools after a cut: what rises
// from there on is known to be of the load.
func (r *Report) filledAgain(wave int) bool {
	return r.waves.at(wave).Kind == WavePrefill && wave >= r.cuts[0].wave && wave+1 < r.waves.len() && r.waves.at(wave+1).Kind != WavePrefill
}

// stepsBefore is the sum of the steps across the cuts before a wave.
func (r *Report) stepsBefore(wave int, steps []int64) (sum int64) {
	for i, step := range steps {
		if r.cuts[i].wave <= wave {
			sum += step
		}
	}
	return sum
}

// uncut takes out what the goroutines at a stack rose by across the cuts.
func (r *Report) uncut(s *rising, stack string) {
	var taken int64
	for _, cut := range r.cuts {
		if cut.goroutines == nil {
			continue // it did not go on, or had not come to the load
		}
		step := max(0, cut.goroutines.Stacks[stack]-taken-s.points[cut.batch])
		for i := cut.batch + 1; i < len(s.points); i++ {
			s.points[i] -= step
		}
		s.end -= step
		taken += step
	}
}

// cutNotes tell a person of the cuts.
func (r *Report) cutNotes() (all []string) {
	for _, c := range r.Cuts {
		all = append(all, fmt.Sprintf("the run broke off and went on %s later: at most %s of it are not in the record, and nothing that rose meanwhile is growth",
			short(c.Away), count(int64(c.Lost), "request")))
	}
	return all
}
