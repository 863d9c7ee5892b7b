package faults

import (
	"context"
	"runtime"
)

// cpu takes the target's processors: loops in a process of ours.
var cpu = kind{
	name: "cpu", keys: []key{count("n", 0, 0, 1024).drawn(1, 2), brief()},
	process: func(s Spec, p Processes) injector {
		return func(context.Context) (func(context.Context) error, error) {
			n := int(s.number("n"))
			if n == 0 {
				n = runtime.NumCPU()
			}
			if err := p.Healer.disturb(healerOrder{Burn: n, Within: s.Lasts() + overtime}); err != nil {
				return nil, err
			}
			return func(context.Context) error { return p.Healer.heal(healerOrder{Calm: true}) }, nil
		}
	},
}
