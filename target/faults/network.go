package faults

import (
	"context"
	"fmt"
	"time"

	"hermes-soak/soak"
)

// Network makes a fault of the network that p stands for. It disturbs what goes
// through p, and only that: whether anything did, the caller knows. Its jitter
// follows no seed. Both Inject and heal may end the connections through p that
// are open. After an error of heal p listens no more.
func (s Spec) Network(p *Proxy) (soak.Fault, error) {
	if s.kind.network == nil {
		return nil, fmt.Errorf("fault %s is not one of the network", s.kind.name)
	}
	do := s.kind.network(s, p)
	return injector(func(ctx context.Context) (func(context.Context) error, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		heal, err := do(ctx)
		if err != nil {
			return nil, fmt.Errorf("fault %s did not happen: %w", s.kind.name, err)
		}
		return heal, nil
	}), nil
}

// toxic makes the fault out of one of toxiproxy's toxics. What goes to the
// client is disturbed.
func toxic(name string, attributes func(Spec) map[string]int64) func(Spec, *Proxy) injector {
	return func(s Spec, p *Proxy) injector {
		return p.between(order{Add: &toxicOrder{Type: name, Attributes: attributes(s)}}, order{Remove: true})
	}
}

// answered reports whether a byte of an answer came.
func answered(a soak.Answer) bool { return a.Status != 0 }

// Met reports whether a request through the network that ended as a has met the fault,
// which is no occurrence otherwise.
func (s Spec) Met(a soak.Answer) bool { return s.kind.met(a) }

// Patience is how long a client waits for an answer through the network, if it waits
// for usual without the fault.
func (s Spec) Patience(usual time.Duration) time.Duration {
	switch s.kind.name {
	case latency.name:
		return usual + s.span(keyBy) + s.span(keyJitter)
	case resetPeer.name:
		return usual + s.span(keyAfter)
	case timeout.name:
		return min(usual, s.Lasts())
	}
	return usual
}
