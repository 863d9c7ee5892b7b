package target

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// procRoot is where the kernel shows its processes.
const procRoot = "/proc"

// Identify returns the identity of the running process pid, as shown under root
// ("/proc"). Its error wraps soak.ErrGone or soak.ErrBlind.
func Identify(root string, pid int) (Identity, error) {
	st, err := readStat(root, pid)
	if err != nil {
		return Identity{}, err
	}
	return st.Identity, st.is(st.Identity)
}

// Alive returns nil while the process id runs. Its error wraps soak.ErrGone when
// it ended, is a zombie, or its pid belongs to another process, and
// soak.ErrBlind when that cannot be seen.
func Alive(root string, id Identity) error {
	st, err := readStat(root, id.PID)
	if err != nil {
		return err
	}
	return st.is(id)
}

func readStat(root string, pid int) (stat, error) {
	text, err := os.ReadFile(procPath(root, pid, "stat"))
	if err != nil {
		return stat{}, unreadable(root, pid, err)
	}
	st, err := parseStat(text)
	if err != nil {
		return stat{}, fmt.Errorf("pid %d: %w", pid, err)
	}
	return st, nil
}

// unreadable says whether a process whose files cannot be opened is gone or only
// hidden. A zombie is shown, and its files are missing or denied. Under hidepid=2
// /proc does not show a process, and kill still finds it.
func unreadable(root string, pid int, err error) error {
	text, notShown := os.ReadFile(procPath(root, pid, "stat"))
	if notShown == nil {
		if st, malformed := parseStat(text); malformed == nil && st.ended() {
			return st.is(st.Identity)
		}
	}
	switch {
	case isDenied(err):
		return fmt.Errorf("pid %d: %w: %w; run as the same user or as root", pid, soak.ErrBlind, err)
	case !isMissing(err), notShown == nil:
		return fmt.Errorf("pid %d: %w", pid, err)
	case root == procRoot && exists(pid):
		return fmt.Errorf("pid %d is hidden from uid %d (/proc is mounted with hidepid): %w; run as the same user or as root",
			pid, os.Geteuid(), soak.ErrBlind)
	}
	return fmt.Errorf("pid %d: %w", pid, soak.ErrGone)
}

func exists(pid int) bool {
	if pid <= 0 {
		return false // 0 and less name groups
	}
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

func isDenied(err error) bool { return errors.Is(err, fs.ErrPermission) }

func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH)
}

func procPath(root string, pid int, name string) string {
	return filepath.Join(root, strconv.Itoa(pid), name)
}
