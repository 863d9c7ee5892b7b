package webui

import (
	"errors"
	"math"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// descriptorLimit is the soft limit of this process.
func descriptorLimit() (int, error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, err
	}
	return int(min(r.Cur, math.MaxInt32)), nil
}

// openDescriptors counts the open descriptors of this process whose numbers are below limit, without its own: the limit
// is one on numbers, and a descriptor that was opened under a higher limit takes none of what is left.
func openDescriptors(limit int) (n int, err error) {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	names, err := dir.Readdirnames(-1)
	for _, name := range names {
		if fd, err := strconv.Atoi(name); err == nil && fd < limit {
			n++
		}
	}
	return n - 1, err
}
