package faults

import (
	"context"
	"errors"
)

// fdLimit leaves the processes that take connections no more than a few file
// descriptors: their soft limit is lowered, the hard one is left. What they start
// meanwhile inherits it, and gets it back with them.
var fdLimit = kind{
	name: "fd-limit", linux: true, keys: []key{count("free", 0, 0, 4096).drawn(0, 3), brief()},
	process: func(s Spec, p Processes) injector {
		return func(context.Context) (func(context.Context) error, error) {
			all, err := p.Listening()
			if err != nil {
				return nil, err
			}
			if len(all) == 0 {
				return nil, errors.New("no process of the target is seen to listen")
			}
			var steps []step
			for _, id := range all {
				one, err := lowered(id, int(s.number("free")))
				if err != nil {
					return nil, err
				}
				steps = append(steps, one)
			}
			if err := p.Healer.disturb(healerOrder{Do: steps, Within: s.Lasts() + overtime}); err != nil {
				return nil, errors.Join(err, p.healing(steps)(context.Background()))
			}
			return p.healing(steps), nil
		}
	},
}
