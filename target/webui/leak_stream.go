package webui

import "context"

// endless is the leak of a stream's handler that does not notice that its client went away: its socket stays too.
type endless struct {
	trigger
	ended <-chan struct{}
}

func startStream(ctx context.Context, set settings, _ store) (holding, error) {
	return &endless{trigger: trigger{settings: set, at: dropped}, ended: ctx.Done()}, nil
}

func (e *endless) request(o occasion) bool {
	if _, due := e.next(o); due {
		<-e.ended
	}
	return false
}

// release has nothing to do: the handlers ended when the server was told to stop.
func (e *endless) release() error { return nil }
