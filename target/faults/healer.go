package faults

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Healer disturbs processes and undoes it, in a process of ours which does that by
// itself when we are gone, however we ended. It is safe for use by many goroutines.
type Healer struct {
	mu      sync.Mutex // one order at a time
	process *helper    // nil when there is none
}

// StartHealer starts the process.
func StartHealer() (*Healer, error) {
	h := &Healer{}
	return h, h.start()
}

func (h *Healer) start() (err error) {
	if h.process, err = startHelper("healer", HealerArg); err != nil {
		h.process = nil
		return fmt.Errorf("starting a healer: %w", err)
	}
	return nil
}

// Close ends the healer, which heals what is left.
func (h *Healer) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.process == nil {
		return nil
	}
	process := h.process
	h.process = nil
	return process.end()
}

var errNoHealer = errors.New("there is no healer any more: it was closed, or could not be started again")

func (h *Healer) disturb(o healerOrder) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.process == nil {
		return errNoHealer
	}
	_, err := h.process.obey(o, starting)
	return err
}

// heal has a second try with a new process, where the one that disturbed was killed.
func (h *Healer) heal(o healerOrder) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.process == nil {
		return errNoHealer
	}
	_, err := h.process.obey(o, starting)
	if err == nil || errors.Is(err, errRefused) {
		return err
	}
	h.process.kill()
	_ = h.process.end() // it says that it was killed
	if err := h.start(); err != nil {
		return err
	}
	_, err = h.process.obey(o, starting)
	return err
}

// overtime is how long after its end a fault is healed by the healer itself.
const overtime = 15 * time.Second
