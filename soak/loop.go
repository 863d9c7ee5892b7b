package soak

import (
	"context"
	"errors"
	"slices"
	"time"

	"hermes-soak/soak/ratchet"
)

// Loop carries out one soak: it plans the waves, sends them, samples the target
// at rest after each, and records what happened as events.
type Loop struct {
	// Run and Source go into every event: the run's name and this process's.
	Run, Source string
	Start       Start
	// Resumed is what the run has learned so far, where it goes on with one that broke off,
	// whose name and start it has; nil begins one.
	Resumed *Report
	Driver  Driver
	Sampler Sampler
	// Climb climbs the health ladder at the given point of the run.
	Climb func(ctx context.Context, when string) Ladder
	// Peek climbs the rungs that send no request.
	Peek func(ctx context.Context, when string) Ladder
	// Goroutines reads those of a Go target; nil where they are not looked at.
	Goroutines func(ctx context.Context) (map[string]int64, error)
	// Actor does the acts of the plan; nil where there are none.
	Actor    Actor
	Recorder Recorder
	// Stored looks at what became of the sessions that the server acknowledged, last of
	// all; nil is not looked.
	Stored func(ctx context.Context) Stored
	// Quit ends the load when it is closed: the wave in hand is ended, the
	// target drained, the run judged.
	Quit <-chan struct{}
	// Seen is called after each sample of a watch; nil is not.
	Seen func(*Report)
}

// The points of a run at which the ladder is climbed.
const (
	ClimbStart   = "start"
	ClimbFailure = "failure"
	ClimbWatch   = "watch" // between two samples of a watch, where it found what the one before had not
	ClimbEnd     = "end"
	// ClimbRecovery asks only whether the server is healthy again after a fault.
	ClimbRecovery = "recovery"
	// ClimbFault is the look at the server while a fault is there.
	ClimbFault = "fault"
)

const (
	prefillBursts = 5
	drainLongest  = 35 * time.Second // a dropped stream is kept for 29 s by real servers
	peakEvery     = 2 * time.Millisecond
	openEvery     = time.Millisecond / 2
)

// Soak carries out the run and judges it. Whatever the target does, and a
// recorder that fails, is part of the report; the error is not nil only when
// ctx was done, or it wraps ErrNotResumed.
func (l *Loop) Soak(ctx context.Context) (*Report, error) {
	r := &running{Loop: l, began: time.Now(), report: NewReport(), slots: newSlotClock(false), faultSlots: map[int]*slotClock{}, muted: map[int]int{}, seen: map[string]bool{}, openLooks: map[int]int{}, whole: newLatency(), encoder: newEncoder()}
	for range l.Start.Scenario.Probes {
		r.latencies = append(r.latencies, newLatency())
	}
	var err error
	if l.Resumed == nil {
		err = r.emit(Event{Kind: "start", Start: &l.Start})
	} else if err = r.goOn(ctx); err != nil {
		return nil, err
	}
	if err == nil {
		err = r.phases(ctx)
	}
	stop, err := stopOf(err)
	if err != nil {
		return nil, err
	}
	if failed := r.stored(ctx); failed != nil {
		if stop, err = stopOf(failed); err != nil {
			return nil, err
		}
	}
	if err := r.emit(Event{Kind: "stop", Stop: &stop}); err != nil {
		if r.report.Stop, err = stopOf(err); err != nil {
			return nil, err
		}
	}
	Judge(r.report)
	return r.report, nil
}

// stopOf is the end of a run that returned err; an error that is no halt stays.
func stopOf(err error) (Stop, error) {
	var h *halt
	switch {
	case err == nil:
		return Stop{Reason: StopDone}, nil
	case errors.As(err, &h):
		return h.Stop, nil
	}
	return Stop{}, err
}

// halt is the end of a run before its plan was done.
type halt struct{ Stop }

func (h *halt) Error() string { return string(h.Reason) + ": " + h.Detail }

// phases goes through the run in order: the load, the drain and the last look,
// and all three again while growth is not decided. A target that no longer
// answers, and a user who has had enough, still get the drain and the last look.
func (r *running) phases(ctx context.Context) error {
	if r.report.watching() {
		return r.observe(ctx)
	}
	plan := NewLayout(&r.Start.Scenario)
	var end error
	if r.Resumed != nil {
		end = r.behindCut(ctx, plan)
	} else {
		end = r.before(ctx)
	}
	for look := len(r.report.Extensions) + 1; ; look++ {
		if end == nil {
			end = r.cells(ctx, plan)
		}
		if end == nil {
			end = r.again(ctx)
		}
		if end != nil && !stopped(end, StopWedged, StopInterrupted, StopFailFast, StopCeiling) {
			return end
		}
		if err := r.finish(ctx); err != nil {
			return err
		}
		if end != nil {
			break
		}
		more, err := r.extends(plan, look)
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	if (end == nil || stopped(end, StopFailFast, StopCeiling)) && next(r.report) == ratchet.Rest {
		if err := r.idle(ctx, WaveConfirm, r.report.loaded()); err != nil {
			return err
		}
	}
	if end == nil {
		return r.acts(ctx)
	}
	return end
}

// stopped reports whether err is the end of the run for one of the reasons.
func stopped(err error, reasons ...StopReason) bool {
	var h *halt
	return errors.As(err, &h) && slices.Contains(reasons, h.Reason)
}

// finish drains the target and takes the last look at it.
func (r *running) finish(ctx context.Context) error {
	if err := r.drain(ctx); err != nil {
		return err
	}
	if err := r.rest(ctx, RestEnd); err != nil {
		return err
	}
	_, err := r.climb(ctx, ClimbEnd)
	return err
}

// cells runs the cells that the layout has planned, batch by batch.
func (r *running) cells(ctx context.Context, plan *Layout) error {
	if r.cell == 0 {
		r.firstCell = r.now()
	}
	for {
		c, more := plan.Next(r.now() - r.firstCell)
		if done := r.batch.Batch; done > 0 && (!more || c.Batch != done) {
			if err := r.closeBatch(ctx); err != nil {
				return err
			}
			if more {
				if err := r.failFast(done); err != nil {
					return err
				}
			}
		}
		if !more {
			return nil
		}
		r.batch.Batch, r.largest = c.Batch, plan.Largest()
		if err := r.runCell(ctx, c); err != nil {
			return err
		}
	}
}

// runCell runs the three slots of a cell, all of one length.
func (r *running) runCell(ctx context.Context, c Cell) error {
	length := r.clock(c.Probe).length()
	for place := range 3 {
		w := Wave{Kind: WaveIdle, Cell: r.cell, Batch: c.Batch, Block: c.Block, Probe: -1}
		if place == c.Load {
			w.Kind, w.Probe, w.Requests = WaveLoad, c.Probe, c.Requests
		}
		if err := r.wave(ctx, w, length); err != nil {
			return err
		}
	}
	r.cell++
	return nil
}

// drain runs idle slots for the longer of the scenario's drain and a tenth of
// the load, and on for at most 35 s while the target holds more sockets than
// before the first request: servers keep a dropped stream for half a minute.
func (r *running) drain(ctx context.Context) error {
	from := r.now()
	if err := r.idle(ctx, WaveDrain, max(r.Start.Scenario.Drain, r.report.loaded()/10)); err != nil {
		return err
	}
	before, ok := r.report.Rests[RestBefore].Gauges[GaugeSocket]
	for ok && r.last.Gauges[GaugeSocket] > before && r.now()-from < drainLongest {
		if err := r.idle(ctx, WaveDrain, r.slots.length()); err != nil {
			return err
		}
	}
	return nil
}

// idle runs idle slots, three at a time, for at least d.
func (r *running) idle(ctx context.Context, kind WaveKind, d time.Duration) error {
	for from := r.now(); r.now()-from < d; {
		for range 3 {
			if err := r.wave(ctx, outside(kind), r.slots.length()); err != nil {
				return err
			}
		}
	}
	return nil
}
