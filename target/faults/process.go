package faults

import (
	"context"
	"fmt"
	"runtime"

	"hermes-soak/soak"
	"hermes-soak/target"
)

// Processes are the target as the faults of processes and files see it.
type Processes struct {
	Healer *Healer
	// Tree returns all processes of the target, and Listening those that take its
	// connections.
	Tree, Listening func() ([]target.Identity, error)
	// Database is the file of a bundled WebUI in a home that we made ourselves; "" is
	// none.
	Database string
	// SmallDisk says that the database is on a small disk of its own, which may be
	// filled.
	SmallDisk bool
}

// Process makes a fault of the target's processes, or of its files. It is there until
// it is healed: Inject returns at once.
func (s Spec) Process(p Processes) (soak.Fault, error) {
	switch {
	case s.kind.process == nil:
		return nil, fmt.Errorf("fault %s is not one of processes", s.kind.name)
	case s.kind.home && p.Database == "":
		return nil, fmt.Errorf("fault %s: it is only for the bundled WebUI in a home that hermes-soak made itself", s.kind.name)
	case s.kind.linux && runtime.GOOS != "linux":
		return nil, fmt.Errorf("fault %s is for Linux only", s.kind.name)
	}
	do := s.kind.process(s, p)
	return injector(func(ctx context.Context) (func(context.Context) error, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		heal, err := do(ctx)
		if err != nil {
			return nil, fmt.Errorf("fault %s did not happen: %w", s.kind.name, err)
		}
		return heal, nil
	}), nil
}

// healing is the heal that has the healer undo the steps.
func (p Processes) healing(steps []step) func(context.Context) error {
	return func(context.Context) error { return p.Healer.heal(healerOrder{Undo: steps}) }
}

// procRoot is where Linux shows its processes.
const procRoot = "/proc"
