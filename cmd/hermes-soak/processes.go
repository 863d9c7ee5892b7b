package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target"
	"hermes-soak/target/faults"
)

// allowFaults refuses faults of processes and files where they could do harm.
func (p targetPlan) allowFaults(allowed bool) error {
	for _, s := range slices.Concat(p.faults, p.acts) {
		switch {
		case s.NeedsHome() && (p.kind != "bundled" || p.home != ""):
			return usage(fmt.Errorf("fault %s: it is only for the bundled WebUI in a home that hermes-soak makes itself", s.Kind()), "leave out the target, and --home")
		case (s.NeedsProcesses() || s.IsAct()) && p.kind == "attached" && !allowed:
			return usage(fmt.Errorf("fault %s: it disturbs a process that hermes-soak did not start", s.Kind()), "--allow-process-faults allows it; or have the server started: hermes-soak run --url URL -- COMMAND")
		case s.IsAct() && runtime.GOOS != "linux":
			return usage(fmt.Errorf("fault %s is for Linux only", s.Kind()), "")
		}
	}
	return nil
}

// unlisted says that what the server acknowledges is not looked up, where the user may
// think so; "" where it is, or nobody does.
func (p targetPlan) unlisted() string {
	if len(p.acts) == 0 || p.kind != "bundled" || p.home == "" {
		return ""
	}
	return "note: the home is yours, so no new sessions are made in it, and whether what was acknowledged survives " + p.acts[0].Kind() + " is not looked up; without --home it is"
}

// processes are the target as the faults of its processes see it.
func (s *server) processes(healer *faults.Healer) faults.Processes {
	p := faults.Processes{
		Healer:    healer,
		Database:  s.database(),
		SmallDisk: s.smallDisk,
		Listening: func() ([]target.Identity, error) {
			if err := target.Alive(procRoot, s.identity()); err != nil {
				return nil, err // its pid may be another's
			}
			return target.Holders(procRoot, s.PID, s.addrs())
		},
		Tree: func() (all []target.Identity, err error) {
			if err := target.Alive(procRoot, s.identity()); err != nil {
				return nil, err
			}
			pids, err := target.Tree(procRoot, s.PID)
			for _, pid := range pids {
				if id, err := target.Identify(procRoot, pid); err == nil { // else it has ended
					all = append(all, id)
				}
			}
			return all, err
		},
	}
	return p
}

// mostMeanwhile bounds the requests that are sent at once while a fault is there.
const mostMeanwhile = 16

// process makes a fault of the target's processes or files. The requests that are
// sent meanwhile give up before it is healed: clients that go away in the middle. They
// are those of config, or new sessions where the fault is one of the database.
func (d *disturber) process(ctx context.Context, one *disturbance, s *server, p targetPlan, config load.Config, within time.Duration) (err error) {
	if d.healer == nil {
		if d.healer, err = faults.StartHealer(); err != nil {
			return &exitError{soak.ExitBroken, err, ""}
		}
	}
	if one.Fault, err = one.spec.Process(s.processes(d.healer)); err != nil {
		return usage(err, "")
	}
	config.Concurrency, config.Rate, config.ConnectionPerRequest = mostMeanwhile, 0, true
	if one.spec.NeedsHome() {
		return d.files(ctx, one, s, config, within)
	}
	config.Timeout = min(config.Timeout, one.spec.Lasts()/2)
	if one.spec.Kind() == "fd-limit" {
		p.deep = ""
		climber, err := s.climbers(p, soak.Scenario{Timeout: config.Timeout})
		if err != nil {
			return usage(err, "")
		}
		one.climb = func(ctx context.Context) *soak.Ladder {
			l := climber.Climb(ctx, soak.ClimbFault)
			return &l
		}
	}
	one.through, err = load.New(config)
	return err
}

// meanwhile sends the requests of the wave at once while the fault is there, to one
// endpoint, the next wave to the next. Each of them is one occurrence, however it
// ended.
func (one *disturbance) meanwhile(ctx context.Context, w soak.Wave) (soak.Outcome, error) {
	heal, err := one.Inject(ctx)
	if err != nil {
		return soak.Outcome{Missed: w.Requests, Why: err.Error()}, nil
	}
	over := time.Now().Add(one.spec.Lasts())
	climbed := make(chan *soak.Ladder, 1)
	go func() {
		if one.climb == nil {
			close(climbed)
			return
		}
		climbed <- one.climb(ctx)
	}()
	out, err := one.send(ctx, w.Requests)
	out.MaxInFlight, out.Together = out.Sent(), true // who gave up left a request behind
	if seen := <-climbed; ctx.Err() == nil {
		out.During = seen
	} else {
		err = nil // the requests were given up by us, as was the look
	}
	hold(ctx, time.Until(over))
	if err = errors.Join(err, heal(context.WithoutCancel(ctx))); err == nil && one.ledger != nil && ctx.Err() == nil {
		err = one.afterwards(ctx)
	}
	return out, err
}

// send sends n requests at once, to one endpoint, the next wave to the next.
func (one *disturbance) send(ctx context.Context, n int) (soak.Outcome, error) {
	if one.ledger != nil {
		out := one.ledger.write(ctx, n, mostMeanwhile, one.patience)
		for _, a := range out.Answers {
			if one.works && a.Status >= 400 {
				one.ledger.refuse(a)
			}
		}
		return out, nil
	}
	at := one.next % one.asked
	one.next++
	return one.through.Send(ctx, soak.Wave{Kind: soak.WaveLoad, Probe: at, Requests: n})
}
