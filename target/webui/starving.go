package webui

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// starvingEvery is how often a starving server tries for another descriptor: sooner than a client can reconnect.
const starvingEvery = time.Millisecond

// starving is the end of a leak where nothing else was chosen. Once a request finds too few descriptors, a background
// reader of state.db tries again and again, and gets every one that is closed before accept does; and a request that was
// accepted all the same waits for one. So nobody is answered any more, though connections still reach the kernel's queue.
type starving struct {
	held
	limit *limit
	store store
	once  sync.Once
	begun chan struct{}
	stop  context.CancelFunc
	ended chan struct{}
}

func startStarving(ctx context.Context, st store) *starving {
	ctx, stop := context.WithCancel(ctx)
	s := &starving{limit: st.limit, store: st, begun: make(chan struct{}), stop: stop, ended: make(chan struct{})}
	go s.run(ctx)
	return s
}

func (s *starving) request(o occasion) bool {
	if s.limit.left() >= perConnection {
		return false
	}
	s.once.Do(func() { close(s.begun) })
	return o.db != nil && o.at == failed && s.keep(o.db)
}

// wait holds a request for as long as its client has patience, or the server runs.
func (s *starving) wait(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.ended:
	}
	answerError(w, http.StatusServiceUnavailable, errExhausted.Error())
}

// hungry tells whether it has begun. No starving, without a leak, never is.
func (s *starving) hungry() bool {
	if s == nil {
		return false
	}
	select {
	case <-s.begun:
		return true
	default:
		return false
	}
}

func (s *starving) run(ctx context.Context) {
	defer close(s.ended)
	select {
	case <-ctx.Done():
		return
	case <-s.begun:
	}
	tick := time.NewTicker(starvingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.grab(ctx)
		}
	}
}

// grab keeps what it gets: where one descriptor is left, a connection opens the database and fails at the WAL.
func (s *starving) grab(ctx context.Context) {
	db, err := s.store.connect()
	if err != nil {
		return
	}
	if err := db.PingContext(ctx); err != nil {
		// There was none. Nothing is open, so closing it cannot fail in a way that matters.
		_ = db.Close()
		return
	}
	// An error is what is expected: then there was not enough for the WAL.
	_, _ = count(ctx, db, "SELECT count(*) FROM sessions")
	s.take(db)
}

func (s *starving) release() error {
	s.stop()
	<-s.ended
	return s.held.release()
}
