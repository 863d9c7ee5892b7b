package webui

import (
	"context"
	"time"
)

// background is a thread that opens state.db now and then and forgets it: the leak runs on time, not on requests.
type background struct {
	held
	stop    context.CancelFunc
	stopped chan struct{}
}

func startBackground(ctx context.Context, set settings, st store) (holding, error) {
	ctx, stop := context.WithCancel(ctx)
	b := &background{stop: stop, stopped: make(chan struct{})}
	go b.run(ctx, set.period, st)
	return b, nil
}

func (b *background) run(ctx context.Context, period time.Duration, st store) {
	defer close(b.stopped)
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			// A server that is out of handles fails here; like the thread it stands for, it tries again at the next tick.
			if db, err := st.connectAndRead(ctx); err == nil {
				b.take(db)
			}
		}
	}
}

func (b *background) request(occasion) bool { return false }

func (b *background) release() error {
	b.stop()
	<-b.stopped
	return b.held.release()
}
