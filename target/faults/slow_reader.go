package faults

import (
	"context"
	"time"
)

// slowReader is a client that takes an answer a few bytes at a time, ten times
// a second, and goes away with RST. Its receive buffer is small, so that the
// target has to wait for it. It is in place with the first byte.
var slowReader = kind{
	name: "slow-reader", path: true, keys: []key{count(keyRate, 16, 1, 64<<10).drawn(1, 1<<10), lasting(), within()},
	client: func(s Spec, t Target, _ uint64) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			c, err := t.attempt(ctx, t.DialSmall, s.span(keyWithin), func(c *conn) error { return askForByte(c, t.get()) })
			if err != nil {
				return nil, err
			}
			return hold(c, s.Lasts(), func(ctx context.Context) error {
				readSlowly(ctx, c, make([]byte, s.number(keyRate)))
				return c.reset()
			}), nil
		}
	},
}

// readSlowly reads into some until the answer or ctx ends.
func readSlowly(ctx context.Context, c *conn, some []byte) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := c.Read(some); err != nil {
				return
			}
		}
	}
}
