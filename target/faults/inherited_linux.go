package faults

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"hermes-soak/target"
)

const (
	inheritedRounds = 200 // of looks for processes that inherited a limit
	// cleanRounds in a row, roundPause apart, have to find none: a fork takes the limit
	// over some time before its process is shown, and between the list of the processes
	// and the look at one of them, that one may fork and end.
	cleanRounds = 5
	roundPause  = 10 * time.Millisecond
)

// undoInherited gives the soft limit back to the processes that were forked while it
// was low, wherever they went since: a server that replaces its workers keeps them,
// and one that starts jobs leaves them behind.
func undoInherited(steps []step) error {
	var limits []limit
	for _, s := range steps {
		if s.Limit != nil {
			limits = append(limits, *s.Limit)
		}
	}
	if len(limits) == 0 {
		return nil
	}
	clean := 0
	for range inheritedRounds {
		found, err := undoOnce(limits)
		switch {
		case err != nil:
			return err
		case found:
			clean = 0
		default:
			if clean++; clean == cleanRounds {
				return nil
			}
		}
		<-time.After(roundPause)
	}
	return errors.New("processes with the lowered limit on file descriptors are started faster than it can be given back")
}

// undoOnce looks at every process once, and says whether one had inherited a limit.
func undoOnce(limits []limit) (found bool, err error) {
	dir, err := os.Open(procRoot)
	if err != nil {
		return false, fmt.Errorf("looking for inherited limits: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return false, fmt.Errorf("looking for inherited limits: %w", err)
	}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		for _, l := range limits {
			gave, err := l.inherited(pid)
			if err != nil {
				return found, err
			}
			if found = found || gave; gave {
				break
			}
		}
	}
	return found, nil
}

// inherited gives the limit back to a process that was started since it was lowered,
// and says whether it had it.
func (l limit) inherited(pid int) (had bool, err error) {
	var now unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &now) != nil || now.Cur != l.During || now.Max != l.Hard {
		return false, nil // it has ended, is none of ours, or has another limit
	}
	id, err := target.Identify(procRoot, pid)
	if err != nil || id.Ticks < l.Since {
		return false, nil // it has ended, or had that limit before us
	}
	return l.giveBack(pid)
}

// giveBack sets the soft limit as it was where it is still ours: what the process or
// somebody else has set since is theirs.
func (l limit) giveBack(pid int) (had bool, err error) {
	var now unix.Rlimit
	err = unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &now)
	if err == nil && now.Cur != l.During {
		return false, nil
	}
	if err == nil {
		err = setLimit(pid, unix.Rlimit{Cur: min(l.Soft, now.Max), Max: now.Max})
	}
	if errors.Is(err, unix.ESRCH) {
		return false, nil // it has ended
	}
	return err == nil, err
}

// ticks is the time since boot in the unit in which the kernel shows when a process
// was started, which is 1/100 s on every platform that Go runs on.
func ticks() (uint64, error) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0, fmt.Errorf("reading the time since boot: %w", err)
	}
	return uint64(now.Nano()) / 1e7, nil
}
