package webui

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// cache keeps a file open for each key that was asked for. The keys go round: after size requests it has them all.
type cache struct {
	held
	open  func(key int) (io.Closer, error)
	size  int
	turn  sync.Mutex
	next  int
	known map[int]bool
}

func startCache(_ context.Context, set settings, st store) (holding, error) {
	return &cache{
		open:  func(key int) (io.Closer, error) { return st.openFile(fmt.Sprintf("cache-%d", key)) },
		size:  set.size,
		known: make(map[int]bool),
	}, nil
}

func (c *cache) request(o occasion) bool {
	if o.at != answered {
		return false
	}
	c.turn.Lock()
	defer c.turn.Unlock()
	key := c.next % c.size
	c.next++
	if c.known[key] {
		return false
	}
	// Out of handles the entry stays unknown, and is tried again on its next turn.
	if f, err := c.open(key); err == nil {
		c.known[key] = true
		c.take(f)
	}
	return false
}
