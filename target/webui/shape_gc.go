package webui

import (
	"context"
	"io"
	"sync/atomic"
)

// collected is what a garbage collector makes of files that nobody closes: a sawtooth that is given back.
type collected struct {
	held
	open  func() (io.Closer, error)
	every int64
	seen  atomic.Int64
}

func startGC(_ context.Context, set settings, st store) (holding, error) {
	return &collected{
		open:  func() (io.Closer, error) { return st.openFile("scratch.txt") },
		every: int64(set.every),
	}, nil
}

func (c *collected) request(o occasion) bool {
	if o.at != answered {
		return false
	}
	// Out of handles there is nothing to collect later: the answer does not depend on it.
	if f, err := c.open(); err == nil {
		c.take(f)
	}
	if c.seen.Add(1)%c.every == 0 {
		c.collect()
	}
	return false
}
