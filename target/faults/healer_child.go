package faults

import (
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"hermes-soak/soak"
	"hermes-soak/target"
)

// HealerArg is the first argument of our own binary when it runs as a healer. main
// hands over to ServeHealer before it looks at any flag.
const HealerArg = "__healer"

// healerOrder is one line from the parent to the healer. Do and Burn disturb, with
// Within; Undo and Calm end what is disturbed.
type healerOrder struct {
	Do []step `json:"do,omitempty"`
	// Burn is so many loops that do nothing but take time of a processor.
	Burn int `json:"burn,omitempty"`
	// Within is when the healer heals by itself: a parent may hang, too.
	Within time.Duration `json:"within_ns,omitempty"`
	// Undo is all that is to be undone: a healer that was just started knows of none.
	Undo []step `json:"undo,omitempty"`
	Calm bool   `json:"calm,omitempty"`
}

// A step disturbs one process: it stops it, or where Limit is set bounds its file
// descriptors. Where Fill is set it disturbs none: that file takes the rest of a disk.
type step struct {
	target.Identity
	Limit *limit `json:"limit,omitempty"`
	Fill  string `json:"fill,omitempty"`
}

// limit is the soft limit while a fault lasts, and both limits before it.
type limit struct {
	During uint64 `json:"during"`
	Soft   uint64 `json:"soft"`
	Hard   uint64 `json:"hard"`
	// Since is when the fault began, in clock ticks since boot: a process that was
	// started later may have inherited During.
	Since uint64 `json:"since"`
}

// ServeHealer runs the healer process, which disturbs other processes as the parent
// says, and undoes that when it is told to, when its time is over, and when the
// parent is gone, however that ended. It returns the exit status, and takes no notice
// of INT, TERM and HUP.
func ServeHealer() int {
	// An answer to a parent that is gone must not be our end, before we have healed.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	orders := make(chan healerOrder)
	go func() {
		defer close(orders) // an order that cannot be read is the end as well
		in := json.NewDecoder(os.Stdin)
		for o := (healerOrder{}); in.Decode(&o) == nil; o = (healerOrder{}) {
			orders <- o
		}
	}()
	h, out := healer{}, json.NewEncoder(os.Stdout)
	for {
		var err error
		select {
		case o, more := <-orders:
			if !more {
				if h.heal() != nil {
					return 1 // there is nobody to tell more to
				}
				return 0
			}
			var r reply
			if err = h.obey(o); err != nil {
				r.Failed = cmp.Or(err.Error(), "no reason given")
			}
			_ = out.Encode(r) // as above
		case <-h.due:
			_ = h.heal() // the parent asks for it again, and is told
		}
	}
}

// healer knows what it has disturbed.
type healer struct {
	open []step
	calm *atomic.Bool // ends the loops; nil without any
	due  <-chan time.Time
}

func (h *healer) obey(o healerOrder) error {
	switch {
	case len(o.Do) > 0:
		h.due = time.After(o.Within)
		return h.disturb(o.Do)
	case o.Burn > 0:
		h.due = time.After(o.Within)
		h.burn(o.Burn)
		return nil
	case len(o.Undo) > 0:
		h.open = o.Undo
		return h.heal()
	case o.Calm:
		return h.heal()
	}
	return errors.New("no such order")
}

// disturb carries out the steps, or none of them. A process that has ended needs none.
func (h *healer) disturb(steps []step) error {
	for _, s := range steps {
		h.open = append(h.open, s) // first: what was half done is to be undone too
		if err := s.do(); err != nil && !errors.Is(err, soak.ErrGone) {
			return errors.Join(err, h.heal())
		}
	}
	return nil
}

// heal undoes all that was disturbed. What has ended needs nothing.
func (h *healer) heal() (err error) {
	if h.calm != nil {
		h.calm.Store(true)
	}
	for _, s := range h.open {
		if failed := s.undo(); failed != nil && !errors.Is(failed, soak.ErrGone) {
			err = errors.Join(err, failed)
		}
	}
	err = errors.Join(err, undoInherited(h.open))
	h.open, h.calm, h.due = nil, nil, nil
	return err
}

// burn runs n loops until heal, one a thread: one more is left for orders.
func (h *healer) burn(n int) {
	runtime.GOMAXPROCS(n + 1)
	calm := &atomic.Bool{}
	h.calm = calm
	for range n {
		go func() {
			for !calm.Load() {
			}
		}()
	}
}
