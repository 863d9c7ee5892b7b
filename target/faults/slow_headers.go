package faults

import (
	"context"
	"time"
)

// slowHeaders is a client whose request never gets to its end: a byte of its
// headers comes ten times a second, until the time is up or the target closes.
// It is in place with the first such byte.
var slowHeaders = kind{
	name: "slow-headers", path: true, keys: []key{lasting()},
	client: func(s Spec, t Target, _ uint64) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			c, err := t.send(ctx, t.head("GET")+"X-Slow: a")
			if err != nil {
				return nil, err
			}
			return hold(c, s.Lasts(), func(ctx context.Context) error {
				defer c.leave()
				writeSlowly(ctx, c)
				return nil
			}), nil
		}
	},
}

// writeSlowly writes bytes until ctx or the connection ends.
func writeSlowly(ctx context.Context, c *conn) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if write(c, "a") != nil {
				return
			}
		}
	}
}
