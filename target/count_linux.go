package target

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// Count is the number of open descriptors of the processes that were seen last. It
// costs a microsecond or two a process. Its error wraps errors.ErrUnsupported on
// kernels before 6.2.
func (s *Sampler) Count() (int64, error) {
	n, err := s.count(false)
	return n.FDs, err
}

// Recount is Count with the threads, if all is true of the whole tree as it is now.
func (s *Sampler) Recount(all bool) (soak.Count, error) {
	if all && s.countable {
		if err := s.refind(); err != nil {
			return soak.Count{}, fmt.Errorf("counting descriptors: %w", err)
		}
	}
	return s.count(true)
}

// refind finds the tree as it is now.
func (s *Sampler) refind() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	procs, err := s.tree.look()
	if err == nil {
		s.see(procs)
	}
	return err
}

func (s *Sampler) count(threads bool) (sum soak.Count, err error) {
	if !s.countable {
		return sum, fmt.Errorf("counting descriptors without reading them: not supported by this kernel: %w", errors.ErrUnsupported)
	}
	s.tree.closing.RLock()
	defer s.tree.closing.RUnlock()
	for i, p := range *s.seen.Load() {
		n, err := p.count(s.root, threads)
		switch {
		case i > 0 && errors.Is(err, soak.ErrGone): // a child that ended
		case err != nil:
			return soak.Count{}, fmt.Errorf("counting descriptors: %w", err)
		default:
			sum.FDs += n.FDs
			sum.Threads += n.Threads
		}
	}
	return sum, nil
}

// count counts one process. Its error wraps soak.ErrGone of one that ended.
func (p counted) count(root string, threads bool) (n soak.Count, err error) {
	if n.FDs, err = p.fds(root); err != nil {
		return n, p.unreadable(root, heldFDs, err)
	}
	if threads {
		if n.Threads, err = p.threads(root); err != nil {
			return n, p.unreadable(root, heldTask, err)
		}
	}
	if n.FDs == 0 { // as a zombie has
		err = Alive(root, p.Identity)
	}
	n.FDs -= p.uncounted
	return n, err
}

// cheapCountWorks compares the cheap counts of our own process with a full
// reading. Other goroutines open and close files, so it looks more than once.
func cheapCountWorks(root string, r *fdReader) bool {
	self, err := os.Readlink(root + "/self")
	if err != nil {
		return false // not the real /proc
	}
	pid, err := strconv.Atoi(self)
	if err != nil {
		return false
	}
	us := unheld(Identity{PID: pid})
	count := func() (c soak.Count, err error) {
		if c.FDs, err = us.fds(root); err == nil {
			c.Threads, err = us.threads(root)
		}
		return c, err
	}
	for range 10 {
		before, err := count()
		if err != nil {
			return false
		}
		full := soak.Count{FDs: -1} // the reading's own folder
		if err := r.each(root, pid, func(dirent, []byte) { full.FDs++ }); err != nil {
			return false
		}
		st, err := readStat(root, pid)
		if err != nil {
			return false
		}
		full.Threads = st.threads
		after, err := count()
		if err != nil {
			return false
		}
		if before == after && full == before {
			return true
		}
	}
	return false
}

// deniedNames says why the names of a process's handles cannot be read, and what
// to do: again, as somebody else.
func deniedNames(root string, pid int, again string) string {
	var st unix.Stat_t
	if err := unix.Stat(procPath(root, pid, ""), &st); err != nil || int(st.Uid) == os.Geteuid() {
		return fmt.Sprintf("the names of the handles of pid %d are denied to uid %d; run as root, with CAP_SYS_PTRACE: sudo %s",
			pid, os.Geteuid(), again)
	}
	return fmt.Sprintf("the names of the handles of pid %d, which belongs to uid %d, are denied to uid %d; run as that user or as root: sudo -u '#%d' %s",
		pid, st.Uid, os.Geteuid(), st.Uid, again)
}
