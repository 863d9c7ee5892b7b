package target

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

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
