package faults

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
	"hermes-soak/target"
)

// sendAll sends a signal to each of the processes that is still the one that was meant.
func sendAll(all []target.Identity, name string) (err error) {
	for _, id := range all {
		gone := target.Alive(procRoot, id)
		switch {
		case errors.Is(gone, soak.ErrGone):
		case gone != nil:
			err = errors.Join(err, gone)
		default:
			if failed := unix.Kill(id.PID, unix.SignalNum("SIG"+name)); failed != nil && !errors.Is(failed, unix.ESRCH) {
				err = errors.Join(err, fmt.Errorf("sending %s to pid %d: %w", name, id.PID, failed))
			}
		}
	}
	return err
}
