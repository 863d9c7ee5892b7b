package webui

import (
	"errors"
	"io"
	"sync"
)

// held is what a leak or a shape holds open: things that nothing closes as long as the server runs.
type held struct {
	mu    sync.Mutex
	open  []io.Closer
	ended bool
	err   error // what went wrong as things were closed
}

// keep holds c open and reports whether it did: not after the end.
func (h *held) keep(c io.Closer) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return false
	}
	h.open = append(h.open, c)
	return true
}

// take holds c open, or closes it after the end.
func (h *held) take(c io.Closer) {
	if h.keep(c) {
		return
	}
	err := c.Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = errors.Join(h.err, err)
}

// collect closes everything held so far, and goes on.
func (h *held) collect() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closeAll()
}

// release closes everything, keeps nothing from now on, and says what ever went wrong.
func (h *held) release() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	h.closeAll()
	return h.err
}

func (h *held) closeAll() {
	for _, c := range h.open {
		h.err = errors.Join(h.err, c.Close())
	}
	h.open = nil
}
