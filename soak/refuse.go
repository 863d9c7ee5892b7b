package soak

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The bounds of what a record may hold. They are far beyond what a run can
// measure, and low enough that no sum over a run overflows.
const (
	longest  = 5 * 365 * 24 * time.Hour // of a run
	mostHeld = 1 << 53                  // of a gauge, which may be bytes
	mostSent = 1 << 30                  // requests of a wave
	// Before the cells waves are small, and the checks look at every answer.
	mostSentBefore = 1 << 20
)

// refuse says what no run can have recorded: a damaged or made-up event must not
// be judged. What Apply accepts cannot make a check panic.
func (r *Report) refuse(e Event) error {
	if kind := e.payload(); kind == "" || kind != e.Kind {
		return fmt.Errorf("the kind is %q, and that is not the one thing it carries", e.Kind)
	}
	if !written(e.Wall) {
		return fmt.Errorf("the time %s is of no year from 1 to 9999", e.Wall)
	}
	if len(r.acts) > 0 && (e.Rest != nil || e.Wave != nil || e.Batch != nil || e.Extend != nil) {
		return fmt.Errorf("a %s after an act, when the target is another process", e.Kind)
	}
	switch {
	case e.Start != nil:
		return e.Start.Baseline.refuse()
	case e.Rest != nil:
		if !slices.Contains([]string{RestBefore, RestFirst, RestLoaded, RestEnd, RestResumed}, e.Rest.At) || e.Rest.At == RestResumed && len(r.cuts) == 0 {
			return fmt.Errorf("there is no rest %q", e.Rest.At)
		}
		if err := e.Rest.Goroutines.refuse(); err != nil {
			return err
		}
		return e.Rest.Sample.refuse()
	case e.Wave != nil:
		return r.refuseWave(*e.Wave)
	case e.Batch != nil:
		return e.Batch.refuse()
	case e.Ladder != nil:
		if err := e.Ladder.refuse(); err != nil {
			return err
		}
	case e.Process != nil:
		if p := *e.Process; p.PID < 1 || p.What != Appeared && p.What != Ended {
			return fmt.Errorf("process %d has %q", p.PID, p.What)
		}
	case e.Extend != nil:
		if x := *e.Extend; x.Look != len(r.Extensions)+2 || x.Look > r.Start.Scenario.looks() || x.Requests < 1 || x.Requests > mostSent || x.Batches < 1 {
			return fmt.Errorf("the run is extended to %d batches, %d requests and look %d, after look %d", x.Batches, x.Requests, x.Look, len(r.Extensions)+1)
		}
	case e.Act != nil:
		return r.refuseAct(*e.Act)
	case e.State != nil:
		if r.State != nil || r.watching() {
			return errors.New("what became of the sessions is told twice, or of a watch")
		}
		return e.State.refuse()
	case e.Cut != nil:
		return e.Cut.refuse(r)
	case e.Stop != nil:
		if !slices.Contains([]StopReason{StopDone, StopInterrupted, StopDied, StopRestarted, StopWedged, StopBlind, StopBroken, StopFailFast, StopCeiling}, e.Stop.Reason) {
			return fmt.Errorf("there is no end %q", e.Stop.Reason)
		}
	}
	return nil
}

// written says that the time can be written as RFC 3339 has it, in its own zone and in UTC.
func written(at time.Time) bool {
	least, most := min(at.Year(), at.UTC().Year()), max(at.Year(), at.UTC().Year())
	return least >= 1 && most <= 9999
}

// payload is the kind of what the event carries; "" where that is not one thing.
func (e Event) payload() (kind string) {
	for _, p := range []struct {
		kind string
		set  bool
	}{
		{"start", e.Start != nil}, {"rest", e.Rest != nil}, {"wave", e.Wave != nil},
		{"batch", e.Batch != nil}, {"ladder", e.Ladder != nil}, {"process", e.Process != nil}, {"extend", e.Extend != nil}, {"act", e.Act != nil}, {"state", e.State != nil}, {"stop", e.Stop != nil}, {"cut", e.Cut != nil},
	} {
		switch {
		case p.set && kind != "":
			return ""
		case p.set:
			kind = p.kind
		}
	}
	return kind
}

func (r *Report) refuseWave(w WaveDone) error {
	var last time.Duration
	if n := r.waves.len(); n > 0 {
		last = r.waves.at(n - 1).End
	}
	most := 0
	switch w.Kind {
	case WaveFirst, WavePrefill:
		most = mostSentBefore
	case WaveAgain:
		most = mostSentBefore
		if s := r.Start.Scenario; s.endpoints() == len(s.Probes) || r.fault(w.Probe) {
			return fmt.Errorf("wave %d asks an endpoint again after faults, and there is no endpoint or no fault", r.waves.len())
		}
	case WaveLoad:
		most = mostSent
	case WaveIdle, WaveDrain, WaveConfirm:
	case WaveWatch:
		if !r.watching() {
			return fmt.Errorf("wave %d is of a watch, and the run is none", r.waves.len())
		}
	default:
		return fmt.Errorf("there is no wave %q", w.Kind)
	}
	switch {
	case w.Probe < -1 || w.Probe >= len(r.Endpoints) || (w.Probe < 0) != (w.Requests == 0):
		return fmt.Errorf("wave %d: no probe %d for %d requests", r.waves.len(), w.Probe, w.Requests)
	case w.Requests < 0 || w.Requests > most || w.Requests == 0 && most > 0:
		return fmt.Errorf("wave %d: %d requests", r.waves.len(), w.Requests)
	case w.Start < last || w.End < w.Start || w.End > longest:
		return fmt.Errorf("wave %d lasts from %s to %s, the one before it to %s", r.waves.len(), w.Start, w.End, last)
	case min(w.Cell, w.Block) < -mostSent || max(w.Cell, w.Block, w.MaxInFlight) > mostSent:
		return fmt.Errorf("wave %d: cell %d, block %d, %d requests in flight", r.waves.len(), w.Cell, w.Block, w.MaxInFlight)
	case w.MaxInFlight < 0 || w.MaxInFlight > w.Requests && !r.fault(w.Probe) || w.MaxInFlight > mostAtOnce*w.Requests:
		return fmt.Errorf("wave %d: %d of %d requests in flight", r.waves.len(), w.MaxInFlight, w.Requests)
	}
	if err := r.refuseFault(w); err != nil {
		return fmt.Errorf("wave %d: %w", r.waves.len(), err)
	}
	if err := refuseAnswers(fmt.Sprintf("wave %d", r.waves.len()), w.Answers, w.Requests-w.Missed); err != nil {
		return err
	}
	if err := refuseCounts(w.Open); err != nil {
		return err
	}
	if w.Peak != nil {
		if err := refuseCount("peak", *w.Peak); err != nil {
			return err
		}
	}
	return w.Sample.refuse()
}

// refuseAnswers says that the answers are not those of so many requests, or fewer.
func refuseAnswers(what string, all []Answer, requests int) error {
	left := requests
	for _, a := range all {
		if a.N < 1 || a.N > left || a.Bytes < 0 || a.Bytes > mostHeld || a.Items != nil && (*a.Items < 0 || int64(*a.Items) > mostHeld) {
			return fmt.Errorf("%s has %d requests, and the answers are not theirs", what, requests)
		}
		left -= a.N
	}
	return nil
}

// mostAtOnce bounds the requests that one occurrence of a fault has in flight.
const mostAtOnce = 1000

// refuseFault says what only a wave of faults can have brought.
func (r *Report) refuseFault(w WaveDone) error {
	if !r.fault(w.Probe) {
		if w.Missed != 0 || w.Recovery != nil || w.During != nil {
			return fmt.Errorf("it is no fault, and tells of one")
		}
		return nil
	}
	if w.Missed < 0 || w.Missed > w.Requests {
		return fmt.Errorf("%d of %d occurrences were missed", w.Missed, w.Requests)
	}
	if w.Recovery == nil || w.Recovery.refuse() != nil {
		return fmt.Errorf("a fault without a proof of what came after it")
	}
	return w.During.refuse()
}

// refuseAct says what no act of the plan can have brought.
func (r *Report) refuseAct(d ActDone) error {
	planned := r.Start.Scenario.Acts
	if d.Act < 0 || d.Act >= len(planned) {
		return fmt.Errorf("there is no act %d", d.Act)
	}
	if n := len(r.acts); n > 0 && (r.acts[n-1].Act > d.Act || !r.acts[n-1].recovered()) || len(r.actsOf(d.Act)) == planned[d.Act].Times {
		return fmt.Errorf("%s comes once too often, or after what ended the acts", planned[d.Act].Name)
	}
	if d.Start < 0 || d.End < d.Start || d.End > longest {
		return fmt.Errorf("%s lasts from %s to %s", planned[d.Act].Name, d.Start, d.End)
	}
	switch c := d.Recovery; {
	case d.Missed < 0 || d.Missed > 1 || (d.Missed == 0) != (d.Why == "") || d.During != nil:
		return fmt.Errorf("%s was missed %d times in one", planned[d.Act].Name, d.Missed)
	case c == nil && d.Missed == 0 || c != nil && c.refuse() != nil:
		return fmt.Errorf("%s without a proof of what came after it", planned[d.Act].Name)
	}
	for _, all := range [][]Answer{d.Answers, d.Met} {
		if err := refuseAnswers(planned[d.Act].Name, all, mostSentBefore); err != nil {
			return err
		}
	}
	sent := d.Sent()
	if len(d.Levels) > 1 && len(d.Met) == 0 {
		return fmt.Errorf("%s has %d levels, and no request between them", planned[d.Act].Name, len(d.Levels))
	}
	if d.MaxInFlight < 0 || d.MaxInFlight > sent {
		return fmt.Errorf("%s was met by %d requests, %d at once", planned[d.Act].Name, sent, d.MaxInFlight)
	}
	levels := slices.Clone(d.Levels)
	for _, n := range []*int64{d.Before, d.After} {
		if n != nil {
			levels = append(levels, *n)
		}
	}
	for _, n := range levels {
		if err := refuseCount(GaugeFDs, n); err != nil {
			return err
		}
	}
	return nil
}

func (c *Recovery) refuse() error {
	if c.Took < 0 || c.Took > longest || (c.State == StateUp) != (c.Evidence == "") {
		return fmt.Errorf("a recovery in %s to %q: %s", c.Took, c.State, c.Evidence)
	}
	return (&Ladder{State: c.State}).refuse()
}

func (l *Ladder) refuse() error {
	if l != nil && !slices.Contains(append(States(), ""), l.State) {
		return fmt.Errorf("there is no state %q", l.State)
	}
	return nil
}

func (s Sample) refuse() error {
	for _, p := range s.Parts {
		if err := refuseCounts(p.Gauges); err != nil {
			return err
		}
	}
	if err := s.Trace.refuse(); err != nil {
		return err
	}
	if n := s.Nearest; n != nil && (n.Limit < 1 || refuseCount("nearest", n.FDs) != nil) {
		return fmt.Errorf("the process nearest to its limit holds %d of %d", n.FDs, n.Limit)
	}
	if err := refuseCounts(s.Table); err != nil {
		return err
	}
	return refuseCounts(s.Gauges)
}

func (d BatchDone) refuse() error {
	if d.Requests < 0 || d.Requests > mostSent || d.Errors < 0 || d.Errors > d.Requests || d.P50 < 0 || d.P99 < 0 {
		return fmt.Errorf("batch %d has %d requests, %d errors, latencies %s and %s", d.Batch, d.Requests, d.Errors, d.P50, d.P99)
	}
	if d.PeakFDs != nil {
		if err := refuseCount("peak", *d.PeakFDs); err != nil {
			return err
		}
	}
	if err := d.Trace.refuse(); err != nil {
		return err
	}
	if err := d.Goroutines.refuse(); err != nil {
		return err
	}
	if err := refuseCounts(d.Table); err != nil {
		return err
	}
	return refuseCounts(d.Gauges)
}

func refuseCounts(of map[string]int64) error {
	for name, n := range of {
		if err := refuseCount(name, n); err != nil {
			return err
		}
	}
	return nil
}

func refuseCount(name string, n int64) error {
	if n < 0 || n > mostHeld {
		return fmt.Errorf("%q is %d, which nothing can hold", name, n)
	}
	return nil
}
