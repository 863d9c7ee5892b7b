package faults

import (
	"context"
	"errors"
	"time"

	"hermes-soak/target"
)

// pause stops all processes of the target, those that it starts meanwhile too.
// Processes that somebody else has stopped already are left to him.
var pause = kind{
	name: "pause", linux: true, keys: []key{brief()},
	process: func(s Spec, p Processes) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			steps, err := p.stop(s)
			if err != nil {
				if len(steps) > 0 {
					err = errors.Join(err, p.healing(steps)(ctx))
				}
				return nil, err
			}
			return p.healing(steps), nil
		}
	},
}

// brief is the key for of a fault that stands in the way of every request.
func brief() key {
	return span(keyFor, 500*time.Millisecond, 50*time.Millisecond, 5*time.Minute).drawnSpan(60*time.Millisecond, 160*time.Millisecond)
}

// stopRounds bounds the looks for processes that were started while we stopped others.
const stopRounds = 10

func (p Processes) stop(s Spec) (steps []step, err error) {
	seen := map[target.Identity]bool{}
	for range stopRounds {
		all, err := p.Tree()
		if err != nil {
			return steps, err
		}
		var fresh []step
		for _, id := range all {
			if !seen[id] && !target.Stopped(procRoot, id.PID) {
				fresh = append(fresh, step{Identity: id})
			}
			seen[id] = true
		}
		if len(fresh) == 0 {
			if len(steps) == 0 {
				return nil, errors.New("no process of the target runs")
			}
			return steps, nil
		}
		steps = append(steps, fresh...)
		if err := p.Healer.disturb(healerOrder{Do: fresh, Within: s.Lasts() + overtime}); err != nil {
			return steps, err
		}
	}
	return steps, errors.New("the target starts processes faster than they can be stopped")
}
