package webui

import (
	"context"
	"io"
	"os"
)

// startMemory starts the leak of a list that only ever grows.
func startMemory(_ context.Context, set settings, _ store) (holding, error) {
	return &opening{
		trigger: trigger{settings: set},
		open:    func() (io.Closer, error) { return newBlock(set.size), nil },
	}, nil
}

// block is memory that is in use as long as somebody keeps it: closing it has nothing to do.
type block []byte

// newBlock takes size KiB and writes to every page of it. The system gives no memory to pages that were never written to.
func newBlock(size int) block {
	b := make(block, size<<10)
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
	return b
}

func (block) Close() error { return nil }
