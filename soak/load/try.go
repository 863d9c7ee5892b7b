package load

import (
	"context"
	"fmt"

	"hermes-soak/soak"
)

// Try sends p once, without its steps, on a connection of its own, and says how far it came. When
// ctx is done it is aborted at once. Errors are those of Send, and the reason
// why ctx ended.
func (d *Driver) Try(ctx context.Context, p soak.Probe) (Reply, error) {
	a, err := d.target.action(p)
	if err != nil {
		return Reply{}, err
	}
	abort, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(d.life, func() { cancel(ErrClosed) })()

	c := d.newClient(abort)
	defer c.release()
	reply, err := c.do(a.main)
	if err != nil {
		return Reply{}, fmt.Errorf("send to %s: %w", d.target.addr, err)
	}
	reply.Answer = c.judge(a.main, reply)
	return reply, nil
}
