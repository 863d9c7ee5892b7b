package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target"
	"hermes-soak/target/faults"
)

// actor ends the processes of a server that take its connections, and follows it to
// those that come in their place.
type actor struct {
	server *server
	plan   targetPlan
	watch  []soak.Group
	climb  func(context.Context, string) soak.Ladder
	load   *load.Driver // of the requests that are under way, or that meet damaged data
	asked  int          // endpoints that it knows
	ledger *ledger      // takes new sessions in their place; nil is none
	quit   <-chan struct{}
	random *rand.Rand
	within time.Duration // the time of a recovery

	gap     time.Duration   // between a start and the next end, where a supervisor brings it back
	started time.Time       // when it was seen to be back last, or the run began
	origins []target.Origin // of what was ended, where no supervisor names what comes next

	lost  bool // the processes were ended, and those in their place are not found yet
	again bool // the guard may start the server, which it does once for each end
}

const (
	underway    = 4                      // requests that are under way at once
	mostRounds  = 64                     // of so many requests each time, while a server ends
	leastBefore = 20 * time.Millisecond  // between the first request and the end of the server
	mostBefore  = 120 * time.Millisecond // the same
	endPoll     = 10 * time.Millisecond
	killWithin  = 10 * time.Second // how long a process may take to end that was killed
)

// actsOf are the acts as the record names them.
func actsOf(specs []faults.Spec) (all []soak.Act) {
	names := map[string]int{}
	for _, s := range specs {
		a := soak.NewAct(s.Kind(), s.String(), s.Times())
		if names[a.Name]++; names[a.Name] > 1 {
			a.Name += fmt.Sprintf(" #%d", names[a.Name])
		}
		all = append(all, a)
	}
	return all
}

// newActor makes the actor of a server. config is that of its load.
func (d *disturber) newActor(ctx context.Context, s *server, p targetPlan, config load.Config, scenario soak.Scenario, climb func(context.Context, string) soak.Ladder, quit <-chan struct{}) (a *actor, err error) {
	var writes *ledger
	if len(p.acts) > 0 && s.home != "" {
		if writes, err = d.ledgerOf(ctx, s, config); err != nil {
			return nil, err
		}
	}
	config.Concurrency, config.Rate, config.ConnectionPerRequest = underway, 0, true
	a = &actor{
		server: s, plan: p, watch: scenario.Watch, climb: climb, asked: len(config.Probes), ledger: writes, quit: quit,
		random: rand.New(rand.NewPCG(scenario.Seed, uint64(len(p.acts)))), within: scenario.RecoverWithin,
	}
	if len(p.acts) > 0 && p.kind == "attached" {
		if err := restarts(s.service, p.acts); err != nil {
			return nil, err
		}
		a.gap, a.started = between(s.service), time.Now() // the server may just have been started
		if a.origins, err = s.origins(); err != nil {
			return nil, &exitError{soak.ExitBroken, err, asOwner()}
		}
	}
	a.load, err = load.New(config)
	return a, err
}

// Sample reads the processes that the server is made of now.
func (a *actor) Sample(ctx context.Context) (soak.Sample, error) { return a.server.sampler.Sample(ctx) }

// Climb finds the server again where it was ended, and asks whether it is healthy.
func (a *actor) Climb(ctx context.Context) soak.Ladder {
	if a.lost {
		state, why := a.find(ctx)
		if state != soak.StateUp {
			return soak.Ladder{When: soak.ClimbRecovery, State: state, Evidence: string(state) + ": " + why}
		}
		a.lost = false
	}
	return a.climb(ctx, soak.ClimbRecovery)
}

// Act ends the server under load.
func (a *actor) Act(ctx context.Context, act int) (done soak.Acted, err error) {
	spec := a.plan.acts[act]
	if err := a.end(ctx, spec, &done); err != nil || !spec.Damages() {
		return done, err
	}
	back, err := spec.Corrupt(ctx, a.server.database(), a.random.Uint64())
	if err != nil {
		return done, err
	}
	err = a.onDamaged(ctx, spec, &done)
	a.lost, a.again = true, true
	return done, errors.Join(err, back())
}

// end has the processes that take connections end while requests are under way.
func (a *actor) end(ctx context.Context, spec faults.Spec, done *soak.Acted) error {
	if next := a.started.Add(a.gap); !a.await(ctx, a.gap+endPoll, func() bool { return !time.Now().Before(next) }) {
		return errors.Join(ctx.Err(), errors.New("the run was to end while the server was let run for a while"))
	}
	listening, err := a.listening()
	if err != nil {
		return err
	}
	enough, answered := make(chan struct{}), make(chan error, 1)
	go func() { answered <- a.under(ctx, enough, &done.Outcome) }()
	hold(ctx, leastBefore+time.Duration(a.random.Int64N(int64(mostBefore-leastBefore))))
	if a.ledger != nil {
		a.await(ctx, a.within, a.ledger.hasAny) // else nothing is there that could be lost
	}
	err = a.strike(ctx, spec, listening, done)
	close(enough)
	return errors.Join(err, <-answered)
}

func (a *actor) listening() ([]target.Identity, error) {
	if err := target.Alive(a.server.root, a.server.identity()); err != nil {
		return nil, err // its pid may be another's
	}
	all, err := target.Holders(a.server.root, a.server.PID, a.server.addrs())
	if err == nil && len(all) == 0 {
		err = errors.New("no process of the target is seen to listen")
	}
	return all, err
}

// strike ends the processes, at last by KILL, which they should not need.
func (a *actor) strike(ctx context.Context, spec faults.Spec, all []target.Identity, done *soak.Acted) error {
	if err := spec.Strike(all); err != nil {
		return err
	}
	a.lost, a.again = true, true
	if within := spec.EndsWithin(); within > 0 && !a.await(ctx, within, a.gone(all)) && ctx.Err() == nil {
		if !a.hasQuit() {
			done.Wrong = fmt.Sprintf("%s did not end within %s of TERM", pids(all), within)
		}
		if err := faults.Finish(all); err != nil {
			return err
		}
	}
	for end := time.Now().Add(killWithin); !a.gone(all)(); hold(ctx, endPoll) {
		if ctx.Err() != nil || time.Now().After(end) {
			return errors.Join(ctx.Err(), fmt.Errorf("%s outlived KILL", pids(all)))
		}
	}
	return nil
}

func (a *actor) gone(all []target.Identity) func() bool {
	return func() bool {
		for _, id := range all {
			if !errors.Is(target.Alive(a.server.root, id), soak.ErrGone) {
				return false
			}
		}
		return true
	}
}

// await looks until it is done, and says whether it is: not where the time is over, or
// the user quits.
func (a *actor) await(ctx context.Context, within time.Duration, done func() bool) bool {
	for end := time.Now().Add(within); !done(); hold(ctx, endPoll) {
		if ctx.Err() != nil || a.hasQuit() || time.Now().After(end) {
			return false
		}
	}
	return true
}

func (a *actor) hasQuit() bool {
	select {
	case <-a.quit:
		return true
	default:
		return false
	}
}

// under keeps requests under way until there are enough, or nobody takes them.
func (a *actor) under(ctx context.Context, enough <-chan struct{}, all *soak.Outcome) error {
	for round := range mostRounds {
		select {
		case <-enough:
			return nil
		default:
		}
		out, err := a.ask(ctx, round)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		}
		for _, answer := range out.Answers {
			all.Add(answer, 0)
		}
		all.MaxInFlight = max(all.MaxInFlight, min(out.MaxInFlight, out.Sent()))
		if out.Count(func(answer soak.Answer) bool { return answer.Class == soak.ClassRefused }) == out.Sent() {
			return nil
		}
	}
	return nil
}

// ask sends a round of requests: new sessions where these are in the ledger.
func (a *actor) ask(ctx context.Context, round int) (soak.Outcome, error) {
	if a.ledger == nil {
		return a.load.Send(ctx, soak.Wave{Kind: soak.WaveLoad, Probe: round % a.asked, Requests: 2 * underway})
	}
	out := a.ledger.write(ctx, 2*underway, underway, recoveryTimeout)
	if out.Missed > 0 {
		return out, errors.New(out.Why)
	}
	return out, nil
}
