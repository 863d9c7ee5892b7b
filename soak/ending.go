package soak

import (
	"context"
	"errors"
	"fmt"
)

// ended passes on the end of the run in a wave. A fault that ended the target is told
// of, though what there is to be read is not the target any more.
func (r *running) ended(done *WaveDone, end error) error {
	var h *halt
	if done.Recovery == nil || !errors.As(end, &h) || !stopped(end, StopDied, StopRestarted, StopWedged) {
		return end
	}
	if c := done.Recovery; c.State.Serving() { // it ended since
		lad, _ := r.report.last(ClimbFailure)
		if c.State, c.Evidence = lad.State, h.Detail; c.State.Serving() {
			c.State = StateDied
		}
	}
	done.End, done.Sample.Gauges = r.now(), map[string]int64{}
	if err := r.emit(Event{Kind: "wave", Wave: done}); err != nil {
		return err
	}
	return end
}

// mutedAfter is after how many waves running in which a probe got no whole
// answer the run is given up, although the server answers otherwise.
const mutedAfter = 3

// answered decides whether the run goes on after a wave of requests: not when
// the user quits, not when none was answered and the ladder agrees, and not when
// an endpoint has gone silent for good, or answers without end: every further wave
// would cost its timeouts and add nothing.
func (r *running) answered(ctx context.Context, w WaveDone) error {
	switch {
	case r.report.fault(w.Probe):
		return r.unwell(ctx, w)
	case w.Kind == WaveAgain:
		return r.quitting(w.Wave)
	}
	n := w.Sent()
	if n == 0 || r.report.unfinished(w.Outcome) < n {
		delete(r.muted, w.Probe)
		return r.quitting(w.Wave)
	}
	if err := r.climbAfterFailure(ctx); err != nil {
		return err
	}
	if r.muted[w.Probe]++; r.muted[w.Probe] == mutedAfter {
		name := r.Start.Scenario.Probes[w.Probe].Name
		return &halt{Stop{StopWedged, fmt.Sprintf("%s got no whole answer in %d waves running", name, mutedAfter)}}
	}
	return r.quitting(w.Wave)
}

// quitting ends the load when the user has asked for it; the drain goes on.
func (r *running) quitting(w Wave) error {
	if w.Kind == WaveDrain || !r.hasQuit() {
		return nil
	}
	return &halt{Stop{Reason: StopInterrupted}}
}

func (r *running) hasQuit() bool {
	select {
	case <-r.Quit:
		return true
	default:
		return false
	}
}

func (r *running) climb(ctx context.Context, when string) (Ladder, error) {
	lad := r.Climb(ctx, when)
	return lad, r.noted(ctx, lad)
}

// noted records a climb. One that came to nothing ends the run; a user who did not
// wait for it is no broken measurement.
func (r *running) noted(ctx context.Context, lad Ladder) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.emit(Event{Kind: "ladder", Ladder: &lad}); err != nil {
		return err
	}
	switch {
	case lad.State != "":
		return nil
	case r.report.watching() && r.hasQuit():
		return &halt{Stop{Reason: StopDone}}
	}
	return &halt{Stop{StopBroken, lad.Evidence}}
}

// climbAfterFailure ends the run where the whole ladder agrees that the target
// no longer serves.
func (r *running) climbAfterFailure(ctx context.Context) error {
	lad, err := r.climb(ctx, ClimbFailure)
	if err != nil {
		return err
	}
	if !lad.State.Serving() {
		return &halt{Stop{lad.State.stop(), lad.Evidence}}
	}
	return nil
}

// lost turns an error of the sampler into the end of the run. A process that is
// gone is evidence about the target, everything else is a broken measurement.
func (r *running) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, ErrGone) {
		lad, failed := r.climb(ctx, ClimbFailure)
		if failed != nil {
			return failed
		}
		if lad.State == StateRestarted {
			return &halt{Stop{StopRestarted, lad.Evidence}}
		}
		return &halt{Stop{StopDied, err.Error()}}
	}
	return &halt{Stop{StopBlind, err.Error()}}
}
