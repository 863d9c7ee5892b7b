package faults

import (
	"errors"
	"fmt"

	"hermes-soak/soak"
)

// Permitted returns an error where we may not do to the target's processes what the
// fault does: it could never happen. Nothing is done to them.
func (s Spec) Permitted(p Processes) error {
	who := p.Listening
	switch s.kind.name {
	case pause.name:
		who = p.Tree
	case fdLimit.name, kill.name, term.name:
	default:
		return nil // it does nothing to them
	}
	all, err := who()
	if err == nil && len(all) == 0 {
		all, err = p.Tree() // whose handles may be hidden
	}
	if err != nil {
		return fmt.Errorf("fault %s: it could never happen: %w", s.kind.name, err)
	}
	for _, id := range all {
		if err := permitted(id, s.kind.name == fdLimit.name); err != nil && !errors.Is(err, soak.ErrGone) {
			return fmt.Errorf("fault %s: it could never happen: %w", s.kind.name, err)
		}
	}
	return nil
}
