//go:build unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// bound says that a file has another owner, or other names, which a file in its place
// would not have.
func bound(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(s.Uid) != os.Geteuid() || s.Nlink > 1)
}

// claimed says that another process has claimed the file, and claims it else. Where a file
// system knows no claims, nobody has one.
func claimed(f *os.File) bool {
	return errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}
