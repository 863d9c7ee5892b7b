package faults

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"hermes-soak/target"
)

// permitted says whether we may signal the process, or set its limit.
func permitted(id target.Identity, limit bool) (err error) {
	if err := target.Alive(procRoot, id); err != nil {
		return err
	}
	what := "signal"
	if limit {
		// Who may read the limit of another process may set it, within the hard one.
		what = "set the limit of"
		if err = unix.Prlimit(id.PID, unix.RLIMIT_NOFILE, nil, &unix.Rlimit{}); err == nil {
			_, err = os.ReadDir(fmt.Sprintf("%s/%d/fd", procRoot, id.PID))
		}
	} else {
		err = unix.Kill(id.PID, 0)
	}
	if err == nil || errors.Is(err, unix.ESRCH) || errors.Is(err, os.ErrNotExist) {
		return nil // well, or it has ended
	}
	return fmt.Errorf("uid %d may not %s pid %d: %w", os.Geteuid(), what, id.PID, err)
}
