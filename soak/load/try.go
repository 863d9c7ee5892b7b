package load

import (
	"context"
	"fmt"

	"hermes-soak/soak"
)

// Try sends p once, on a connection of its own, and says how far it came. When
// ctx is done it is aborted at once. Errors are those of Send, and the reason
// why ctx ended.
func (d *Driver) Try(ctx context.Context, p soak.Probe) (Reply, error) {
	r, err := d.target.request(p)
	if err != nil {
		return Reply{}, err
	}
	abort, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(d.life, func() { cancel(ErrClosed) })()

	c := d.newClient(abort)
	defer c.release()
	reply, err := c.do(r)
	if err != nil {
		return Reply{}, fmt.Errorf("send to %s: %w", d.target.addr, err)
	}
	reply.Items = c.reader.items()
	return reply, nil
}
