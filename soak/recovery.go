package soak

import (
	"context"
	"slices"
	"time"
)

// Recovery is the proof that a target is healthy again after a fault.
type Recovery struct {
	// Took is the time from the end of the fault's wave, in ns.
	Took time.Duration `json:"took_ns"`
	// State is up, or what the target was when its time to recover was over.
	State State `json:"state"`
	// Evidence is that of the last look, where the target did not recover.
	Evidence string `json:"evidence,omitempty"`
}

// recoveryPoll is the time between two looks at a target that recovers.
const recoveryPoll = 50 * time.Millisecond

// recovered waits until the target is healthy after a wave of faults.
func (r *running) recovered(ctx context.Context, done *WaveDone) (err error) {
	done.Recovery, err = r.recovery(ctx, func(ctx context.Context) Ladder { return r.Climb(ctx, ClimbRecovery) })
	return err
}

// recovery waits until the target is healthy: until its time is over, it is gone for
// good, or the user quits.
func (r *running) recovery(ctx context.Context, climb func(context.Context) Ladder) (*Recovery, error) {
	from := r.now()
	for {
		lad := climb(ctx)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c := &Recovery{Took: r.now() - from, State: lad.State}
		if lad.State == StateUp {
			return c, nil
		}
		c.Evidence = lad.Evidence
		gone := lad.State == StateDied || lad.State == StateRestarted
		if gone || c.Took >= r.Start.Scenario.RecoverWithin || r.hasQuit() {
			return c, nil
		}
		if err := pause(ctx, recoveryPoll); err != nil {
			return nil, err
		}
	}
}

// unwell ends the run where the target did not recover from a fault and no longer
// serves.
func (r *running) unwell(ctx context.Context, w WaveDone) error {
	if w.Recovery != nil && !w.Recovery.State.Serving() {
		if err := r.climbAfterFailure(ctx); err != nil {
			return err
		}
	}
	return r.quitting(w.Wave)
}

// fault says whether the probe is a fault.
func (r *Report) fault(probe int) bool {
	return probe >= 0 && probe < len(r.Start.Scenario.Probes) && r.Start.Scenario.Probes[probe].Fault != ""
}

// broughtDown is the fault that ended the run: the target did not serve again after
// the last wave that was sent.
func (r *Report) broughtDown() (fault string, down bool) {
	if !slices.Contains([]StopReason{StopDied, StopRestarted, StopWedged}, r.Stop.Reason) {
		return "", false
	}
	for i := r.waves.len() - 1; i >= 0; i-- {
		if w := r.waves.at(i); w.Kind == WaveLoad {
			return r.Start.Scenario.Probes[w.Probe].Name, w.Recovery != nil && !w.Recovery.State.Serving()
		}
	}
	return "", false
}

// clock is the clock of the cells of the probe.
func (r *running) clock(probe int) *slotClock {
	if !r.report.fault(probe) {
		return r.slots
	}
	if r.faultSlots[probe] == nil {
		r.faultSlots[probe] = newSlotClock(true)
	}
	return r.faultSlots[probe]
}

// timed notes what the wave took for the length of the slots to come. A wave of
// requests that hang says nothing of that; faults are there to make them hang.
func (r *running) timed(w WaveDone, load, settling time.Duration) error {
	n, most := w.Sent(), r.mostOf(w.Wave)
	switch {
	case w.Together:
		n, most = min(n, 1), 1
	case !r.report.fault(w.Probe) && r.report.unfinished(w.Outcome) > 0:
		return nil
	}
	return r.clock(w.Probe).note(n, most, load, settling)
}

// mostOf is the most requests, or occurrences, that a wave like w may hold.
func (r *running) mostOf(w Wave) int {
	if r.report.fault(w.Probe) {
		return max(w.Requests, faultMost)
	}
	return max(r.largest, w.Requests)
}
