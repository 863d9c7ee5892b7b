package webui

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// background is a thread that opens state.db now and then and forgets it: the leak runs on time, not on requests.
type background struct {
	held
	stop    context.CancelFunc
	stopped chan struct{}
}

func startBackground(ctx context.Context, l Leak, st store) leaking {
	ctx, stop := context.WithCancel(ctx)
	b := &background{stop: stop, stopped: make(chan struct{})}
	go b.run(ctx, l.period, st)
	return b
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
			_ = b.openOne(ctx, st)
		}
	}
}

// openOne opens a connection, reads through it, which is what makes its handles, and keeps it.
func (b *background) openOne(ctx context.Context, st store) error {
	db, err := st.connect()
	if err != nil {
		return err
	}
	if _, err := count(ctx, db, "SELECT count(*) FROM sessions"); err != nil {
		return errors.Join(err, db.Close())
	}
	b.keep(db)
	return nil
}

func (b *background) request(string, *sql.DB) bool { return false }

func (b *background) release() error {
	b.stop()
	<-b.stopped
	return b.held.release()
}
