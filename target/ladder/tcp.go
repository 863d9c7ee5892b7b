package ladder

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

// queueLook is the time between two looks at the accept queue.
const queueLook = 20 * time.Millisecond

// connects climbs the last rung of a server whose protocol is not known: it takes
// a connection, on which nothing is sent. The kernel takes it for a server that
// hangs too, and then it stays in the queue.
func (c *Climber) connects(ctx context.Context, k *climb) {
	dialing, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	conn, err := load.Dialer(c.cfg.AllowRemote)(dialing, "tcp", c.addr)
	var late net.Error
	switch {
	case ctx.Err() != nil:
		k.broken("connect", context.Cause(ctx))
	case errors.Is(err, syscall.ECONNREFUSED):
		k.State = soak.StateRefused
		k.rung("connect", false, fmt.Sprintf("connection to %s: refused", c.addr))
	case errors.As(err, &late) && late.Timeout():
		k.State = soak.StateWedgedHang
		k.rung("connect", false, fmt.Sprintf("no connection to %s within %s", c.addr, c.cfg.Timeout))
	case errors.Is(err, syscall.ECONNRESET):
		c.accepts(ctx, k) // it was taken, and closed before we saw it
	case err != nil:
		k.broken("connect", err)
	default:
		c.accepts(ctx, k)
		_ = conn.Close() // nothing was sent on it that could be lost
	}
}

// accepts waits for a moment in which no connection waits to be accepted.
func (c *Climber) accepts(ctx context.Context, k *climb) {
	for end := time.Now().Add(c.cfg.Timeout); ; {
		k.Queue = nil // of the look before
		if c.queue(ctx, k); k.Queue == nil || *k.Queue == 0 {
			k.State = soak.StateUp
			k.rung("connect", true, "accepts connections, and is sent nothing")
			return
		}
		if time.Now().After(end) {
			k.State = soak.StateWedgedHang
			k.rung("connect", false, fmt.Sprintf("%d connections wait to be accepted, and never none within %s", *k.Queue, c.cfg.Timeout))
			return
		}
		select {
		case <-ctx.Done():
			k.broken("connect", context.Cause(ctx))
			return
		case <-time.After(queueLook):
		}
	}
}
