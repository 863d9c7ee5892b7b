package webui

import (
	"context"
	"time"
)

// linger is a server that notices late that the client of a stream went away: at its next heartbeat, or later still.
type linger struct {
	wait  time.Duration
	ended <-chan struct{}
}

func startLinger(ctx context.Context, set settings, _ store) (holding, error) {
	return &linger{wait: set.linger, ended: ctx.Done()}, nil
}

func (l *linger) request(o occasion) bool {
	if o.at != dropped {
		return false
	}
	late := time.NewTimer(l.wait)
	defer late.Stop()
	select {
	case <-late.C:
	case <-l.ended:
	}
	return false
}

// release has nothing to do: the handlers ended when the server was told to stop.
func (l *linger) release() error { return nil }
