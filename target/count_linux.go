package target

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// cheapCount is the number of open file descriptors of pid as the size of its
// folder, which Linux tells since 6.2 and without the permission that names need.
func cheapCount(root string, pid int) (int64, error) {
	var st unix.Stat_t
	if err := unix.Stat(procPath(root, pid, "fd"), &st); err != nil {
		return 0, err
	}
	return st.Size, nil
}

// cheapCountWorks compares the cheap count of our own process with a full
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
	for range 10 {
		before, err := cheapCount(root, pid)
		if err != nil {
			return false
		}
		full := int64(-1) // the reading's own folder
		if err := r.each(root, pid, func(dirent, []byte) { full++ }); err != nil {
			return false
		}
		after, err := cheapCount(root, pid)
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
