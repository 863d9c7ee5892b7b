package soak

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Act is a fault after which the target is another process: it is ended, and is to
// come back. What it holds then says nothing about the one that was soaked, so acts
// are done after the last look, one after the other.
type Act struct {
	// Name is what reports call it, such as "fault:kill".
	Name string `json:"name"`
	// Fault says which, as a user would ask for it.
	Fault string `json:"fault"`
	// Times is how often it is done.
	Times int `json:"times"`
}

// NewAct makes an act of a fault of the given kind.
func NewAct(kind, spec string, times int) Act {
	return Act{Name: "fault:" + kind, Fault: spec, Times: times}
}

// mostActs bounds how often one act is done.
const mostActs = 20

// Validate reports what cannot be carried out.
func (a Act) Validate() error {
	if a.Name == "" || a.Times < 1 || a.Times > mostActs {
		return fmt.Errorf("%s: want it 1 to %d times, not %d", a.Name, mostActs, a.Times)
	}
	return nil
}

// Acted is what came of doing an act once, as its Actor saw it.
type Acted struct {
	// Outcome is that of the requests that were under way when the target was ended.
	Outcome
	// Wrong says what the target should not have done; empty for nothing.
	Wrong string `json:"wrong,omitempty"`
	// Seen says what it did that is its own business, such as to end at its start.
	Seen string `json:"seen,omitempty"`
	// Met are the answers to rounds of requests of the disturbed target, where it served.
	Met []Answer `json:"met,omitempty"`
	// Levels are its open file descriptors at rest, before the first round and after
	// each.
	Levels []int64 `json:"levels,omitempty"`
}

// ActDone is an act as it was carried out once.
type ActDone struct {
	// Act is its index in the scenario.
	Act int `json:"act"`
	// Start and End are ns since the run's start.
	Start time.Duration `json:"start_ns"`
	End   time.Duration `json:"end_ns"`
	Acted
	// Recovery is nil where the target was not healthy before, and nothing was done.
	Recovery *Recovery `json:"recovery,omitempty"`
	// Before and After are the open file descriptors at rest, After once it had answered
	// a request to every endpoint; nil where they were not read.
	Before *int64 `json:"before,omitempty"`
	After  *int64 `json:"after,omitempty"`
}

// recovered says whether the target is as healthy as it was before.
func (d ActDone) recovered() bool { return d.Recovery != nil && d.Recovery.State == StateUp }

// acts does all acts of the plan. One that the target does not recover from is the
// last, and so is the one in which the user quits.
func (r *running) acts(ctx context.Context) error {
	for i, a := range r.Start.Scenario.Acts {
		for range a.Times {
			if r.hasQuit() {
				return &halt{Stop{Reason: StopInterrupted}}
			}
			done, err := r.act(ctx, i)
			if err != nil {
				return err
			}
			if err := r.emit(Event{Kind: "act", Act: &done}); err != nil {
				return err
			}
			switch {
			case done.recovered():
			case r.hasQuit():
				return &halt{Stop{Reason: StopInterrupted}}
			default:
				return nil
			}
		}
	}
	return nil
}

// act does the act once: health and handles before it, the act, and both after it.
func (r *running) act(ctx context.Context, i int) (done ActDone, err error) {
	done = ActDone{Act: i, Start: r.now()}
	defer func() { done.End = r.now() }()
	if lad := r.Actor.Climb(ctx); lad.State != StateUp {
		done.Missed, done.Why = 1, "it was not healthy before: "+lad.Evidence
		return done, ctx.Err()
	}
	if done.Before, err = r.held(ctx); err != nil {
		done.Missed, done.Why = 1, err.Error()
		return done, ctx.Err()
	}
	acted, failed := r.Actor.Act(ctx, i)
	if done.Acted = acted; failed != nil {
		done.Missed, done.Why = 1, failed.Error()
	}
	if done.Recovery, err = r.recovery(ctx, r.Actor.Climb); err != nil || done.Recovery.State != StateUp {
		return done, err
	}
	if err := r.asked(ctx, &done); err != nil {
		return done, err
	}
	after, err := r.held(ctx)
	if errors.Is(err, ErrGone) {
		done.Recovery.State, done.Recovery.Evidence = StateDied, err.Error()
	}
	done.After = after // without a reading it is unknown
	return done, ctx.Err()
}

// held is what the target, whichever process it is, holds at rest.
func (r *running) held(ctx context.Context) (*int64, error) {
	s, err := AtRest(ctx, r.Actor)
	if err != nil {
		return nil, err
	}
	n := s.Gauges[GaugeFDs]
	return &n, nil
}

// goodRunning is how many good answers running an endpoint is to give after an act: one
// that fails nine times in ten gives them once in 10^20.
const goodRunning = 20

// asked sends requests to every endpoint of a target that is healthy again. One that
// was answered well in the run is to be so again, so many times running, and is to
// begin that within the time of a recovery.
func (r *running) asked(ctx context.Context, done *ActDone) error {
	from := r.now()
	for p := range r.Start.Scenario.endpoints() {
		w := outside(WaveFirst)
		w.Probe, w.Requests = p, 1
		for running, best := 0, 0; running < goodRunning; {
			out, err := r.Driver.Send(ctx, w)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				return &halt{Stop{StopBroken, err.Error()}}
			}
			e := r.report.Endpoints[p]
			if r.hasQuit() || len(out.Answers) == 0 || e.Errors == e.Requests {
				break
			}
			bad := r.report.bad(p, out.Answers[0])
			if bad == "" {
				running++
				best = max(best, running)
				continue
			}
			running = 0
			if r.now()-from >= r.Start.Scenario.RecoverWithin {
				done.wrong(fmt.Sprintf("%s was not answered as before: %s; %d good answers running are asked, it came to %d", e.Probe, bad, goodRunning, best))
				break
			}
			if err := pause(ctx, recoveryPoll); err != nil {
				return err
			}
		}
	}
	return nil
}

// wrong adds to what the target should not have done.
func (d *ActDone) wrong(what string) {
	if d.Wrong != "" {
		d.Wrong += "; "
	}
	d.Wrong += what
}
