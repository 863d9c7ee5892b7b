package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// burstBytes bounds what is read of one answer.
const burstBytes = 16 << 20

// burst is many clients at once, with one request each, that read their answers
// to the end. It happened when each request was sent and one was answered.
var burst = kind{
	name: "burst", path: true, keys: []key{count(keyCount, 50, 2, 500).drawn(4, 16), within()},
	client: func(s Spec, t Target, _ uint64) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			bounded, cancel := context.WithTimeout(ctx, s.span(keyWithin))
			defer cancel()
			n := int(s.number(keyCount))
			got, errs := make([]int64, n), make([]error, n)
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() {
					c, err := t.send(bounded, t.get())
					if err != nil {
						errs[i] = err
						return
					}
					defer c.leave()
					got[i] = c.drain(bounded, burstBytes)
				})
			}
			all.Wait()
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return healed, burstHappened(got, errs)
		}
	},
}

// burstHappened judges how many bytes each client got, or why its request was
// not sent.
func burstHappened(got []int64, errs []error) error {
	var failed int
	var first error
	var answered bool
	for i, err := range errs {
		if err != nil {
			failed++
			first = err
		}
		answered = answered || got[i] > 0
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%d of %d requests could not be sent: %w", failed, len(errs), first)
	case !answered:
		return errors.New("no request was answered in time")
	}
	return nil
}
