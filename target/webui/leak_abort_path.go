package webui

import (
	"context"
	"io"
)

// startAbortPath starts the leak of a handler that opens a connection to note that its client went away, and goes past
// the Close.
func startAbortPath(ctx context.Context, set settings, st store) (holding, error) {
	return &opening{
		trigger: trigger{settings: set, at: aborted},
		open:    func() (io.Closer, error) { return st.connectAndRead(ctx) },
	}, nil
}
