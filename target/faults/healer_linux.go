package faults

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"hermes-soak/target"
)

// do disturbs the process, if it is still the one that was meant.
func (s step) do() error {
	if s.Fill != "" {
		return fill(s.Fill)
	}
	if err := target.Alive(procRoot, s.Identity); err != nil {
		return err
	}
	if s.Limit == nil {
		return s.signal(unix.SIGSTOP)
	}
	return setLimit(s.PID, unix.Rlimit{Cur: s.Limit.During, Max: s.Limit.Hard})
}

// undo is the end of do, for the same process.
func (s step) undo() error {
	if s.Fill != "" {
		return gone(s.Fill)
	}
	if err := target.Alive(procRoot, s.Identity); err != nil {
		return err
	}
	if s.Limit == nil {
		return s.signal(unix.SIGCONT)
	}
	_, err := s.Limit.giveBack(s.PID)
	return err
}

func (s step) signal(sig unix.Signal) error {
	if err := unix.Kill(s.PID, sig); err != nil {
		return fmt.Errorf("sending %s to pid %d: %w", unix.SignalName(sig), s.PID, err)
	}
	return nil
}

func setLimit(pid int, l unix.Rlimit) error {
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &l, nil); err != nil {
		return fmt.Errorf("setting the limit on file descriptors of pid %d to %d: %w", pid, l.Cur, err)
	}
	return nil
}

// lowered is the step that leaves the process so many free descriptors: its soft
// limit becomes the smallest number that has as many free numbers below it, and for 0
// the first free number. Numbers above that stay open, and are not used again.
func lowered(id target.Identity, free int) (step, error) {
	if err := target.Alive(procRoot, id); err != nil {
		return step{}, err
	}
	var before unix.Rlimit
	if err := unix.Prlimit(id.PID, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		return step{}, fmt.Errorf("reading the limit on file descriptors of pid %d: %w", id.PID, err)
	}
	names, err := os.ReadDir(fmt.Sprintf("%s/%d/fd", procRoot, id.PID))
	if err != nil {
		return step{}, fmt.Errorf("reading the file descriptors of pid %d: %w", id.PID, err)
	}
	open := map[uint64]bool{}
	for _, n := range names {
		if fd, err := strconv.ParseUint(n.Name(), 10, 64); err == nil {
			open[fd] = true
		}
	}
	during := tightest(open, free)
	if during >= before.Cur {
		return step{}, fmt.Errorf("pid %d has no more than %d file descriptors left as it is", id.PID, free)
	}
	since, err := ticks()
	if err != nil {
		return step{}, err
	}
	return step{Identity: id, Limit: &limit{During: during, Soft: before.Cur, Hard: before.Max, Since: since}}, nil
}

// tightest is the limit which leaves so many numbers free that are not open.
func tightest(open map[uint64]bool, free int) (n uint64) {
	for ; free > 0 || open[n]; n++ {
		if !open[n] {
			free--
			if free == 0 {
				return n + 1
			}
		}
	}
	return n
}

// mostFilled bounds the disk that is filled, in bytes.
const mostFilled = 1 << 30

// fill writes the file until the disk, which must be a small one in memory, has no room
// for another byte.
func fill(path string) (err error) {
	var disk unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &disk); err != nil {
		return fmt.Errorf("looking at the disk of %s: %w", path, err)
	}
	if disk.Type != unix.TMPFS_MAGIC || disk.Blocks*uint64(disk.Bsize) > mostFilled {
		return fmt.Errorf("%s is on no small disk of its own", path)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for block := make([]byte, 64<<10); ; {
		_, err := f.Write(block)
		switch {
		case errors.Is(err, unix.ENOSPC) && len(block) == 1:
			return nil
		case errors.Is(err, unix.ENOSPC):
			block = block[:len(block)/2]
		case err != nil:
			return err
		}
	}
}
