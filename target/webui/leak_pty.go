package webui

import (
	"context"
	"fmt"
	"io"
	"os"
)

// startPTY starts the leak of an embedded terminal of which the master side is never closed.
func startPTY(_ context.Context, set settings, _ store) (holding, error) {
	open := func() (io.Closer, error) { return os.OpenFile("/dev/ptmx", os.O_RDWR, 0) }
	first, err := open()
	if err == nil {
		err = first.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("starting the leak pty, which wants pseudoterminals of the machine: %w", err)
	}
	return &opening{trigger: trigger{settings: set}, open: open}, nil
}
