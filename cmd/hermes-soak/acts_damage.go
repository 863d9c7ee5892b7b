package main

import (
	"context"
	"errors"
	"fmt"

	"hermes-soak/soak"
	"hermes-soak/target/faults"
)

// damagedRounds is how often requests meet damaged data, with a look after each time:
// as many as it takes to prove that something piles up, and one.
const damagedRounds = 8

// onDamaged has the server start on damaged data, sends it requests, and has it end. It
// may refuse as it likes, but not hang.
func (a *actor) onDamaged(ctx context.Context, spec faults.Spec, done *soak.Acted) error {
	a.lost, a.again = true, true
	var lad soak.Ladder
	over := func() bool {
		lad = a.Climb(ctx)
		return lad.State.Serving() || lad.State == soak.StateDied
	}
	if !a.await(ctx, a.within, over) {
		if ctx.Err() == nil && !a.hasQuit() {
			done.Wrong = fmt.Sprintf("on a damaged database it neither answered nor ended within %s: %s", a.within, lad.Evidence)
		}
		return ctx.Err()
	}
	if lad.State == soak.StateDied {
		done.Seen = "on a damaged database " + lad.Evidence
		return nil
	}
	for round := 0; !a.hasQuit(); round++ {
		s, err := soak.AtRest(ctx, a)
		if errors.Is(err, soak.ErrGone) {
			done.Seen = "on a damaged database it ended: " + err.Error()
			return nil
		}
		if err != nil {
			return err
		}
		if done.Levels = append(done.Levels, s.Gauges[soak.GaugeFDs]); round == damagedRounds {
			break
		}
		if err := a.meetDamage(ctx, done); err != nil {
			return err
		}
	}
	listening, err := a.listening()
	if err != nil {
		return err
	}
	return a.strike(ctx, spec, listening, done)
}

// meetDamage sends a few requests to every endpoint, none of which is to hang.
func (a *actor) meetDamage(ctx context.Context, done *soak.Acted) error {
	met := soak.Outcome{Answers: done.Met}
	for p := range a.asked {
		out, err := a.load.Send(ctx, soak.Wave{Kind: soak.WaveLoad, Probe: p, Requests: 2 * underway})
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		for _, answer := range out.Answers {
			met.Add(answer, 0)
		}
	}
	done.Met = met.Answers
	if hung := met.Count(func(answer soak.Answer) bool { return answer.Class == soak.ClassTimeout }); hung > 0 {
		done.Wrong = fmt.Sprintf("on a damaged database %s got no whole answer in time", counted(hung, "request", "requests"))
	}
	return nil
}
